import gzip
import hashlib
import io
import os
import resource
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seqkit.data import download as download_module
from seqkit.data import fetch as fetch_module
from seqkit.data.card import Card, CardFile, TaggedCard
from seqkit.data.download import download
from seqkit.data.fetch import Progress, fetch, locate
from seqkit.errors import UserError

CONTENT = "".join(f"token{n}\tO\n" for n in range(40_000)).encode()
OTHER = CONTENT.replace(b"token7\t", b"token8\t")


@dataclass
class Site:
    """What a local server holds, and how badly it behaves."""

    files: dict[str, bytes]
    ranges: bool = True  # whether it answers a Range
    shift: int = 0  # by how many bytes it errs when it does
    announced: bool = True  # whether it says how long an answer is
    cuts: list[int] = field(default_factory=list)  # bytes after which each of the next answers breaks off
    stalls: bool = False  # whether it then hangs instead of closing the connection
    codes: list[int] = field(default_factory=list)  # status codes to begin with
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path and Range of each request
    sent: int = 0
    root: str = ""
    let_go: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path, span = request.path, request.headers["Range"]
        self.asked.append((path, span))
        request.close_connection = True
        content = self.files.get(path)
        if self.codes or path in self.redirects or content is None:
            code = self.codes.pop(0) if self.codes else 302 if path in self.redirects else 404
            request.send_response(code)
            request.send_header("Location", self.redirects.get(path, ""))
            request.end_headers()
            return
        start = int(span.removeprefix("bytes=").removesuffix("-")) if span and self.ranges else 0
        if span and start >= len(content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(content)}")
            request.end_headers()
            return
        request.send_response(206 if span and self.ranges else 200)
        if span and self.ranges:
            start += self.shift
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.announced:
            request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        self.send(request, content[start:])

    def send(self, request: BaseHTTPRequestHandler, content: bytes) -> None:
        stop = self.cuts.pop(0) if self.cuts else len(content)
        try:
            for first in range(0, stop, 1 << 15):
                request.wfile.write(content[first : min(stop, first + (1 << 15))])
                self.sent += min(stop, first + (1 << 15)) - first
            request.wfile.flush()
        except OSError:
            return  # the client has gone
        if stop < len(content) and self.stalls:
            self.let_go.wait(20)


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site({"/train.conll": CONTENT})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download_module, "PAUSE_S", 0.0)
    with Server(("127.0.0.1", 0), Handler) as server:
        site.root = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield site
        site.let_go.set()
        server.shutdown()
        thread.join()


def file_of(url: str | None, content: bytes = CONTENT, path: str = "ner/tiny/train.conll", **more: str) -> CardFile:
    return CardFile(path=path, url=url, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content), **more)


def card_of(**files: CardFile) -> Card:
    text = {"title": "t", "description": "d", "language": "en", "licence": "l", "citation": "c", "format": "conll"}
    return TaggedCard.model_validate({"name": "ner/tiny", "annotation": "entities", "files": files, **text})


def tiny(site: Site) -> Card:
    return card_of(train=file_of(f"{site.root}/train.conll"))


def left_in(folder: Path) -> list[str]:
    """The files of a folder, but for the lock."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if path != "ner/tiny.lock")


def part_in(cache: Path) -> Path:
    (part,) = cache.glob("ner/tiny.*.part")
    return part


def message_of(action: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_corpus_is_downloaded_once_and_then_found(site: Site, tmp_path: Path) -> None:
    card = tiny(site)
    assert locate(card, "train", mirror=None, cache=tmp_path) is None
    paths = fetch(card, mirror=None, cache=tmp_path)
    assert paths == {"train": tmp_path / "ner" / "tiny" / "train.conll"}
    assert paths["train"].read_bytes() == CONTENT
    assert left_in(tmp_path) == ["ner/tiny/train.conll"]
    assert fetch(card, mirror=None, cache=tmp_path) == paths
    assert locate(card, "train", mirror=None, cache=tmp_path) == paths["train"]
    assert site.asked == [("/train.conll", None)]


def test_progress_grows_to_the_total(site: Site, tmp_path: Path) -> None:
    events: list[Progress] = []
    site.cuts = [200_000]
    fetch(tiny(site), mirror=None, cache=tmp_path, progress=events.append)
    assert {event.name for event in events} == {"train.conll"}
    assert {event.total for event in events} == {len(CONTENT)}
    done = [event.done for event in events]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, len(CONTENT))


def test_a_download_that_breaks_off_goes_on_from_there(site: Site, tmp_path: Path) -> None:
    site.cuts = [100_000, 50_000]
    paths = fetch(tiny(site), mirror=None, cache=tmp_path)
    assert paths["train"].read_bytes() == CONTENT
    assert [span for _, span in site.asked] == [None, "bytes=100000-", "bytes=150000-"]
    assert site.sent == len(CONTENT)


def test_a_server_that_knows_no_ranges_is_asked_from_the_start(site: Site, tmp_path: Path) -> None:
    site.cuts, site.ranges = [100_000], False
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT
    assert len(site.asked) == 2


def test_a_server_that_answers_another_range_is_asked_from_the_start(site: Site, tmp_path: Path) -> None:
    site.cuts, site.shift = [100_000], 10
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT
    assert [span for _, span in site.asked] == [None, "bytes=100000-", None]


def test_three_failures_end_it_and_the_next_call_goes_on(site: Site, tmp_path: Path) -> None:
    site.cuts = [1000, 1000, 1000]
    message = message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path))
    assert message.startswith(f"{site.root}/train.conll: the connection ended after 3,000 of {len(CONTENT):,} bytes")
    assert "3,000 bytes are kept" in message
    assert left_in(tmp_path) == [part_in(tmp_path).relative_to(tmp_path).as_posix()]
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT
    assert [span for _, span in site.asked] == [None, "bytes=1000-", "bytes=2000-", "bytes=3000-"]


def test_the_pause_doubles(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(download_module, "PAUSE_S", 1.0)
    monkeypatch.setattr(download_module.time, "sleep", pauses.append)
    site.codes = [503, 429]
    fetch(tiny(site), mirror=None, cache=tmp_path)
    assert pauses == [1.0, 2.0]


def test_a_stall_times_out_and_is_resumed(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "TIMEOUT_S", 0.2)
    site.cuts, site.stalls = [100_000], True
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT
    assert [span for _, span in site.asked] == [None, "bytes=100000-"]


def test_a_server_that_only_stalls_is_given_up(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "TIMEOUT_S", 0.1)
    site.cuts, site.stalls = [0, 0, 0], True
    assert "nothing received for 0.1 s (3 tries)" in message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path))


def test_wrong_bytes_are_deleted_and_both_sums_named(site: Site, tmp_path: Path) -> None:
    card = tiny(site)
    site.files["/train.conll"] = OTHER
    message = message_of(lambda: fetch(card, mirror=None, cache=tmp_path))
    assert message.startswith(f"{site.root}/train.conll: ")
    assert hashlib.sha256(CONTENT).hexdigest() in message
    assert hashlib.sha256(OTHER).hexdigest() in message
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("announced", [True, False])
def test_what_is_too_large_is_stopped_on_the_way(site: Site, announced: bool, tmp_path: Path) -> None:
    card = tiny(site)
    site.files["/train.conll"] = bytes(50_000_000)
    site.announced = announced
    message = message_of(lambda: fetch(card, mirror=None, cache=tmp_path))
    assert f"larger than the {len(CONTENT):,} bytes" in message
    assert left_in(tmp_path) == []
    assert site.sent < 20_000_000
    assert len(site.asked) == 1


def test_what_ends_early_without_a_word_is_not_believed(site: Site, tmp_path: Path) -> None:
    site.announced, site.cuts = False, [1000]
    assert "SHA-256" in message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path))
    assert left_in(tmp_path) == []


def test_a_refusal_is_not_repeated_but_an_overload_is(site: Site, tmp_path: Path) -> None:
    site.codes = [404]
    assert message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path)).endswith("the server answers 404 Not Found")
    assert len(site.asked) == 1
    site.codes = [500, 503]
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT


def test_no_server_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "PAUSE_S", 0.0)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    card = card_of(train=file_of("http://127.0.0.1:1/train.conll"))
    assert "Connection refused (3 tries)" in message_of(lambda: fetch(card, mirror=None, cache=tmp_path))


@pytest.mark.parametrize("extra", [b"", b"and more"])
def test_a_part_that_is_already_whole_or_too_long_is_put_right(site: Site, extra: bytes, tmp_path: Path) -> None:
    site.cuts = [1000, 0, 0]
    message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path))
    part_in(tmp_path).write_bytes(CONTENT + extra)
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT
    assert site.asked[3:] == [("/train.conll", f"bytes={len(CONTENT + extra)}-"), *[("/train.conll", None)] * bool(extra)]


def test_a_part_that_begins_otherwise_is_found_out_and_the_next_call_starts_afresh(site: Site, tmp_path: Path) -> None:
    site.cuts = [1000, 0, 0]
    message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path))
    part_in(tmp_path).write_bytes(OTHER[:100_000])
    assert "SHA-256" in message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path))
    assert left_in(tmp_path) == []
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT


def test_redirects_lead_to_the_web_alone(site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)
    site.redirects["/a"] = f"{site.root}/train.conll"
    assert fetch(card_of(train=file_of(f"{site.root}/a")), mirror=None, cache=tmp_path / "good")
    for target in (secret.as_uri(), "ftp://127.0.0.1/train.conll", "data:text/plain,x"):
        site.redirects["/b"] = target
        message = message_of(lambda: fetch(card_of(train=file_of(f"{site.root}/b")), mirror=None, cache=tmp_path / "bad"))
        assert target in message
        assert "only http and https" in message or "not allowed" in message
    assert left_in(tmp_path / "bad") == []
    for url in (secret.as_uri(), "ftp://127.0.0.1/train.conll"):
        message = message_of(lambda url=url: download(url, tmp_path / "x", limit=9, report=lambda *_: None))
        assert message == f"{url}: only http and https are downloaded"


def test_gzip_is_decompressed_under_a_cap(site: Site, tmp_path: Path) -> None:
    card = card_of(train=file_of(f"{site.root}/train.conll.gz"))
    site.files["/train.conll.gz"] = gzip.compress(CONTENT)
    site.cuts = [2000]
    assert fetch(card, mirror=None, cache=tmp_path / "a")["train"].read_bytes() == CONTENT
    for bad, fault in (
        (gzip.compress(bytes(30_000_000)), f"larger than the {len(CONTENT):,} bytes"),
        (gzip.compress(CONTENT)[:-9], "cannot be read"),
        (b"<html>", "cannot be read"),
        (gzip.compress(OTHER), "SHA-256"),
    ):
        site.files["/train.conll.gz"] = bad
        assert fault in message_of(lambda: fetch(card, mirror=None, cache=tmp_path / "b"))
        assert left_in(tmp_path / "b") == []


def zipped(files: dict[str, bytes]) -> bytes:
    with io.BytesIO() as content:
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return content.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    with io.BytesIO() as content:
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text))
        return content.getvalue()


@pytest.mark.parametrize(("pack", "suffix"), [(zipped, "zip"), (tarred, "tar.gz")])
def test_an_archive_is_downloaded_once_for_all_its_files(
    site: Site, pack: Callable[[dict[str, bytes]], bytes], suffix: str, tmp_path: Path
) -> None:
    url = f"{site.root}/corpus.{suffix}"
    card = card_of(
        train=file_of(url, member="a/train.conll"),
        dev=file_of(url, OTHER, path="ner/tiny/dev.conll", member="a/dev.conll"),
    )
    site.files[f"/corpus.{suffix}"] = pack({"a/train.conll": CONTENT, "a/dev.conll": OTHER, "../evil": b"evil"})
    paths = fetch(card, mirror=None, cache=tmp_path)
    assert (paths["train"].read_bytes(), paths["dev"].read_bytes()) == (CONTENT, OTHER)
    assert left_in(tmp_path) == ["ner/tiny/dev.conll", "ner/tiny/train.conll"]
    assert len(site.asked) == 1


def test_a_mirror_is_read_before_any_download(site: Site, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    (mirror / "ner" / "tiny").mkdir(parents=True)
    (mirror / "ner" / "tiny" / "train.conll").write_bytes(CONTENT)
    (mirror / "ner" / "tiny" / "dev.conll.gz").write_bytes(gzip.compress(OTHER))
    card = card_of(
        train=file_of(f"{site.root}/train.conll"),
        dev=file_of(f"{site.root}/dev.conll", OTHER, path="ner/tiny/dev.conll"),
    )
    paths = fetch(card, mirror=mirror, cache=tmp_path / "cache")
    assert (paths["train"].read_bytes(), paths["dev"].read_bytes()) == (CONTENT, OTHER)
    assert all(path.is_relative_to(tmp_path / "cache") for path in paths.values())
    assert site.asked == []
    assert fetch(card, mirror=None, cache=tmp_path / "cache") == paths, "the mirror is needed once"


@pytest.mark.parametrize("name", ["train.conll", "train.conll.gz"])
def test_a_mirror_with_other_bytes_is_an_error_and_not_a_download(site: Site, name: str, tmp_path: Path) -> None:
    path = tmp_path / "mirror" / "ner" / "tiny" / name
    path.parent.mkdir(parents=True)
    for bad in (OTHER, CONTENT[:-1], b"", CONTENT + b"more"):
        path.write_bytes(gzip.compress(bad) if name.endswith("gz") else bad)
        message = message_of(lambda: fetch(tiny(site), mirror=tmp_path / "mirror", cache=tmp_path / "cache"))
        assert message.startswith(f"{path}: ")
    assert left_in(tmp_path / "cache") == []
    assert site.asked == []


def test_a_cached_file_that_has_changed_is_brought_again(site: Site, tmp_path: Path) -> None:
    path = fetch(tiny(site), mirror=None, cache=tmp_path)["train"]
    path.write_bytes(OTHER)
    assert locate(tiny(site), "train", mirror=None, cache=tmp_path) is None
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT


def test_what_can_be_had_nowhere_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = card_of(train=file_of(None))
    assert "ner/tiny: train (ner/tiny/train.conll): it has no url" in message_of(
        lambda: fetch(card, mirror=None, cache=tmp_path)
    )
    monkeypatch.setattr(fetch_module, "packaged", lambda kind: tmp_path / "packaged")
    card = card.model_copy(update={"embedded": True})
    assert "this installation lacks it" in message_of(lambda: fetch(card, mirror=None, cache=tmp_path))


def test_an_embedded_file_is_read_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "packaged", lambda kind: tmp_path / kind)
    path = tmp_path / "corpora" / "ner" / "tiny" / "train.conll"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    card = card_of(train=file_of(None)).model_copy(update={"embedded": True})
    assert fetch(card, mirror=None, cache=tmp_path / "none") == {"train": path}
    assert not (tmp_path / "none").exists()


@pytest.fixture
def small_disk() -> Iterator[Callable[[int], None]]:
    """Refuse files above a size: the system's own refusal, as when a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_refuses_is_one_line_and_nothing_looks_whole(
    site: Site, small_disk: Callable[[int], None], tmp_path: Path
) -> None:
    site.files["/train.conll.gz"] = gzip.compress(CONTENT)
    card = card_of(train=file_of(f"{site.root}/train.conll.gz"))
    small_disk(300_000)
    assert message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path / "a")).startswith("cannot write ")
    assert left_in(tmp_path / "a") == [part_in(tmp_path / "a").relative_to(tmp_path / "a").as_posix()]
    assert len(site.asked) == 1, "another try would not help"
    assert message_of(lambda: fetch(card, mirror=None, cache=tmp_path / "b")).startswith("cannot write ")
    assert left_in(tmp_path / "b") == []


def test_a_disk_with_room_again_goes_on(site: Site, small_disk: Callable[[int], None], tmp_path: Path) -> None:
    small_disk(300_000)
    message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path))
    small_disk(resource.RLIM_INFINITY)
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT
    assert site.asked[1] == ("/train.conll", "bytes=300000-")


def test_a_cache_that_cannot_be_made_is_one_line(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    message = message_of(lambda: fetch(tiny(site), mirror=None, cache=tmp_path / "file"))
    assert message.startswith(f"cannot write {tmp_path / 'file'}")


FETCHER = """
import sys
from pathlib import Path
from seqkit.data.card import TaggedCard
from seqkit.data.fetch import fetch
card = TaggedCard.model_validate_json(sys.argv[1])
print(fetch(card, mirror=None, cache=Path(sys.argv[2]))["train"])
"""


def start(card: Card, cache: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FETCHER, card.model_dump_json(), str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_processes_fetch_at_once_and_one_downloads(site: Site, tmp_path: Path) -> None:
    site.cuts, site.stalls = [100_000], True
    running = [start(tiny(site), tmp_path) for _ in range(2)]
    wait_for(lambda: site.sent == 100_000)
    time.sleep(0.3)  # time for the other to come too
    assert len(site.asked) == 1
    site.let_go.set()
    for process in running:
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
        assert Path(out.strip()).read_bytes() == CONTENT
    assert site.sent == len(CONTENT), "one goes on where the other was cut, or waits"
    assert left_in(tmp_path) == ["ner/tiny/train.conll"]


def test_after_kill_9_the_next_goes_on(site: Site, tmp_path: Path) -> None:
    site.cuts, site.stalls = [100_000], True
    process = start(tiny(site), tmp_path)
    wait_for(lambda: bool(list(tmp_path.glob("ner/*.part"))) and part_in(tmp_path).stat().st_size == 100_000)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert left_in(tmp_path) == [part_in(tmp_path).relative_to(tmp_path).as_posix()]
    assert fetch(tiny(site), mirror=None, cache=tmp_path)["train"].read_bytes() == CONTENT
    assert site.asked[1] == ("/train.conll", "bytes=100000-")

"""Find a corpus's files on this machine, or bring them here: packaged, cached, from a local mirror, at last by download."""

import gzip
import hashlib
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from seqkit.data.archives import extract
from seqkit.data.card import Card, CardFile
from seqkit.data.download import download
from seqkit.data.home import packaged
from seqkit.data.placing import SIZE_CAP, cannot_write, place, sha256_of
from seqkit.errors import UserError

if sys.platform != "win32":
    import fcntl


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is: bytes received and, where the server says, bytes in all."""

    name: str
    done: int
    total: int | None


def locate(card: Card, key: str, *, mirror: Path | None, cache: Path) -> Path | None:
    """The file of a split, or the file so named, if it can be had without a download; None if not.

    A cached file is verified each time it is asked for, and one that has changed counts as absent. A mirror's file
    (as it is, or with `.gz` added) is copied into the cache.

    Raises:
        UserError: no such file, the mirror's file has another SHA-256 sum, or the disk refuses.
    """
    file = card.file(key)
    if card.embedded:
        path = packaged("corpora") / file.path
        return path if path.is_file() else None
    kept = cache / file.path
    if _unaltered(kept, file):
        return kept
    if mirror is not None:
        for path in (mirror / file.path, mirror / f"{file.path}.gz"):
            if path.is_file():
                _settle(path, cache, file, str(path), compressed=path.name != kept.name)
                return kept
    return None


def fetch(
    card: Card, *, mirror: Path | None, cache: Path, progress: Callable[[Progress], None] | None = None
) -> dict[str, Path]:
    """Every file of a corpus, verified; a mirror is read before anything is downloaded.

    Several processes may fetch the same corpus at once: one downloads, the others wait and find it done.

    Raises:
        UserError: nowhere to be had, a sum that differs (the file is deleted), or as for `download` and `extract`.
    """
    found = _located(card, mirror, cache)
    if len(found) == len(card.files):
        return found
    with _alone(cache / f"{card.name}.lock"):
        found = _located(card, mirror, cache)
        missing = {key: file for key, file in card.files.items() if key not in found}
        for key, file in missing.items():
            if file.url is None:
                why = "this installation lacks it" if card.embedded else "it has no url: give a --mirror that holds it"
                raise UserError(f"{card.name}: {key} ({file.path}): {why}")
        for url in dict.fromkeys(file.url for file in missing.values() if file.url):
            _bring(card, url, [file for file in missing.values() if file.url == url], cache, progress)
    return {key: found.get(key, cache / file.path) for key, file in card.files.items()}


def _located(card: Card, mirror: Path | None, cache: Path) -> dict[str, Path]:
    places: dict[str, Path | None] = {key: locate(card, key, mirror=mirror, cache=cache) for key in card.files}
    return {key: path for key, path in places.items() if path is not None}


def _unaltered(path: Path, file: CardFile) -> bool:
    try:
        return sha256_of(path) == file.sha256
    except OSError:
        return False


def _bring(card: Card, url: str, files: list[CardFile], cache: Path, report: Callable[[Progress], None] | None) -> None:
    """Download `url` and put the files that come from it into the cache."""
    address = urlsplit(url).path
    name = address.rpartition("/")[2]
    part = cache / f"{card.name}.{hashlib.sha256(url.encode()).hexdigest()[:12]}.part"
    compressed = address.endswith(".gz")
    members = {file.member: file for file in files if file.member}
    limit = SIZE_CAP if compressed or members else files[0].bytes or SIZE_CAP

    def told(done: int, total: int | None) -> None:
        if report is not None:
            report(Progress(name, done, total))

    download(url, part, limit=limit, report=told)
    try:
        if members:
            wanted = {member: file.path for member, file in members.items()}
            sums = {member: file.sha256 for member, file in members.items()}
            extract(part, cache, wanted, sums=sums, limit=sum(file.bytes or SIZE_CAP for file in files))
        else:
            for file in files:
                _settle(part, cache, file, url, compressed=compressed)
    finally:
        part.unlink(missing_ok=True)


def _settle(path: Path, cache: Path, file: CardFile, origin: str, *, compressed: bool) -> None:
    """Copy a file into the cache, decompressed and verified."""
    try:
        source = gzip.open(path) if compressed else path.open("rb")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"{origin}: cannot be read: {error.strerror or error}") from error
    with source:
        place(source, cache / file.path, limit=file.bytes or SIZE_CAP, sha256=file.sha256, origin=origin)


@contextmanager
def _alone(lock: Path) -> Generator[None]:
    """Wait for any other process that holds `lock`; the system frees it when its holder ends, however it ends."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("ab")
    except OSError as error:
        raise cannot_write(lock, error) from error
    with file:
        # Some network file systems know no locks; then the sum alone protects, as on Windows.
        if sys.platform != "win32":
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield

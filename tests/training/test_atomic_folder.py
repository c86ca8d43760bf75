"""A checksummed folder is whole or absent, and a fault in it has a name."""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import pytest

import seqkit
from seqkit.errors import DataError, UserError
from seqkit.training.atomic_folder import MANIFEST, mend, read_folder, write_folder

OLD = {"config.json": b'{"a": 1}', "weights": bytes(range(256)) * 40, "empty": b""}
NEW = {"config.json": b'{"a": 2}', "weights": bytes(range(255, -1, -1)) * 40, "empty": b"", "more": b"x"}


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read(tmp_path: Path):
    folder = tmp_path / "not" / "there" / "yet"
    write_folder(folder, OLD)
    assert read_folder(folder) == OLD
    write_folder(folder, NEW)
    assert read_folder(folder) == NEW
    assert visible(folder.parent) == ["yet"]
    assert visible(folder) == sorted([*NEW, MANIFEST])


# Faults


@pytest.mark.parametrize("name", ["config.json", "weights"])
def test_any_altered_byte_names_its_file(name: str, tmp_path: Path):
    write_folder(tmp_path / "m", OLD)
    for place in sorted({0, 1, len(OLD[name]) // 2, len(OLD[name]) - 1}):
        content = bytearray(OLD[name])
        content[place] ^= 1
        (tmp_path / "m" / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"m/{name}: .*SHA-256"):
            read_folder(tmp_path / "m")


@pytest.mark.parametrize("size", [0, 1, 10_239])
def test_a_truncated_file_is_named(size: int, tmp_path: Path):
    write_folder(tmp_path / "m", OLD)
    os.truncate(tmp_path / "m" / "weights", size)
    with pytest.raises(DataError, match=r"m/weights: .*cut short"):
        read_folder(tmp_path / "m")


@pytest.mark.parametrize("name", ["config.json", "weights", "empty", MANIFEST])
def test_a_missing_file_is_named(name: str, tmp_path: Path):
    write_folder(tmp_path / "m", OLD)
    (tmp_path / "m" / name).unlink()
    with pytest.raises(DataError, match=rf"m/{name}: "):
        read_folder(tmp_path / "m")


def test_no_altered_byte_of_the_manifest_passes_unseen(tmp_path: Path):
    files = {"a.json": b"{}", "weights": b"0123"}
    write_folder(tmp_path / "m", files)
    manifest = tmp_path / "m" / MANIFEST
    whole = manifest.read_bytes()
    messages = []
    for place in range(len(whole)):
        for bit in (1, 128):
            altered = bytearray(whole)
            altered[place] ^= bit
            manifest.write_bytes(altered)
            try:
                assert read_folder(tmp_path / "m") == files  # a line end may become another kind of blank
            except DataError as error:
                messages.append(str(error))
    assert len(messages) > len(whole)
    assert all(message.startswith(str(tmp_path / "m")) and "\n" not in message for message in messages)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"3", b'{"sha256": 3}', b'{"sha256": [1]}', b"\xff\xfe", b'{"sha256":'])
def test_a_manifest_that_is_none_is_named(content: bytes, tmp_path: Path):
    write_folder(tmp_path / "m", OLD)
    (tmp_path / "m" / MANIFEST).write_bytes(content)
    with pytest.raises(DataError, match=r"manifest.json: is not a readable manifest"):
        read_folder(tmp_path / "m")


def test_a_folder_that_is_not_there(tmp_path: Path):
    with pytest.raises(DataError, match=r"m/manifest.json: not found"):
        read_folder(tmp_path / "m")


# Disks that refuse and processes that end half-way


class Switch:
    """Makes the k-th call that touches the disk fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
        self.calls, self.fails_at, self.error, self.on = 0, -1, error, False
        for owner, name in ((os, "fsync"), (Path, "rename"), (Path, "mkdir"), (Path, "open"), (shutil, "rmtree")):
            monkeypatch.setattr(owner, name, self.wrapped(getattr(owner, name), gentle=name == "rmtree"))

    def wrapped(self, call: Any, *, gentle: bool) -> Any:
        def touch(*given: Any, **named: Any) -> IO[bytes] | None:
            if self.on:
                self.calls += 1
                if self.calls == self.fails_at and not (gentle and isinstance(self.error, OSError)):
                    raise self.error
            return call(*given, **named)

        return touch

    def __call__(self, fails_at: int, folder: Path, files: dict[str, bytes]) -> bool:
        """Write; whether it came to the failing call."""
        self.calls, self.fails_at, self.on = 0, fails_at, True
        try:
            write_folder(folder, files)
        finally:
            self.on = False
        return self.calls >= fails_at


@pytest.mark.parametrize("before", [True, False])
def test_a_full_disk_leaves_what_was_there(before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    switch = Switch(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    refused: list[str] = []
    for call in range(1, 60):
        folder = tmp_path / f"{call}" / "m"
        if before:
            write_folder(folder, OLD)
        faults = len(refused)
        reached = True
        try:
            reached = switch(call, folder, NEW)
        except UserError as error:
            refused.append(str(error))
        if len(refused) > faults:
            assert str(folder) in refused[-1]
            assert not folder.parent.exists() or visible(folder.parent) == (["m"] if before else [])
            assert not before or read_folder(folder) == OLD
        else:
            assert read_folder(folder) == NEW
        if not reached:
            break
        write_folder(folder, NEW)  # once there is space again
        assert read_folder(folder) == NEW
        assert visible(folder.parent) == ["m"]
    assert all("No space left on device" in message for message in refused)
    assert len(refused) >= 2 * len(NEW) + 3  # each file's open and fsync, mkdir, both renames or one
    assert not reached


class Killed(BaseException):
    """Nothing catches it: what stands on the disk then is what a kill leaves."""


def test_a_kill_at_any_call_leaves_a_folder_that_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    switch = Switch(monkeypatch, Killed())
    for call in range(1, 60):
        folder = tmp_path / f"{call}" / "m[1]"
        write_folder(folder, OLD)
        try:
            if not switch(call, folder, NEW):
                assert call > 12
                return
        except Killed:
            pass
        assert read_folder(folder) in (OLD, NEW)
        # The next writer, even one with the same process number, is not in the way of what was left.
        write_folder(folder, OLD)
        write_folder(folder, NEW)
        assert read_folder(folder) == NEW
        assert visible(folder.parent) == ["m[1]"]
    pytest.fail("there is no end to the calls")


def test_mending_touches_nothing_else(tmp_path: Path):
    write_folder(tmp_path / "m", OLD)
    (tmp_path / ".other.1.old").mkdir()
    (tmp_path / ".m.old").mkdir()
    mend(tmp_path / "m")
    mend(tmp_path / "n")
    assert visible(tmp_path) == [".m.old", ".other.1.old", "m"]


WRITER = """
import itertools, sys
from pathlib import Path
from seqkit.training.atomic_folder import write_folder
write_folder(Path(sys.argv[1]), {"number": b"0", "content": b"0" * 300_000})
print("ready", flush=True)
for number in itertools.count():
    write_folder(Path(sys.argv[1]), {"number": b"%d" % number, "content": b"%d" % (number % 10) * 300_000})
"""


def test_killed_while_saving_over_and_over(tmp_path: Path):
    environment = os.environ | {"PYTHONPATH": str(Path(seqkit.__file__).parents[1])}
    moments = random.Random(1)
    seen = set()
    for _ in range(10):
        command = [sys.executable, "-S", "-c", WRITER, str(tmp_path / "m")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0.0, 0.05))
            process.send_signal(signal.SIGKILL)
        files = read_folder(tmp_path / "m")
        assert files["content"] == b"%d" % (int(files["number"]) % 10) * 300_000
        seen.add(files["number"])
    assert seen

"""Folders that are whole or absent: written aside, closed with a manifest of SHA-256 sums, then renamed into place.

A disk that fills up or a process that is killed leaves the previous folder as it was; an altered byte is found on reading.
"""

import contextlib
import glob
import hashlib
import json
import os
import shutil
from pathlib import Path

from seqkit.errors import DataError, UserError

MANIFEST = "manifest.json"


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write `files` as `folder`, replacing it if it exists.

    Raises:
        UserError: the disk refuses; what stood at `folder` before still stands there.
    """
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    retired = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = json.dumps({"sha256": sums}, indent=1).encode()
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for name, content in [*files.items(), (MANIFEST, manifest)]:
            with (aside / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync(aside)
        if folder.exists():
            shutil.rmtree(retired, ignore_errors=True)
            folder.rename(retired)
        aside.rename(folder)
        _sync(folder.parent)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        mend(folder)
        raise UserError(f"cannot write {folder}: {error.strerror or error}; what was there before is kept") from error
    for old in _retired(folder):
        shutil.rmtree(old, ignore_errors=True)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a folder, each checked against the manifest.

    Raises:
        DataError: names the file that is missing, cut short or altered.
    """
    mend(folder)
    try:
        sums: dict[str, str] = dict(json.loads((folder / MANIFEST).read_bytes())["sha256"])
    except FileNotFoundError as error:
        raise DataError(folder / MANIFEST, None, "not found; this is not a complete seqkit folder") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(folder / MANIFEST, None, "is not a readable manifest") from error
    files: dict[str, bytes] = {}
    for name, expected in sums.items():
        path = folder / Path(name).name
        try:
            files[name] = path.read_bytes()
        except OSError as error:
            raise DataError(path, None, "is named in the manifest but cannot be read") from error
        if hashlib.sha256(files[name]).hexdigest() != expected:
            raise DataError(path, None, "does not match its SHA-256 sum: the file was cut short or altered")
    return files


def mend(folder: Path) -> None:
    """Put back a folder whose writer was killed between its two renames: no system replaces a folder in one step."""
    if not folder.exists():
        for old in _retired(folder):
            with contextlib.suppress(OSError):
                old.rename(folder)
                return


def _retired(folder: Path) -> list[Path]:
    return list(folder.parent.glob(f".{glob.escape(folder.name)}.*.old"))


def _sync(folder: Path) -> None:
    """Make renames in a folder durable, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

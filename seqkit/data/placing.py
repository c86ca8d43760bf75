"""Files that are whole and verified, or absent: written aside, checked, made durable, then renamed."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Protocol

from seqkit.errors import UserError

CHUNK = 1 << 18  # bytes read at a time
SIZE_CAP = 2 << 30  # bytes; for what no card gives a size


class Source(Protocol):
    """Anything to read bytes from; an empty answer is the end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        ...


def place(source: Source, target: Path, *, limit: int, sha256: str | None, origin: str) -> None:
    """Copy `source` to `target`, which appears only when it is whole, verified and on the disk.

    Args:
        limit: the most bytes to accept.
        sha256: the sum that the content must have; None accepts any.
        origin: what to call the source in errors.

    Raises:
        UserError: too long, another sum, unreadable, or the disk refuses; `target` is as it was before.
    """
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
    digest, size = hashlib.sha256(), 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("xb") as file:
            while chunk := _read(source, origin):
                size += len(chunk)
                if size > limit:
                    raise UserError(f"{origin}: larger than the {limit:,} bytes it should be at most; not kept")
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if sha256 is not None and digest.hexdigest() != sha256:
            raise UserError(f"{origin}: its SHA-256 sum should be {sha256} but is {digest.hexdigest()}; not kept")
        aside.replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        aside.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The SHA-256 sum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cannot_write(path: Path, error: OSError) -> UserError:
    """What to tell the user when the disk refuses."""
    return UserError(f"cannot write {path}: {error.strerror or error}")


def _read(source: Source, origin: str) -> bytes:
    try:
        return source.read(CHUNK)
    # Decompressors and archive readers each raise their own: zlib.error, EOFError, BadGzipFile, BadZipFile, TarError …
    except Exception as error:
        raise UserError(f"{origin}: cannot be read: {error}") from error

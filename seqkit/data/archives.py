"""Take named files out of a zip or tar archive, and nothing else."""

import stat
import tarfile
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from seqkit.data.placing import SIZE_CAP, Source, place
from seqkit.errors import DataError, UserError, suggestion


def extract(
    archive: Path,
    folder: Path,
    wanted: Mapping[str, str],
    *,
    sums: Mapping[str, str | None] | None = None,
    limit: int = SIZE_CAP,
) -> None:
    """Write each wanted member of `archive` into `folder`.

    Only regular files come out, only under the names given here, and each appears whole or not at all.

    Args:
        wanted: member of the archive -> relative path under `folder`.
        sums: member of the archive -> the SHA-256 sum that its content must have.
        limit: the most bytes to write in all, whatever the archive's headers claim.

    Raises:
        UserError: not an archive, a member that is missing, a link or a device, a path that leaves `folder`,
            more than `limit` bytes, another sum, or the disk refuses.
    """
    targets = {member: _inside(folder, name) for member, name in wanted.items()}
    with _opened(archive) as opened:
        for member, target in targets.items():
            with _member(archive, opened, member) as source:
                place(source, target, limit=limit, sha256=(sums or {}).get(member), origin=f"{archive}: {member}")
            limit -= target.stat().st_size


def _inside(folder: Path, name: str) -> Path:
    target = folder / name
    lexical = PurePosixPath(name.replace("\\", "/"))
    climbs = ".." in lexical.parts or lexical.is_absolute() or PureWindowsPath(name).drive
    # Resolving follows links that already stand in the folder.
    if climbs or not lexical.parts or not target.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"{name}: would be written outside {folder}")
    return target


@contextmanager
def _opened(archive: Path) -> Generator[zipfile.ZipFile | tarfile.TarFile]:
    try:
        opened = zipfile.ZipFile(archive) if zipfile.is_zipfile(archive) else tarfile.open(archive)  # noqa: SIM115
    except (OSError, EOFError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise DataError(archive, None, "is not a zip or tar archive that can be read") from error
    with opened:
        yield opened


@contextmanager
def _member(archive: Path, opened: zipfile.ZipFile | tarfile.TarFile, name: str) -> Generator[Source]:
    try:
        if isinstance(opened, zipfile.ZipFile):
            entry = opened.getinfo(name)
            kind = stat.S_IFMT(entry.external_attr >> 16)  # 0 where the archive was not made on Unix
            source = None if entry.is_dir() or kind not in (0, stat.S_IFREG) else opened.open(entry)
        else:
            found = opened.getmember(name)
            source = opened.extractfile(found) if found.isreg() else None
    except KeyError:
        names = opened.namelist() if isinstance(opened, zipfile.ZipFile) else opened.getnames()
        raise DataError(archive, None, f"holds no '{name}'{suggestion(name, names)}") from None
    # An encrypted member is a RuntimeError, an unknown compression a NotImplementedError.
    except (OSError, EOFError, RuntimeError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise DataError(archive, None, f"{name}: {error}") from error
    if source is None:
        raise DataError(archive, None, f"{name}: is not a regular file")
    with source:
        yield source

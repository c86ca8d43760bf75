"""Where packaged and cached things lie."""

import os
from pathlib import Path
from typing import Literal

from seqkit.errors import UserError

PACKAGE = Path(__file__).resolve().parents[1]


def packaged(kind: Literal["recipes", "corpora"]) -> Path:
    """The folder of what comes with seqkit: inside an installed package, else beside it in a source checkout."""
    inside = PACKAGE / f"_{kind}"
    return inside if inside.is_dir() else PACKAGE.parent / kind


def cache_folder() -> Path:
    """Where fetched corpora are kept: `$SEQKIT_CORPORA`, else `seqkit/corpora` in the user's cache folder (XDG)."""
    if chosen := os.environ.get("SEQKIT_CORPORA"):
        return Path(chosen).expanduser()
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG base directory specification: a relative path is invalid and must be ignored.
    return (base if base.is_absolute() else Path.home() / ".cache") / "seqkit" / "corpora"


def mirror_folder(option: Path | None = None) -> Path | None:
    """The folder that is read before any download: `option`, else `$SEQKIT_CORPORA_MIRROR`, else none.

    Raises:
        UserError: there is no such folder.
    """
    named = os.environ.get("SEQKIT_CORPORA_MIRROR")
    folder = option or (Path(named).expanduser() if named else None)
    if folder is not None and not folder.is_dir():
        source = "--mirror" if option else "SEQKIT_CORPORA_MIRROR"
        raise UserError(f"{source}: {folder} is not a folder")
    return folder

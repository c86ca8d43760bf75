"""A user's own corpus: a folder that holds train, dev and test files."""

import re
from pathlib import Path

from seqkit.errors import UserError

_SPLITS = {"train": "train", "dev": "dev", "devel": "dev", "valid": "dev", "validation": "dev", "test": "test"}


def load_folder(folder: Path) -> dict[str, Path]:
    """The files of a folder that hold `train`, `dev` and `test`, those that are there, in this order.

    A file belongs to a split when its name has that word as a part (`train.conll`, `en_ewt-ud-train.conllu.gz`,
    `btc.dev`); `devel`, `valid` and `validation` mean dev. Hidden files and folders are passed over.

    Raises:
        UserError: no such folder, no such file, or two files for one split, or one for two; the message names them.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir() or path.name.startswith("."):
            continue
        splits = sorted({_SPLITS[part] for part in re.split(r"[-_.]", path.name.lower()) if part in _SPLITS})
        if len(splits) > 1:
            raise UserError(f"{folder}: {path.name!r} could be {' or '.join(splits)}; rename it")
        for split in splits:
            if split in found:
                raise UserError(f"{folder}: {found[split].name!r} and {path.name!r} could both be {split}; keep one")
            found[split] = path
    if not found:
        raise UserError(f"{folder}: no train, dev or test file (for example train.conll, dev.conll, test.conll)")
    return {split: found[split] for split in ("train", "dev", "test") if split in found}

"""Where a run's data come from: a card's corpus, or the user's own files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from seqkit.data.card import Card
from seqkit.data.fetch import Progress, fetch
from seqkit.data.folder import load_folder
from seqkit.data.home import cache_folder, mirror_folder
from seqkit.data.placing import sha256_of
from seqkit.errors import UserError

EncodingErrors = Literal["strict", "replace"]
Given = str | Path | tuple[str | Path, str | Path] | None
"""A file of a split, or two aligned ones."""


@dataclass(frozen=True)
class OwnFiles:
    """The user's own data.

    Args:
        files: by split; of pairs in two aligned files, that of the sources.
        targets: by split, of pairs in two aligned files, that of the targets.
        folder: one that holds a file, or two, a split.
        format: of labelled sentences; detected if left out.
        text: running text for a language model.
    """

    files: dict[str, Path] = field(default_factory=dict)
    targets: dict[str, Path] = field(default_factory=dict)
    folder: Path | None = None
    format: str | None = None
    text: Path | None = None

    @classmethod
    def given(
        cls,
        train: Given = None,
        dev: Given = None,
        test: Given = None,
        data: str | Path | None = None,
        format: str | None = None,
        text: str | Path | None = None,
    ) -> Self:
        """As users name them: of a split a file, or two aligned ones, as a pair or as `train.de,train.en`."""
        files, targets = sides({"train": train, "dev": dev, "test": test})
        return cls(files, targets, Path(data) if data else None, format, Path(text) if text else None)

    @classmethod
    def of_split(cls, split: str, file: Given, format: str | None = None) -> Self:
        """The file of one split, whatever its name."""
        files, targets = sides({split: file})
        return cls(files, targets, format=format)

    def paths(self) -> dict[str, Path]:
        """The file of each split; a file named apart wins over the folder's."""
        found = load_folder(self.folder) if self.folder else {}
        return found | self.files

    def pair_paths(self) -> dict[str, tuple[Path, ...]]:
        """For each split named apart the file of its pairs, or the sources' and the targets'."""
        return {split: (path, self.targets[split]) if split in self.targets else (path,) for split, path in self.files.items()}

    def refuse_aligned(self) -> None:
        """Raise UserError for two files of one split: no other task than translation reads pairs."""
        if self.targets:
            split, target = next(iter(self.targets.items()))
            raise UserError(f"--{split} {self.files[split]},{target}: two aligned files are for translation; give one")

    def sums(self) -> dict[str, str]:
        """The SHA-256 sum of every file that was named, or that lies in a folder that was."""
        folders = [folder for folder in (self.folder, self.text) if folder and folder.is_dir()]
        lying = [path for folder in folders for path in sorted(folder.iterdir())]
        named = [*self.files.values(), *self.targets.values(), *lying, *([self.text] if self.text else [])]
        return {str(path.resolve()): sha256_of(path) for path in named if path.is_file()}

    def __bool__(self) -> bool:
        return bool(self.files or self.folder or self.text)


def sides(named: Mapping[str, Given]) -> tuple[dict[str, Path], dict[str, Path]]:
    """By split the file, or that of the sources, and that of the targets where there are two."""
    files: dict[str, Path] = {}
    targets: dict[str, Path] = {}
    for split, given in named.items():
        if isinstance(given, tuple):
            files[split], targets[split] = map(Path, given)
        elif given:
            # A file may have a comma in its name.
            source, _, target = (str(given), "", "") if Path(given).exists() else str(given).partition(",")
            files[split] = Path(source)
            if target:
                targets[split] = Path(target)
    return files, targets


@dataclass(frozen=True)
class Sources:
    """Where a run's data may come from, and how they are read.

    Args:
        own: instead of the recipe's corpus.
        mirror: a folder of corpora read before any download.
        errors: what to do with invalid UTF-8.
    """

    own: OwnFiles = field(default_factory=OwnFiles)
    mirror: Path | None = None
    errors: EncodingErrors = "strict"

    def to_dict(self) -> dict[str, Any]:
        """As kept beside a run, with absolute paths; the mirror is left out."""
        own = self.own
        return {
            "files": {split: str(path.resolve()) for split, path in own.files.items()},
            "targets": {split: str(path.resolve()) for split, path in own.targets.items()},
            "folder": str(own.folder.resolve()) if own.folder else None,
            "format": own.format,
            "text": str(own.text.resolve()) if own.text else None,
            "encoding_errors": self.errors,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], mirror: Path | None) -> "Sources":
        """What `to_dict` gave."""
        own = OwnFiles(
            {split: Path(path) for split, path in data["files"].items()},
            {split: Path(path) for split, path in data.get("targets", {}).items()},
            Path(data["folder"]) if data["folder"] else None,
            data["format"],
            Path(data["text"]) if data.get("text") else None,
        )
        return cls(own, mirror, data["encoding_errors"])


def fetch_with_bar(card: Card, mirror: Path | None, console: Console | None) -> dict[str, Path]:
    """The verified files of a corpus; a download shows a bar.

    Raises:
        UserError: as `fetch`.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, console=console, transient=True, disable=console is None or not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def show(progress: Progress) -> None:
            if progress.name not in tasks:
                tasks[progress.name] = bar.add_task(progress.name)
            bar.update(tasks[progress.name], completed=progress.done, total=progress.total)

        return fetch(card, mirror=mirror_folder(mirror), cache=cache_folder(), progress=show)

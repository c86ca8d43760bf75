"""The one road of every task: read a corpus, train in a folder, evaluate, report."""

from pathlib import Path
from typing import Protocol

import torch
from rich.console import Console

from seqkit.recipe import Recipe, TaggingRecipe, TextRecipe, TranslationRecipe
from seqkit.run.corpora import Sources
from seqkit.run.tagging.road import TaggingRoad
from seqkit.run.text.road import TextRoad
from seqkit.run.training import TrainingFacts
from seqkit.run.translation.road import TranslationRoad


class Fitted(Protocol):
    """What training leaves."""

    @property
    def facts(self) -> TrainingFacts:
        """How it went."""
        ...


class Road(Protocol):
    """A recipe with its corpus read."""

    @property
    def corpus_name(self) -> str:
        """Of the card, or of the user's own data."""
        ...

    @property
    def has_test(self) -> bool:
        """Whether there is a test split."""
        ...

    def fit(self, folder: Path, device: torch.device, console: Console, *, resume: bool = False) -> Fitted:
        """Train in a folder, which then holds the model; test is not read."""
        ...

    def finish(
        self,
        folder: Path,
        device: torch.device,
        console: Console,
        *,
        command: str = "",
        resume: bool = False,
        brief: bool = False,
    ) -> None:
        """Train in a folder, evaluate on test (on dev where there is no test), write and print the report, unless `brief`."""
        ...

    def parameters(self, recipe: Recipe) -> int:
        """How many weights the model of another recipe of the same task would have on this corpus."""
        ...

    def batches_per_epoch(self, recipe: Recipe) -> int:
        """How many updates another recipe of the same task makes in one pass over this corpus."""
        ...


def open_road(recipe: Recipe, sources: Sources, console: Console | None = None) -> Road:
    """Read a recipe's corpus, fetching it first if need be.

    Raises:
        UserError: the data are at fault.
    """
    match recipe:
        case TaggingRecipe():
            return TaggingRoad(recipe, sources, console)
        case TextRecipe():
            return TextRoad(recipe, sources, console)
        case TranslationRecipe():
            return TranslationRoad(recipe, sources, console)

"""What a task is to the verbs of `seqkit.run`, which know none: a corpus read, a model built, trained, measured and shown."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from rich.console import Console
from torch import nn

from seqkit.architecture.families import FAMILIES
from seqkit.data.sources import Sources
from seqkit.inspection.findings import Findings
from seqkit.recipe.recipe import Recipe
from seqkit.report.figure import Figure
from seqkit.report.report import Section
from seqkit.tasks.scores import Scores
from seqkit.tasks.trained import Trained
from seqkit.training.dev_score import DevScore
from seqkit.training.loop import Trainable


class Corpus(Protocol):
    """A corpus as it was read."""

    @property
    def name(self) -> str:
        """Of the card, or the place of the user's own data."""
        ...

    @property
    def title(self) -> str:
        """The name, and what else a report's title says of the data."""
        ...

    @property
    def splits(self) -> Mapping[str, Any]:
        """What `train`, `dev`, `test` and other splits hold, those that there are."""
        ...

    def describe(self) -> list[str]:
        """A line a split on what was read, and on whatever is odd about it."""
        ...


@dataclass(frozen=True)
class Summary:
    """A task's part of an evaluation report; size, training, cost and context are the same for all tasks.

    Args:
        score: what systems are compared by, with its interval.
        verdict: what the figures say, in a sentence or two.
        sections: on the scores; before training and cost.
        examples: single cases; at the end.
        headline: figures of use beside the score, such as a speed; the first of the speeds if left out.
        context: what a reader must know to repeat the measurement, as rows of name and value.
        cost: more on how speeds were measured.
        note: what an interval is over.
    """

    score: Figure
    verdict: str
    sections: tuple[Section, ...]
    examples: tuple[Section, ...] = ()
    headline: tuple[Figure, ...] = ()
    context: tuple[tuple[str, str], ...] = ()
    cost: str = ""
    note: str = ""


class Use(NamedTuple):
    """What using a model on one text took.

    Args:
        milliseconds: of what its user waits for; see `Workload.waits`.
        state: bytes that are kept of what was read; None for a model that reads a text as a whole.
    """

    milliseconds: float
    state: int | None


class Workload(Protocol):
    """A model at work on one text of any length, of symbols drawn at random."""

    waits: str
    """What its user waits for: `one token more`."""

    def use(self, length: int) -> Use:
        """Read so many tokens."""
        ...

    def train(self, length: int) -> None:
        """Take one gradient of a text of so many tokens, none of it cut."""
        ...


RecipeT = TypeVar("RecipeT", bound=Recipe)
CorpusT = TypeVar("CorpusT", bound=Corpus)
TokenizerT = TypeVar("TokenizerT")
ModelT = TypeVar("ModelT", bound=nn.Module)
TrainedT = TypeVar("TrainedT", bound=Trained[Any, Any])
MeasuredT = TypeVar("MeasuredT")


class Task(ABC, Generic[RecipeT, CorpusT, TokenizerT, ModelT, TrainedT, MeasuredT]):
    """A task. One object of each class is named in `seqkit.tasks.TASKS`.

    Args:
        recipe: the class of its recipes.
        trained: the class of its trained models.
        noun: what such a model is, and the command to use it: `a tagger; see: seqkit tag`.
        reads_target: whether an inspection may be given what the model should say.
    """

    recipe: type[RecipeT]
    trained: type[TrainedT]
    noun: ClassVar[str]
    reads_target: ClassVar[bool] = False

    @abstractmethod
    def read(self, recipe: RecipeT, sources: Sources, console: Console | None = None) -> CorpusT:
        """The recipe's corpus, fetched first if need be, or the user's own; with the recipe's fraction of its training split.

        Raises:
            UserError: the data are at fault.
        """

    @abstractmethod
    def fit_tokenizer(self, recipe: RecipeT, corpus: CorpusT) -> TokenizerT:
        """What turns text into the model's input, learnt from the training split alone."""

    @abstractmethod
    def build(self, recipe: RecipeT, corpus: CorpusT, tokenizer: TokenizerT) -> ModelT:
        """An untrained model.

        Raises:
            ValueError: its sizes do not fit together.
        """

    def prepare(self, model: ModelT, recipe: RecipeT, corpus: CorpusT, tokenizer: TokenizerT) -> None:
        """Give an untrained model what it takes from files and from counts of the corpus, if anything."""

    @abstractmethod
    def trainable(self, recipe: RecipeT, corpus: CorpusT, tokenizer: TokenizerT, model: ModelT, folder: Path) -> Trainable:
        """The recipe's batches, loss and dev score.

        Args:
            folder: for what is too large to be held in memory.

        Raises:
            UserError: there is nothing to train on.
        """

    @abstractmethod
    def dev_score(self, recipe: RecipeT, corpus: CorpusT) -> DevScore:
        """How the dev score and the speed of training are written."""

    def model_name(self, recipe: RecipeT) -> str:
        """`BiLSTM-CRF`, `LSTM, matrix bridge`, `Transformer`."""
        return FAMILIES[recipe.model.family]

    def describe(self, recipe: RecipeT, corpus: CorpusT, tokenizer: TokenizerT, trainable: Trainable) -> str:
        """What is trained on what, but for sizes and device: `newsdesk · 932 sentences, 4 types · BiLSTM-CRF`."""
        return f"{corpus.title} · {self.model_name(recipe)}"

    @abstractmethod
    def finish(self, recipe: RecipeT, corpus: CorpusT, tokenizer: TokenizerT, model: ModelT, trainable: Trainable) -> TrainedT:
        """The trained model with all that its use needs."""

    @abstractmethod
    def evaluate(self, trained: TrainedT, corpus: CorpusT, split: str, recipe: RecipeT, *, trained_on: bool) -> MeasuredT:
        """Measure a model on a split, speeds included.

        Args:
            split: as the user names it: of this corpus, or several joined by `+`.
            recipe: says what is measured.
            trained_on: whether the corpus is the one that the model was trained on, so that its training split tells what
                the model has seen.

        Raises:
            UserError: no such split, or one that the model cannot be measured on.
        """

    @abstractmethod
    def scores(self, trained: TrainedT, measured: MeasuredT) -> Scores:
        """What comparisons read."""

    @abstractmethod
    def summary(self, trained: TrainedT, measured: MeasuredT) -> Summary:
        """What the report shows."""

    def outputs(self, measured: MeasuredT) -> Mapping[str, str]:
        """Files with what the model said, by name, kept beside the report."""
        return {}

    def warnings(self, trained: TrainedT, measured: MeasuredT) -> list[str]:
        """What a reader should be told before any figure, a line each."""
        return []

    def hint(self, recipe: RecipeT, corpus: CorpusT) -> str:
        """A command to try the trained model with."""
        return "seqkit inspect --text …"

    @abstractmethod
    def workload(self, trained: TrainedT) -> Workload:
        """One text of any length, for costs."""

    @abstractmethod
    def inspect(self, trained: TrainedT, text: str, target: str | None, layers: Collection[int]) -> Findings:
        """What happens inside while the model reads a text.

        Args:
            target: what the model should say, where it `reads_target`; its own words if None.
            layers: numbers from 1 on; none for all.

        Raises:
            UserError: the text or a number does not suit the model.
        """


AnyTask = Task[Any, Any, Any, Any, Any, Any]

"""The task of language models, its parts put together."""

from collections.abc import Collection
from pathlib import Path

from rich.console import Console

from seqkit.architecture.families import FAMILIES
from seqkit.data.sources import Sources
from seqkit.data.texts import TextCorpus
from seqkit.data.tokenizers.build import fit_tokenizer
from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.inspection.findings import Findings
from seqkit.models.language_model import LanguageModel
from seqkit.tasks.language_modeling.batches import TextBatches
from seqkit.tasks.language_modeling.corpus import read_corpus
from seqkit.tasks.language_modeling.evaluation import TextEvaluation, evaluate_language_model, read_split
from seqkit.tasks.language_modeling.inspection import inspect_language_model
from seqkit.tasks.language_modeling.recipe import TextRecipe
from seqkit.tasks.language_modeling.report import scores, summary
from seqkit.tasks.language_modeling.tokens import tokenized
from seqkit.tasks.language_modeling.trained import TrainedLanguageModel
from seqkit.tasks.language_modeling.workload import TextWorkload
from seqkit.tasks.scores import Scores
from seqkit.tasks.task import Summary, Task
from seqkit.training.dev_score import DevScore
from seqkit.training.loop import Trainable

HINTS = {"generate": 'seqkit generate --prompt "The " --length 300', "lm": 'echo "A line of text." | seqkit score'}


class LanguageModeling(Task[TextRecipe, TextCorpus, Tokenizer, LanguageModel, TrainedLanguageModel, TextEvaluation]):
    """Running text, in characters, words or pieces."""

    recipe = TextRecipe
    trained = TrainedLanguageModel
    noun = "a language model; see: seqkit generate, seqkit score"

    def read(self, recipe: TextRecipe, sources: Sources, console: Console | None = None) -> TextCorpus:
        """Text as streams, of which little is ever in memory."""
        return read_corpus(recipe.corpus, sources, console).reduced(recipe.fraction)

    def fit_tokenizer(self, recipe: TextRecipe, corpus: TextCorpus) -> Tokenizer:
        """Of the recipe's kind."""
        return fit_tokenizer(recipe.tokenizer, (piece.text for piece in corpus.splits["train"]()))

    def build(self, recipe: TextRecipe, corpus: TextCorpus, tokenizer: Tokenizer) -> LanguageModel:
        """A causal model of the tokenizer's symbols."""
        return LanguageModel(recipe.model, tokenizer.size)

    def trainable(
        self, recipe: TextRecipe, corpus: TextCorpus, tokenizer: Tokenizer, model: LanguageModel, folder: Path
    ) -> TextBatches:
        """Windows of the text."""
        train, dev = (tokenized(tokenizer, corpus.splits[split](), folder) for split in ("train", "dev"))
        return TextBatches(
            model,
            train,
            dev,
            batch_size=recipe.train.batch_size,
            window=recipe.batches.window,
            precision=recipe.train.matrix_dtype,
            seed=recipe.train.seed,
        )

    def dev_score(self, recipe: TextRecipe, corpus: TextCorpus) -> DevScore:
        """Nats a token."""
        unit = recipe.tokenizer.kind
        return DevScore(f"nats/{unit.removesuffix('s')}", factor=-1.0, digits=3, unit=unit)

    def describe(self, recipe: TextRecipe, corpus: TextCorpus, tokenizer: Tokenizer, trainable: Trainable) -> str:
        """`tinyshakespeare · 1,003,854 characters, 82 symbols · LSTM 2 × 220`."""
        assert isinstance(trainable, TextBatches)
        return (
            f"{corpus.name.split('/')[-1]} · {len(trainable.train):,} {recipe.tokenizer.kind}, {tokenizer.size:,} symbols · "
            f"{FAMILIES[recipe.model.family]} {recipe.model.layers} × {recipe.model.width}"
        )

    def finish(
        self, recipe: TextRecipe, corpus: TextCorpus, tokenizer: Tokenizer, model: LanguageModel, trainable: Trainable
    ) -> TrainedLanguageModel:
        """With the name of what a token is."""
        metadata = recipe.metadata(corpus.name) | {"unit": recipe.tokenizer.kind}
        return TrainedLanguageModel(model, recipe.model, tokenizer, metadata)

    def evaluate(
        self, trained: TrainedLanguageModel, corpus: TextCorpus, split: str, recipe: TextRecipe, *, trained_on: bool
    ) -> TextEvaluation:
        """Score a split by every protocol, and write samples."""
        known = trained_on and "train" in corpus.splits
        training = (lambda: (piece.text for piece in corpus.splits["train"]())) if known else None
        return evaluate_language_model(trained, read_split(trained, corpus, split), recipe.evaluation, training=training)

    def scores(self, trained: TrainedLanguageModel, measured: TextEvaluation) -> Scores:
        """Nats by segment."""
        return scores(trained, measured)

    def summary(self, trained: TrainedLanguageModel, measured: TextEvaluation) -> Summary:
        """Losses by protocol, the past that is used, samples."""
        return summary(trained, measured)

    def hint(self, recipe: TextRecipe, corpus: TextCorpus) -> str:
        """To write, or to score."""
        return HINTS[recipe.task]

    def workload(self, trained: TrainedLanguageModel) -> TextWorkload:
        """A running text."""
        return TextWorkload(trained)

    def inspect(self, trained: TrainedLanguageModel, text: str, target: str | None, layers: Collection[int]) -> Findings:
        """Why each token was expected or not."""
        return inspect_language_model(trained, text, layers)


TASK = LanguageModeling()

"""What the recipe of a translator holds."""

from typing import Literal, Self

from pydantic import Field

from seqkit.architecture.translator import RecurrentTranslatorConfig, TranslatorConfig
from seqkit.config import Config
from seqkit.data.tokenizers.pairs import PairTokenizerConfig
from seqkit.data.tokenizers.pieces import PiecesConfig
from seqkit.metrics.transduction import Unit
from seqkit.recipe.recipe import Recipe
from seqkit.tasks.translation.joining import PairAugmentConfig
from seqkit.tasks.translation.translate import TranslationConfig
from seqkit.training.loop import TrainConfig


class PairTrainConfig(TrainConfig):
    """How a translator is trained.

    Args:
        batch_tokens: target symbols in a batch, padding included; `batch_size` is then not asked. 0 counts pairs.
    """

    batch_tokens: int = Field(default=0, ge=0)


class TranslationEvaluationConfig(Config):
    """What is measured after training.

    Args:
        tests: splits that are reported; the first is the one that systems are compared by. Empty: those of the corpus that
            begin with `test`, or dev where there are none.
        metric: what systems are compared by: `bleu`, or `accuracy` of whole targets, for spelling and inflection; there a
            source is asked for once, and any of the targets that the split has for it is right.
        unit: what edits are counted in: `symbols` parted by spaces, as words and phones are, or `characters`.
        lowercase: compare small letters only.
        search: how the test sentences are translated.
    """

    tests: tuple[str, ...] = ()
    metric: Literal["bleu", "accuracy"] = "bleu"
    unit: Unit = "symbols"
    lowercase: bool = False
    search: TranslationConfig = TranslationConfig()


class TranslationRecipe(Recipe):
    """An encoder-decoder on pairs of sentences.

    Args:
        direction: source and target side of the corpus, as `de-en`; the corpus's first direction if left out.
        longest: symbols a side; longer training pairs are left out.
    """

    task: Literal["translate"]  # pyright: ignore[reportIncompatibleVariableOverride] # frozen, so it may be narrower
    direction: str | None = None
    longest: int = Field(default=100, ge=1)
    tokenizer: PairTokenizerConfig = PairTokenizerConfig(source=PiecesConfig(model="bpe"))
    augment: PairAugmentConfig = PairAugmentConfig()
    train: PairTrainConfig = PairTrainConfig()  # pyright: ignore[reportIncompatibleVariableOverride] # frozen, so it may be narrower
    model: TranslatorConfig = RecurrentTranslatorConfig()
    evaluation: TranslationEvaluationConfig = TranslationEvaluationConfig()

    def on(self, corpus: str) -> Self:
        """The recipe on another corpus, whose tests have names of their own."""
        evaluation = self.evaluation.model_copy(update={"tests": ()})
        return super().on(corpus).model_copy(update={"evaluation": evaluation})

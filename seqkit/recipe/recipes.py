"""What a recipe holds, by kind of task: one corpus, one model, everything a run needs but the seed's luck."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator

from seqkit.config import Config
from seqkit.data.tokenizers.build import TokenizerConfig
from seqkit.data.tokenizers.characters import CharactersConfig
from seqkit.data.tokenizers.pairs import PairTokenizerConfig
from seqkit.data.tokenizers.pieces import PiecesConfig
from seqkit.data.vocabulary import VocabularyConfig
from seqkit.metrics.transduction import Unit
from seqkit.models.language_model import LanguageModelConfig, RecurrentLanguageModelConfig
from seqkit.models.tagger import RecurrentTaggerConfig, TaggerConfig
from seqkit.models.translator import RecurrentTranslatorConfig, TranslatorConfig
from seqkit.recipe.building import build, merge
from seqkit.recipe.spaces import Space, flat
from seqkit.tasks.ner.augment import AugmentConfig
from seqkit.tasks.translation.joining import PairAugmentConfig
from seqkit.tasks.translation.task import PairTrainConfig
from seqkit.tasks.translation.translate import TranslationConfig
from seqkit.training.loop import TrainConfig


class CompareConfig(Config):
    """What `seqkit compare` sets against the recipe.

    Args:
        name: what the recipe's own system is called; its family if left out.
        match: what is made equal. `parameters` resizes each rival's width to within 2 % of the recipe's parameters; `steps`
            gives each as many updates as the recipe makes, `time` as many seconds of them (`train.seconds`), the systems of a
            seed trained in turns, widths as written; `none` takes rivals as given.
        seeds: each system is trained once with each.
        rivals: by name, what differs from the recipe, as tables or dotted keys.
        tune: for `--tune`, the space of each key that is searched, such as `train.learning_rate`: a list of values, or a table
            of `low`, `high` and `log`. A rival may override it: `compare.rivals.gru.compare.tune`.
    """

    name: str = ""
    match: Literal["parameters", "steps", "time", "none"] = "parameters"
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1)
    rivals: dict[str, dict[str, Any]] = Field(default_factory=dict)
    tune: dict[str, Space] = Field(default_factory=dict)

    @field_validator("tune", mode="before")
    @classmethod
    def _flat(cls, given: Any) -> Any:
        return flat(given) if isinstance(given, Mapping) else given


class AnyRecipe(Config):
    """What recipes of all tasks have.

    Args:
        about: one line for `seqkit recipes list`.
        corpus: a card's name, as `ner/wnut17`.
        fraction: the share of the training split that is used: sentences at random, of running text its beginning; the same
            for every model, and a part of every larger share.
    """

    about: str = ""
    corpus: str
    fraction: float = Field(default=1.0, gt=0, le=1)
    train: TrainConfig = TrainConfig()
    compare: CompareConfig = CompareConfig()

    def to_dict(self) -> dict[str, Any]:
        """Every value, defaults included."""
        return self.model_dump(mode="json")

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change whenever anything that shapes the trained model does."""
        shaping = {key: value for key, value in self.to_dict().items() if key not in ("about", "compare")}
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]

    def rival(self, name: str) -> Self:
        """The recipe with one rival's differences applied.

        Raises:
            UserError: they do not fit.
        """
        return self._with(self.compare.rivals[name], f"compare.rivals.{name}")

    def seeded(self, seed: int) -> Self:
        """The recipe with another seed."""
        return self.model_copy(update={"train": self.train.model_copy(update={"seed": seed})})

    def at_share(self, share: float) -> Self:
        """The recipe with a share of its training data, passed over so much more often that training is as long."""
        longer = {"epochs": self.train.epochs / share, "evaluate_every": self.train.evaluate_every / share}
        return self.model_copy(update={"fraction": self.fraction * share, "train": self.train.model_copy(update=longer)})

    def resized(self, **model: float) -> Self:
        """The recipe with other sizes in `[model]`."""
        return self._with({"model": model}, "resized")

    def tuned(self, settings: Mapping[str, Any]) -> Self:
        """The recipe with other settings, by dotted key.

        Raises:
            UserError: they do not fit.
        """
        change: dict[str, Any] = {}
        for key, value in settings.items():
            *tables, last = key.split(".")
            table = change
            for name in tables:
                table = table.setdefault(name, {})
            table[last] = value
        return self._with(change, "compare.tune") if change else self

    def _with(self, change: Mapping[str, Any], source: str) -> Self:
        return build(type(self), merge(type(self), self.to_dict(), change), source, {})


class TaggingRecipe(AnyRecipe):
    """A tagger on labelled sentences."""

    task: Literal["ner"]
    tokenizer: VocabularyConfig = VocabularyConfig()
    augment: AugmentConfig = AugmentConfig()
    model: TaggerConfig = RecurrentTaggerConfig()


class BatchConfig(Config):
    """How running text is cut into batches.

    Args:
        window: tokens of one update: the length of truncated back-propagation for a recurrent model, the context that a
            Transformer is trained on.
    """

    window: int = Field(default=64, ge=1)


class EvaluationConfig(Config):
    """What is measured after training.

    Args:
        protocols: how the past is treated when scoring a split; the first one is the score that systems are compared by.
            `carried`, `reset(64)`, `sliding(256, 64)`.
        dynamic: learning rate of dynamic evaluation (Krause et al. 2018), reported beside the static figure; 0 leaves it out.
        sample_length: tokens of each sample text in the report; 0 leaves samples out.
    """

    protocols: tuple[str, ...] = Field(default=("carried", "reset(64)"), min_length=1)
    dynamic: float = Field(default=0.0, ge=0)
    sample_length: int = Field(default=400, ge=0)


class TextRecipe(AnyRecipe):
    """A language model on running text; `generate` is character-level and judged by what it writes as well."""

    task: Literal["lm", "generate"]
    tokenizer: TokenizerConfig = CharactersConfig()
    model: LanguageModelConfig = RecurrentLanguageModelConfig()
    batches: BatchConfig = BatchConfig()
    evaluation: EvaluationConfig = EvaluationConfig()


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


class TranslationRecipe(AnyRecipe):
    """An encoder-decoder on pairs of sentences.

    Args:
        direction: source and target side of the corpus, as `de-en`; the corpus's first direction if left out.
        longest: symbols a side; longer training pairs are left out.
    """

    task: Literal["translate"]
    direction: str | None = None
    longest: int = Field(default=100, ge=1)
    tokenizer: PairTokenizerConfig = PairTokenizerConfig(source=PiecesConfig(model="bpe"))
    augment: PairAugmentConfig = PairAugmentConfig()
    train: PairTrainConfig = PairTrainConfig()  # pyright: ignore[reportIncompatibleVariableOverride] # frozen, so it may be narrower
    model: TranslatorConfig = RecurrentTranslatorConfig()
    evaluation: TranslationEvaluationConfig = TranslationEvaluationConfig()


Recipe = TaggingRecipe | TextRecipe | TranslationRecipe

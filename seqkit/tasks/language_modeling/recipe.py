"""What the recipe of a language model holds."""

from typing import Literal

from pydantic import Field

from seqkit.architecture.language_model import LanguageModelConfig, RecurrentLanguageModelConfig
from seqkit.config import Config
from seqkit.data.tokenizers.build import TokenizerConfig
from seqkit.data.tokenizers.characters import CharactersConfig
from seqkit.recipe.recipe import Recipe


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


class TextRecipe(Recipe):
    """A language model on running text; `generate` is character-level and judged by what it writes as well."""

    task: Literal["lm", "generate"]  # pyright: ignore[reportIncompatibleVariableOverride] # frozen, so it may be narrower
    tokenizer: TokenizerConfig = CharactersConfig()
    model: LanguageModelConfig = RecurrentLanguageModelConfig()
    batches: BatchConfig = BatchConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

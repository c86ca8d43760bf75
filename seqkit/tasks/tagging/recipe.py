"""What the recipe of a tagger holds."""

from typing import Literal

from seqkit.architecture.tagger import RecurrentTaggerConfig, TaggerConfig
from seqkit.data.vocabulary import VocabularyConfig
from seqkit.recipe.recipe import Recipe
from seqkit.tasks.tagging.augment import AugmentConfig


class TaggingRecipe(Recipe):
    """A tagger on labelled sentences."""

    task: Literal["ner"]  # pyright: ignore[reportIncompatibleVariableOverride] # frozen, so it may be narrower
    tokenizer: VocabularyConfig = VocabularyConfig()
    augment: AugmentConfig = AugmentConfig()
    model: TaggerConfig = RecurrentTaggerConfig()

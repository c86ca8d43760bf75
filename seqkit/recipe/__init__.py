"""Recipes: strict TOML to typed configurations, with overrides, rivals and a fingerprint."""

from seqkit.recipe.reading import DEFAULTS, load_recipe, parse_override, recipe_from, recipe_names, recipe_path
from seqkit.recipe.recipes import (
    BatchConfig,
    CompareConfig,
    EvaluationConfig,
    Recipe,
    TaggingRecipe,
    TextRecipe,
    TranslationEvaluationConfig,
    TranslationRecipe,
)

__all__ = [
    "DEFAULTS", "BatchConfig", "CompareConfig", "EvaluationConfig", "Recipe", "TaggingRecipe", "TextRecipe",
    "TranslationEvaluationConfig", "TranslationRecipe",
    "load_recipe", "parse_override", "recipe_from", "recipe_names", "recipe_path",
]  # fmt: skip

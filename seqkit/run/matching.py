"""Rivals of equal size: a model resized until its parameters are within 2 % of another's."""

from seqkit.data.vocabulary import Vocabulary
from seqkit.errors import UserError
from seqkit.models.tagger import Tagger
from seqkit.recipe import Recipe
from seqkit.run.corpora import CorpusData

TOLERANCE = 0.02


def count_parameters(recipe: Recipe, sizes: dict[str, int], tags: tuple[str, ...]) -> int:
    """The number of weights of the recipe's model over these tables."""
    return sum(weight.numel() for weight in Tagger(recipe.model, sizes, tags).parameters())


def match_parameters(rival: Recipe, reference: Recipe, corpus: CorpusData) -> Recipe:
    """The rival with the width that brings it nearest to the reference's number of parameters.

    Widths move in steps that divide into directions or heads; a Transformer's feed-forward layers take what is left over.

    Raises:
        UserError: no width comes within 2 %; gives the nearest sizes.
    """
    words = [sentence.tokens for sentence in corpus.sentences["train"]]

    def size(recipe: Recipe) -> int:
        return count_parameters(recipe, Vocabulary.fit(recipe.tokenizer, words).sizes, corpus.tags)

    # The tables are the same at every width: fit each vocabulary once.
    goal = size(reference)
    tables = Vocabulary.fit(rival.tokenizer, words).sizes
    step = getattr(rival.model, "heads", 2) * (2 if rival.model.family == "transformer" else 1)
    low, high = 1, 2
    while count_parameters(rival.resized(width=high * step), tables, corpus.tags) <= goal:
        low, high = high, 2 * high
    high -= 1
    while low < high:
        middle = (low + high + 1) // 2
        if count_parameters(rival.resized(width=middle * step), tables, corpus.tags) <= goal:
            low = middle
        else:
            high = middle - 1
    candidates = [rival.resized(width=steps * step) for steps in (low, low + 1)]
    if rival.model.family == "transformer" and count_parameters(candidates[0], tables, corpus.tags) < goal:
        candidates += [_fill(candidates[0], goal, tables, corpus.tags)]
    best = min(candidates, key=lambda recipe: abs(count_parameters(recipe, tables, corpus.tags) - goal))
    reached = count_parameters(best, tables, corpus.tags)
    if abs(reached - goal) > TOLERANCE * goal:
        sizes = ", ".join(f"{count_parameters(c, tables, corpus.tags):,} at width {c.model.width}" for c in candidates)
        raise UserError(
            f"a {rival.model.family} cannot be brought within {TOLERANCE:.0%} of {goal:,} parameters; nearest: {sizes} "
            "(change its layers, or set compare.match = 'none')"
        )
    return best


def _fill(recipe: Recipe, goal: int, tables: dict[str, int], tags: tuple[str, ...]) -> Recipe:
    """Widen the feed-forward layers by what is left to the goal."""
    model = recipe.model
    left = goal - count_parameters(recipe, tables, tags)
    feedforward: float = getattr(model, "feedforward", 1.0)
    more = left / (model.members * model.layers * (2 * model.width + 1) * model.width)
    return recipe.resized(feedforward=feedforward + more)

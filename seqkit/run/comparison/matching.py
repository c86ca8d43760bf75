"""Rivals made equal: a model resized until its parameters are within 2 % of another's, or a run as long in updates or in
seconds."""

from collections.abc import Callable

from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.training.loop import TrainConfig

TOLERANCE = 0.02


def match_parameters(rival: Recipe, goal: int, parameters: Callable[[Recipe], int]) -> Recipe:
    """The rival with the width that brings it nearest to a number of parameters.

    Widths move in steps that divide into directions or heads; the layers of a family that can take what is left over do.

    Args:
        parameters: counts those of a recipe's model.

    Raises:
        UserError: no width comes within 2 %; gives the nearest sizes.
    """
    counted: dict[str, int] = {}

    def size(recipe: Recipe) -> int:
        key = recipe.fingerprint()
        counted[key] = counted.get(key) or parameters(recipe)
        return counted[key]

    step: int = rival.model.width_step
    low, high = 1, 2
    while size(rival.resized(width=high * step)) <= goal:
        low, high = high, 2 * high
    high -= 1
    while low < high:
        middle = (low + high + 1) // 2
        if size(rival.resized(width=middle * step)) <= goal:
            low = middle
        else:
            high = middle - 1
    candidates = [rival.resized(width=steps * step) for steps in (low, low + 1)]
    if rival.model.filler and size(candidates[0]) < goal:
        candidates += [_fill(candidates[0], rival.model.filler, goal, size)]
    best = min(candidates, key=lambda recipe: abs(size(recipe) - goal))
    if abs(size(best) - goal) > TOLERANCE * goal:
        sizes = ", ".join(f"{size(c):,} at width {c.model.width}" for c in candidates)
        raise UserError(
            f"a {rival.model.family} cannot be brought within {TOLERANCE:.0%} of {goal:,} parameters; nearest: {sizes} "
            "(change its layers, or set compare.match = 'none')"
        )
    return best


def match_steps(rival: Recipe, train: TrainConfig, ratio: float) -> Recipe:
    """The rival with as many updates as another run, evaluated on dev after the same ones.

    Args:
        train: of the other run.
        ratio: how many batches that one makes of an epoch for one of the rival's.
    """
    settings = {"epochs": train.epochs * ratio, "evaluate_every": train.evaluate_every * ratio}
    return rival.model_copy(update={"train": rival.train.model_copy(update=settings)})


def match_time(rival: Recipe, train: TrainConfig) -> Recipe:
    """The rival with as many seconds of training as another run.

    Raises:
        UserError: that one goes by epochs.
    """
    if not train.seconds:
        raise UserError("compare.match = 'time' needs train.seconds, the training time of each system (or give --budget)")
    return rival.model_copy(update={"train": rival.train.model_copy(update={"seconds": train.seconds})})


def _fill(recipe: Recipe, filler: str, goal: int, size: Callable[[Recipe], int]) -> Recipe:
    """Widen what the number of parameters is linear in by what is left to the goal."""
    width: float = getattr(recipe.model, filler)
    now = size(recipe)
    doubled = size(recipe.resized(**{filler: 2 * width}))
    return recipe.resized(**{filler: width * (1 + (goal - now) / (doubled - now))})

"""How much of the padded batches of Multi30k is real: `python tests/bench/bench_batches.py`.

Reads the corpus from `$SEQKIT_CORPORA_MIRROR` or the cache, learns the pieces of the recipe, and prints, for batches of so many
pairs and of so many target tokens, the share of cells that hold a token, and the target tokens of a batch at the 5th, 50th and
95th percentile. Prints, asserts nothing.
"""

from collections.abc import Callable, Iterable

import numpy as np

from seqkit.data.batches import padding_share, pooled_batches, token_batches
from seqkit.data.sources import Sources
from seqkit.run.experiment import Experiment
from seqkit.tasks.recipes import load_recipe
from seqkit.tasks.translation.recipe import TranslationRecipe

Batches = Iterable[list[int]]


def main() -> None:
    """Print the table."""
    recipe = load_recipe("translate/multi30k_de_en")
    assert isinstance(recipe, TranslationRecipe)
    experiment = Experiment(recipe, Sources())
    tokenizer = experiment.tokenizer(recipe.tokenizer)
    pairs = [tokenizer.encode(pair) for pair in experiment.corpus.splits["train"]]
    sources, targets = [len(pair.source) for pair in pairs], [len(pair.target) for pair in pairs]
    by_both = [1000 * target + source for source, target in zip(sources, targets, strict=True)]
    print(f"{len(pairs):,} pairs, {sum(sources):,} → {sum(targets):,} tokens; real cells, in percent\n")
    print(f"{'batches of':22} {'sources':>8} {'targets':>8} {'both':>8} {'target tokens a batch':>24}")
    ways: dict[str, Callable[[], Batches]] = {f"{size} pairs": pairs_of(by_both, size) for size in (32, 80, 256)}
    ways |= {f"{size:,} target tokens": tokens_of(sources, targets, size) for size in (1000, 4000)}
    for name, way in ways.items():
        batches = list(way())
        source, target = (1 - padding_share(lengths, batches) for lengths in (sources, targets))
        cells = sum(sources) / source + sum(targets) / target
        sizes = [sum(targets[place] for place in batch) for batch in batches]
        low, middle, high = np.percentile(sizes, [5, 50, 95])
        both = (sum(sources) + sum(targets)) / cells
        print(f"{name:22} {100 * source:8.1f} {100 * target:8.1f} {100 * both:8.1f} {low:10,.0f} {middle:6,.0f} {high:6,.0f}")


def pairs_of(lengths: list[int], size: int) -> Callable[[], Batches]:
    """Batches of so many pairs."""
    return lambda: pooled_batches(lengths, size, seed=1, epoch=0)


def tokens_of(sources: list[int], targets: list[int], size: int) -> Callable[[], Batches]:
    """Batches of so many tokens."""
    return lambda: token_batches(sources, targets, size, seed=1, epoch=0)


if __name__ == "__main__":
    main()

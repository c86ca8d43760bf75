"""What a report says of transductions, such as pronunciations and inflected forms: each is right as a whole, or wrong.

Axes: N sources, C counts, L edges of lengths.
"""

import numpy as np

from seqkit.metrics.significance import bootstrap_interval
from seqkit.metrics.transduction import unit_error_rate, word_accuracy, word_error_rate
from seqkit.metrics.translation import length_buckets
from seqkit.report.report import Bars, Figure, Section, Table, Texts
from seqkit.tasks.translation.evaluation import SplitTranslated, TranslationEvaluation, summed

EXAMPLES = 12  # of mistakes, the worst first
UNITS = {"symbols": "phone error rate", "characters": "character error rate"}


def verdict(evaluation: TranslationEvaluation) -> str:
    """`test: word error rate 43.1 % [41.6, 44.6], phone error rate 9.9 %, on 4,168 words.`"""
    first = evaluation.splits[0]
    words, units = error_rates(first)
    return f"{first.name}: word error rate {words.text()}, {units.name} {units.text()}, on {len(first.pairs):,} words."


def error_rates(split: SplitTranslated) -> tuple[Figure, Figure]:
    """Of words, with its interval, and of phones or characters."""
    counts_NC = split.whole_counts
    interval = bootstrap_interval(counts_NC, word_error_rate, seed=0)
    bounds = (100 * interval.low, 100 * interval.high)
    units = 100 * float(unit_error_rate(summed(counts_NC)))
    return (
        Figure("word error rate", 100 * interval.value, "%", n=len(counts_NC), interval=bounds, digits=1),
        Figure(UNITS[split.config.unit], units, "%", digits=1),
    )


def scores(evaluation: TranslationEvaluation, search: str) -> Section:
    """A row a split."""
    rows = [
        (
            split.name,
            Figure("accuracy", 100 * float(word_accuracy(summed(split.whole_counts))), "%", digits=1),
            *error_rates(split),
            len(split.pairs),
            sum(len(golds) > 1 for golds in split.golds),
        )
        for split in evaluation.splits
    ]
    unit = UNITS[evaluation.config.unit]
    columns = ("split", "accuracy", "word error rate", unit, "words", "with several golds")
    note = (
        f"{search}. A word is right if it equals any of its golds. {unit.capitalize()}: edits to the nearest gold in a hundred "
        f"{'phones' if evaluation.config.unit == 'symbols' else 'characters'} of it."
    )
    return Section("How many are right", blocks=(Table("Scores", columns, tuple(rows), note),))


def lengths(split: SplitTranslated) -> Section:
    """The word error rate by the number of source characters, four parts of about one size."""
    sizes = [len(pair.source) for pair in split.pairs]
    edge_L = np.unique(np.quantile(sizes, [0.25, 0.5, 0.75], method="lower"))
    buckets = length_buckets(sizes, edge_L.tolist())
    found = {name: 100 * float(word_error_rate(split.whole_counts[places].sum(axis=0))) for name, places in buckets.items()}
    bars = Bars("Word error rate by source length", "%", tuple(found), ((split.name, tuple(found.values())),))
    rows = tuple((name, len(buckets[name]), Figure("rate", value, "%", digits=1)) for name, value in found.items())
    table = Table("By source characters", ("characters", "words", "word error rate"), rows)
    return Section("Short and long", blocks=(bars, table))


def mistakes(split: SplitTranslated) -> Section:
    """Those furthest from their nearest gold, for its length; equals in the order of the split."""
    counts_NC = split.whole_counts
    share_N = unit_error_rate(counts_NC.astype(np.float64))
    wrong = [place for place in np.argsort(-share_N, kind="stable").tolist() if not counts_NC[place, 0]]

    def example(place: int) -> tuple[str, str]:
        golds = "  or  ".join(split.golds[place])
        text = f"source  {split.pairs[place].source}\ngold    {golds}\noutput  {split.outputs[place]}"
        return f"{counts_NC[place, 2]} edits", text

    note = "" if wrong else "None is wrong."
    return Section("Mistakes", blocks=(Texts("Worst", tuple(example(place) for place in wrong[:EXAMPLES]), note),))

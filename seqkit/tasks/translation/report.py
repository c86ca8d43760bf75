"""The evaluation report of a translator: scores with their signature and intervals, by split and length, examples, the cost."""

from typing import Any

import numpy as np

from seqkit.metrics.significance import accuracy, bootstrap_interval
from seqkit.metrics.transduction import unit_error_rate, word_accuracy
from seqkit.metrics.translation import bleu, bleu_by_length, bleu_signature, chrf, length_buckets, length_ratio, ter
from seqkit.report.figure import Figure
from seqkit.report.report import Bars, Block, Lines, Section, Series, Table, Texts
from seqkit.tasks.scores import Quantity, Scores, Speed
from seqkit.tasks.task import Summary
from seqkit.tasks.translation import transductions
from seqkit.tasks.translation.evaluation import SplitTranslated, TranslationEvaluation, summed

EXAMPLES = 8  # of the worst and of the best translations


def summary(evaluation: TranslationEvaluation) -> Summary:
    """What the report shows."""
    main = main_figure(evaluation)
    first = evaluation.splits[0]
    if evaluation.config.metric == "accuracy":
        said = transductions.verdict(evaluation)
        found = transductions.scores(evaluation, search_text(evaluation).capitalize())
        sections = (found, transductions.lengths(first), source_memory(evaluation), transductions.mistakes(first))
    else:
        exact = 100 * float(word_accuracy(summed(first.whole_counts)))
        said = f"{first.name}: {main.text()} on {len(first.pairs):,} sentences; {exact:.1f} % are as a reference has them."
        sections = (counted(evaluation), lengths(evaluation), source_memory(evaluation), examples(first))
    return Summary(
        score=main,
        verdict=said,
        sections=sections,
        headline=(Figure("one sentence alone", evaluation.speed.milliseconds, "ms"),),
        context=(
            *([("BLEU", signature(evaluation))] if evaluation.config.metric == "bleu" else []),
            ("search", search_text(evaluation)),
        ),
        cost="; greedy",
        note="[ , ] is a 95 % bootstrap interval over sentences.",
    )


def scores(evaluation: TranslationEvaluation) -> Scores:
    """Counts by sentence, further scores and speeds, for comparisons."""
    first = evaluation.splits[0]
    by_accuracy = evaluation.config.metric == "accuracy"
    held = {
        f"memory of a source of {symbols} symbols": Quantity(value=evaluation.state_bytes[symbols], unit="bytes")
        for symbols in (16, 256)
    }
    return Scores(
        measure="exact" if by_accuracy else "bleu",
        split=first.name,
        units=(first.whole_counts if by_accuracy else first.bleu_counts).tolist(),
        lengths=tuple(len(pair.source if by_accuracy else pair.source.split()) for pair in first.pairs),
        further=further(evaluation) | held,
        speeds={
            "translating, 64 side by side": Speed(value=evaluation.speed.batched, unit="symbols/s"),
            "one sentence alone": Speed(value=evaluation.speed.milliseconds, unit="ms"),
        },
    )


def further(evaluation: TranslationEvaluation) -> dict[str, Quantity]:
    """Scores beside the one that systems are compared by."""
    first, *others = evaluation.splits
    if evaluation.config.metric == "accuracy":
        rates = {f"{split.name} {rate.name}": rate for split in evaluation.splits for rate in transductions.error_rates(split)}
        return {name: Quantity(value=float(rate.value or 0), unit="%") for name, rate in rates.items()}
    whole = 100 * float(word_accuracy(summed(first.whole_counts)))
    return {
        **{f"{split.name} BLEU": Quantity(value=float(bleu(summed(split.bleu_counts))), unit="BLEU") for split in others},
        f"{first.name} chrF": Quantity(value=float(chrf(summed(first.chrf_counts))), unit=""),
        f"{first.name}, whole sentence right": Quantity(value=whole, unit="%"),
    }


def main_figure(evaluation: TranslationEvaluation) -> Figure:
    """What systems are compared by, on the first split."""
    first = evaluation.splits[0]
    if evaluation.config.metric == "accuracy":
        interval = bootstrap_interval(first.whole_counts, word_accuracy, seed=0)
        bounds = (100 * interval.low, 100 * interval.high)
        return Figure(f"{first.name} accuracy", 100 * interval.value, "%", n=len(first.pairs), interval=bounds, digits=1)
    interval = bootstrap_interval(first.bleu_counts, bleu, seed=0)
    bounds = (interval.low, interval.high)
    return Figure(f"{first.name} BLEU", interval.value, "BLEU", n=len(first.pairs), interval=bounds, digits=1)


def signature(evaluation: TranslationEvaluation) -> str:
    """Of BLEU as it is counted here."""
    return bleu_signature(lowercase=evaluation.config.lowercase)


def search_text(evaluation: TranslationEvaluation) -> str:
    """`greedy`, `beam 5, length penalty 0.6`."""
    search = evaluation.config.search
    return f"beam {search.beam}, length penalty {search.length_penalty:g}" if search.beam > 1 else "greedy"


def counted(evaluation: TranslationEvaluation) -> Section:
    """A row a split."""
    rows: list[tuple[Any, ...]] = []
    for split in evaluation.splits:
        interval = bootstrap_interval(split.bleu_counts, bleu, seed=0)
        rows.append(
            (
                split.name,
                Figure("BLEU", interval.value, digits=1, interval=(interval.low, interval.high)),
                Figure("chrF", float(chrf(summed(split.chrf_counts))), digits=1),
                Figure("TER", float(ter(summed(split.ter_counts))), digits=1),
                Figure("exact", 100 * float(word_accuracy(summed(split.whole_counts))), "%", digits=1),
                Figure("errors", 100 * float(unit_error_rate(summed(split.whole_counts))), "%", digits=1),
                Figure("length", float(length_ratio(summed(split.bleu_counts))), digits=3),
                Figure("copied", 100 * float(accuracy(summed(split.copy_counts))), "%", digits=1),
            )
        )
    columns = ("split", "BLEU", "chrF", "TER", "whole sentence right", "words wrong", "length ratio", "copied words")
    note = (
        f"BLEU: sacreBLEU, {signature(evaluation)}; {search_text(evaluation)}. TER in small "
        "letters, less is better. Words wrong: edits in a hundred words of the reference. Copied: words of the output that "
        "stand in the source."
    )
    return Section("How well it translates", blocks=(Table("Scores", columns, tuple(rows), note),))


def lengths(evaluation: TranslationEvaluation) -> Section:
    """BLEU by the number of source words."""
    split = evaluation.splits[0]
    buckets = length_buckets([len(pair.source.split()) for pair in split.pairs])
    found = bleu_by_length(split.bleu_counts, buckets)
    bars = Bars("BLEU by source length", "BLEU", tuple(found), ((split.name, tuple(found.values())),))
    rows = tuple((name, len(buckets[name]), Figure("BLEU", value, digits=1)) for name, value in found.items())
    return Section("Short and long", blocks=(bars, Table("By source words", ("words", "sentences", "BLEU"), rows)))


def source_memory(evaluation: TranslationEvaluation) -> Section:
    """What is kept of a source."""
    sizes = evaluation.state_bytes
    blocks: list[Block] = []
    if any(sizes.values()):
        series = (Series("memory of the source", tuple(sizes), tuple(size / 1000 for size in sizes.values())),)
        note = "What the decoder can read of the source, beside the state it starts from; flat where its size is fixed."
        blocks.append(Lines("Memory of the source", "source symbols", "kB", series, note, log_x=True))
    text = "" if blocks else "The decoder starts from the encoder's last state and reads nothing else of the source."
    return Section("What it keeps of the source", text=text, blocks=tuple(blocks))


def examples(split: SplitTranslated) -> Section:
    """The worst and the best translations, by BLEU of the sentence; equals by length, longest first."""
    values = bleu(split.bleu_counts.astype(np.float64))
    order = sorted(range(len(split.pairs)), key=lambda place: (values[place], -len(split.pairs[place].source)))
    best = sorted(range(len(split.pairs)), key=lambda place: (-values[place], -len(split.pairs[place].source)))

    def example(place: int) -> tuple[str, str]:
        pair = split.pairs[place]
        text = f"source     {pair.source}\nreference  {pair.target}\noutput     {split.outputs[place]}"
        return f"sentence {place + 1}, BLEU {values[place]:.0f}", text

    worst = Texts("Worst", tuple(example(place) for place in order[:EXAMPLES]))
    return Section("Examples", blocks=(worst, Texts("Best", tuple(example(place) for place in best[: EXAMPLES // 2]))))

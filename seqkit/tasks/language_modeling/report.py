"""The evaluation report of a language model: every figure with its protocol, the past it uses, the text it writes, the cost."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seqkit.metrics.abc_notation import check_tune, split_tunes
from seqkit.metrics.likelihood import Likelihood
from seqkit.metrics.novelty import distinct
from seqkit.metrics.significance import Interval, bootstrap_interval, nats_per_token
from seqkit.models.inspection.gradients import Reach
from seqkit.report.figure import Figure
from seqkit.report.report import Block, Lines, Section, Series, Table, Texts
from seqkit.tasks.language_modeling.evaluation import REACH, TextEvaluation, Written
from seqkit.tasks.language_modeling.trained import TrainedLanguageModel
from seqkit.tasks.scores import Quantity, Scores, Speed
from seqkit.tasks.task import Summary

COPY = 20  # characters from which a repetition of the training text counts as a copy


def summary(trained: TrainedLanguageModel, evaluation: TextEvaluation) -> Summary:
    """What the report shows."""
    main = main_figure(trained, evaluation)
    speed = evaluation.speed
    return Summary(
        score=main,
        verdict=_verdict(trained, evaluation, main),
        sections=(
            _scores(trained, evaluation),
            _past(evaluation),
            *((_samples(evaluation),) if evaluation.samples else ()),
        ),
        headline=(Figure("writing, one text", speed.writing, f"{trained.unit}/s"),),
        note="[ , ] is a 95 % bootstrap interval over segments of 256 tokens.",
    )


def scores(trained: TrainedLanguageModel, evaluation: TextEvaluation) -> Scores:
    """Nats by segment, further losses, sizes of the state and speeds, for comparisons."""
    (_, main), *others = evaluation.losses.items()
    likelihood = next(iter(evaluation.likelihoods.values()))
    split, unit, speed = evaluation.split.name, f"{trained.unit}/s", evaluation.speed
    sizes = evaluation.state_bytes.values()
    return Scores(
        measure="nats",
        split=split,
        units=main.segment_S2.tolist(),
        further={
            **{f"{split} loss, {name}": Quantity(value=losses.nats_per_token, unit="nats/token") for name, losses in others},
            "bits a character": Quantity(value=likelihood.bits_per_character, unit="bits"),
            "perplexity per word": Quantity(value=likelihood.word_perplexity, unit=""),
            "state after 1k tokens": Quantity(value=min(held[1 << 10] for held in sizes), unit="bytes"),
            "state after 16k tokens, no window": Quantity(value=max(held[1 << 14] for held in sizes), unit="bytes"),
        },
        speeds={
            "scoring, 32 streams": Speed(value=speed.scoring, unit=unit),
            "writing, one text": Speed(value=speed.writing, unit=unit),
            "one step alone": Speed(value=speed.step_milliseconds, unit="ms"),
        },
    )


def main_figure(trained: TrainedLanguageModel, evaluation: TextEvaluation) -> Figure:
    """The loss under the first protocol."""
    name, losses = next(iter(evaluation.losses.items()))
    interval = _interval(losses.segment_S2)
    return Figure(
        f"{evaluation.split.name} loss, {name}",
        losses.nats_per_token,
        f"nats/{trained.unit.removesuffix('s')}",
        n=losses.tokens,
        interval=(interval.low, interval.high),
        digits=4,
    )


def _interval(segment_S2: NDArray[np.float64]) -> Interval:
    return bootstrap_interval(segment_S2, nats_per_token, seed=0)


def _verdict(trained: TrainedLanguageModel, evaluation: TextEvaluation, main: Figure) -> str:
    protocol, found = next(iter(evaluation.likelihoods.items()))
    if trained.unit == "characters":
        meaning = f"{found.bits_per_character:.3f} bits a character"
    else:
        meaning = f"perplexity {found.perplexity:.1f} a token, {found.word_perplexity:.1f} a word"
    sentence = (
        f"{evaluation.split.name}: {main.text()} on {found.tokens:,} {trained.unit}, protocol {protocol}; that is {meaning}."
    )
    if evaluation.dynamic:
        sentence += f" Learning as it reads (dynamic evaluation): {evaluation.dynamic.nats_per_token:.4f}."
    return sentence


def _scores(trained: TrainedLanguageModel, evaluation: TextEvaluation) -> Section:
    rows = [
        (name, *_row(found, _interval(evaluation.losses[name].segment_S2))) for name, found in evaluation.likelihoods.items()
    ]
    if evaluation.dynamic:
        rows.append(("dynamic evaluation, carried", *_row(evaluation.dynamic, None)))
    note = (
        "carried: the state passes from the first token to the last. reset(N): a new state every N tokens. sliding(N, S): each "
        "token predicted from more than N − S before it. Words are counted as in WikiText: "
        f"{evaluation.split.words:,} with line ends, of {evaluation.split.characters:,} characters; per word and per "
        "character, tokenizers can be compared."
    )
    columns = ("protocol", f"nats/{trained.unit.removesuffix('s')}", "bits/character", "perplexity", "perplexity per word")
    return Section("How well it predicts", blocks=(Table("Loss by protocol", columns, tuple(rows), note),))


def _row(found: Likelihood, interval: Interval | None) -> tuple[Figure, ...]:
    within = (interval.low, interval.high) if interval else None
    return (
        Figure("nats", found.nats_per_token, digits=4, interval=within),
        Figure("bits", found.bits_per_character, digits=4),
        Figure("perplexity", found.perplexity, digits=2),
        Figure("word perplexity", found.word_perplexity, digits=1),
    )


def _past(evaluation: TextEvaluation) -> Section:
    blocks: list[Block] = []
    positions = [
        Series(name, tuple(x + 1 for x in places), tuple(means))
        for name, losses in evaluation.losses.items()
        if len(losses.position_W2)
        for places, means in [_by_position(losses.position_W2)]
    ]
    if positions:
        note = "How much a longer past helps: where the curve is flat, what lies further back is not used."
        blocks.append(Lines("Loss by position", "tokens read", "nats/token", tuple(positions), note, log_x=True))
    reaches = [("state", evaluation.state_reach), ("input", evaluation.input_reach)]
    curves = tuple(_reach_series(name, reach) for name, reach in reaches if reach)
    if curves:
        lengths = "; ".join(f"{name}: {_reach_text(reach)}" for name, reach in reaches if reach)
        note = "Gradient of a token's loss with respect to what was k steps before, relative to k = 0. "
        note += f"Below 1 % from — {lengths}."
        blocks.append(Lines("Gradient reach", "steps back", "relative norm", curves, note))
    weights = tuple(Series(name, tuple(sizes), tuple(sizes.values())) for name, sizes in evaluation.state_bytes.items())
    note = "What the model holds of the past of one text."
    blocks.append(Lines("Memory of the past", "tokens read", "bytes", weights, note, log_x=True))
    return Section("How far back it looks, and what that costs", blocks=tuple(blocks))


def _by_position(position_W2: NDArray[np.float64]) -> tuple[list[int], list[float]]:
    """Mean nats at the first positions and over ranges that double after them."""
    edges = sorted({0, *(1 << power for power in range(len(position_W2).bit_length() + 1)), len(position_W2)})
    edges = [edge for edge in edges if edge <= len(position_W2)]
    places: list[int] = []
    means: list[float] = []
    for low, high in pairwise(edges):
        nats, tokens = position_W2[low:high].sum(axis=0)
        if tokens:
            places.append((low + high - 1) // 2)
            means.append(float(nats / tokens))
    return places, means


def _reach_series(name: str, reach: Reach) -> Series:
    values = reach.relative_K
    return Series(name, tuple(range(len(values))), tuple(values.tolist()))


def _reach_text(reach: Reach) -> str:
    return f"{reach.steps} steps" if reach.steps is not None else f"more than {REACH} steps"


def _samples(evaluation: TextEvaluation) -> Section:
    rows = tuple(
        (
            f"temperature {one.temperature:g}",
            Figure("distinct-2", distinct([one.text.split()], 2), digits=2),
            Figure("distinct-4", distinct([one.text], 4), digits=2),
            len(one.copies.longest) if one.copies else None,
            Figure("copied", 100 * one.copies.share(COPY), "%") if one.copies else None,
            _tunes(one),
        )
        for one in evaluation.samples
    )
    columns = ("sample", "distinct-2, words", "distinct-4, letters", "longest copy", f"in copies of {COPY}+", "valid tunes")
    note = (
        "Distinct-n: different n-grams over all (Li et al. 2016). Copies: runs of characters that stand in the training text. "
        "ABC: of the whole tunes in the sample, where there are any."
    )
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], tuple(row[:-1] for row in rows)
        note = note.split(" ABC:")[0]
    items = tuple((f"temperature {one.temperature:g}", one.text) for one in evaluation.samples)
    return Section("What it writes", blocks=(Texts("Samples", items), Table("Novelty", columns, rows, note)))


def _tunes(written: Written) -> str | None:
    """`3 of 4`: tunes in ABC notation that parse, the last one, which is cut off, left out."""
    tunes = [tune for tune in split_tunes(written.text)[:-1] if tune.startswith("X:")]
    return f"{sum(check_tune(tune).valid for tune in tunes)} of {len(tunes)}" if tunes else None

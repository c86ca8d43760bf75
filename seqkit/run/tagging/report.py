"""The evaluation report of a tagger: every figure with its n, its interval where it can have one, and the errors themselves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqkit.metrics.accuracy import count_by_known_word, count_by_tag
from seqkit.metrics.calibration import brier_score, expected_calibration_error, reliability
from seqkit.metrics.entities import Counts, seqeval_scores, surface_counts
from seqkit.metrics.errors import confusion, count_by_length, count_by_seen, differences, error_counts
from seqkit.metrics.significance import accuracy, bootstrap_interval, f1
from seqkit.report.report import (
    Bars,
    Bin,
    Block,
    Figure,
    Heat,
    Lines,
    Reliability,
    Report,
    Section,
    Sentence,
    Sentences,
    Series,
    Table,
)
from seqkit.run.cost import Row, cost_section
from seqkit.run.display import read_events
from seqkit.run.machine import surroundings
from seqkit.run.tagging.evaluate import Evaluation
from seqkit.run.tagging.model import TrainedTagger
from seqkit.run.training import TrainingFacts

SAMPLES = 1000
WORST = 12


def tagging_report(
    tagger: TrainedTagger,
    evaluation: Evaluation,
    *,
    title: str,
    subtitle: str,
    facts: TrainingFacts | None = None,
    command: str = "",
    events: Path | None = None,
    reading: Sequence[str] = (),
    official: bool = False,
) -> Report:
    """Assemble the report.

    Args:
        facts: how training went, if this run trained the model.
        events: its metrics.jsonl, for the learning curve.
        reading: one line a split on how the data was read.
        official: add WNUT-17's surface-form F1.
    """
    score = main_score(evaluation)
    sections = [_scores(evaluation, score, official=official)]
    if evaluation.entities:
        sections += [_types(evaluation), _errors(evaluation), _confidence(evaluation)]
    else:
        sections += [_labels(evaluation)]
    if events is not None and events.exists():
        sections.append(_training(events, evaluation.entities))
    device = next(tagger.model.parameters()).device
    sections.append(_cost(tagger, evaluation, facts, device))
    if evaluation.entities:
        sections.append(_worst(evaluation, str(tagger.about.get("language", ""))))
    context = [*surroundings(device), ("corpus", str(tagger.about.get("corpus", "")))]
    context += [
        ("recipe fingerprint", str(tagger.about.get("fingerprint", ""))),
        ("seed", str(tagger.about.get("seed"))),
    ]
    if command:
        context.append(("command", command))
    context += [("data", line) for line in reading]
    return Report(
        title=title,
        subtitle=subtitle,
        verdict=(_verdict(evaluation, score),),
        headline=(score, *_headline(tagger, evaluation, facts)),
        sections=tuple(sections),
        context=tuple(context),
        note=f"[ , ] is a 95 % bootstrap interval over sentences ({SAMPLES} resamples): it covers the test "
        "sentences drawn, not the choice of seed.",
    )


def main_score(evaluation: Evaluation) -> Figure:
    """Strict entity F1, or token accuracy, in percent with its interval."""
    seeds = 0
    interval = bootstrap_interval(evaluation.units_NC, f1 if evaluation.entities else accuracy, samples=SAMPLES, seed=seeds)
    return Figure(
        f"{evaluation.split} {'F1, strict' if evaluation.entities else 'accuracy'}",
        100 * interval.value,
        "%",
        n=len(evaluation.sentences),
        interval=(100 * interval.low, 100 * interval.high),
    )


def _verdict(evaluation: Evaluation, score: Figure) -> str:
    if not evaluation.entities:
        return f"{score.text()} of {int(evaluation.units_NC[:, 1].sum()):,} {evaluation.split} tokens are labelled right."
    counts = Counts(*map(int, evaluation.units_NC.sum(axis=0)))
    lenient = Counts(*map(int, evaluation.lenient_NC.sum(axis=0)))
    return (
        f"{evaluation.split} F1 {score.text()} on {counts.gold:,} entities · lenient {100 * lenient.f1:.1f} · "
        f"{evaluation.invalid} invalid transitions. Of the entities it names, {100 * counts.precision:.0f} % are right; "
        f"of those there are, it finds {100 * counts.recall:.0f} %."
    )


def _headline(tagger: TrainedTagger, evaluation: Evaluation, facts: TrainingFacts | None) -> list[Figure]:
    figures = [Figure("parameters", tagger.parameters, "parameters")]
    if facts:
        figures.append(Figure("training time", facts.seconds, "s"))
    if evaluation.speed:
        figures.append(Figure("prediction, batch 64", evaluation.speed.batched, "words/s"))
    return figures


def _scores(evaluation: Evaluation, score: Figure, *, official: bool) -> Section:
    if not evaluation.entities:
        return Section("Score", blocks=(Table("Accuracy", ("measure", "value"), (("token accuracy", score),)),))
    published = seqeval_scores([s.tags for s in evaluation.sentences], [p.tags for p in evaluation.predictions])
    rows: list[tuple[Any, ...]] = []
    for name, scores in (("strict", published.strict.micro), ("lenient", published.lenient.micro)):
        rows.append((f"entities, {name}", *(percent(v) for v in (scores.precision, scores.recall, scores.f1)), scores.support))
    if official:
        lenient = [list(prediction.spans) for prediction in evaluation.predictions]
        counts = surface_counts([s.tokens for s in evaluation.sentences], evaluation.gold, lenient)
        rows.append(
            (
                "surface forms (WNUT-17)",
                *(percent(v) for v in (counts.precision, counts.recall, counts.f1)),
                counts.gold,
            )
        )
    note = (
        "Strict: an entity counts when its span and type are right, and a stray I- opens none. Lenient: a stray I- opens "
        f"one. Computed with seqeval; {evaluation.invalid} invalid transitions were predicted."
    )
    table = Table("Entities", ("reading", "precision", "recall", "F1", "support"), tuple(rows), note)
    return Section("Score", blocks=(table,))


def _types(evaluation: Evaluation) -> Section:
    published = seqeval_scores([s.tags for s in evaluation.sentences], [p.tags for p in evaluation.predictions])
    rows = tuple(
        (label, percent(s.precision), percent(s.recall), percent(s.f1), s.support)
        for label, s in published.strict.by_type.items()
    )
    blocks: list[Block] = [Table("By type", ("type", "precision", "recall", "F1", "support"), rows)]
    matrix = confusion(evaluation.gold, evaluation.found)
    blocks.append(
        Heat(
            "Gold type against predicted type",
            (*matrix.labels, "none"),
            (*matrix.labels, "none"),
            tuple(tuple(int(n) for n in row) for row in matrix.counts),
            "The column none holds missed entities, the row none spurious ones.",
        )
    )
    blocks.append(_by_length(evaluation))
    if evaluation.known is not None:
        parts = count_by_seen([s.tokens for s in evaluation.sentences], evaluation.gold, evaluation.found, evaluation.known)
        rows = tuple((name, percent(c.precision), percent(c.recall), percent(c.f1), c.gold) for name, c in parts.items())
        blocks.insert(
            1,
            Table(
                "Seen and unseen entities",
                ("entity", "precision", "recall", "F1", "support"),
                rows,
                "Seen: the same words with the same type stand in the training split.",
            ),
        )
    return Section("Where it is good and where it is not", blocks=tuple(blocks))


def _by_length(evaluation: Evaluation) -> Bars:
    buckets = count_by_length([len(s.tokens) for s in evaluation.sentences], evaluation.gold, evaluation.found)
    held = [bucket for bucket in buckets if bucket.counts.gold]
    names = tuple(f"{b.low}–{b.high}" if b.high else f"{b.low}+" for b in held)
    sizes = ", ".join(f"{name}: {b.counts.gold}" for name, b in zip(names, held, strict=True))
    return Bars(
        "F1 by sentence length",
        "strict F1, %",
        names,
        (("F1", tuple(100 * b.counts.f1 for b in held)),),
        note=f"Length in tokens. Gold entities: {sizes}.",
    )


def _errors(evaluation: Evaluation) -> Section:
    kinds = error_counts(evaluation.gold, evaluation.found)
    total = sum(kinds.values()) or 1
    meaning = {
        "missed": "a gold entity that nothing predicted touches",
        "spurious": "a predicted entity that no gold one touches",
        "boundary": "right type, wrong span",
        "type": "right span, wrong type",
        "boundary and type": "overlapping, both wrong",
    }
    rows = tuple((str(kind), n, percent(n / total), meaning[str(kind)]) for kind, n in kinds.items())
    return Section("Kinds of error", blocks=(Table("Errors", ("kind", "count", "share", "meaning"), rows),))


def _confidence(evaluation: Evaluation) -> Section:
    confidence: list[float] = []
    right: list[bool] = []
    for gold, prediction in zip(evaluation.gold, evaluation.predictions, strict=True):
        for span, value in zip(prediction.spans, prediction.confidences, strict=True):
            confidence.append(value)
            right.append(span in gold)
    if not confidence:
        return Section("Confidence", "No entity was predicted.")
    diagram = reliability(confidence, right, bins=10)
    error = expected_calibration_error(diagram)
    rows = (
        ("expected calibration error", percent(error if error is not None else None)),
        ("Brier score", Figure("Brier score", brier_score(confidence, right), digits=3)),
        ("predicted entities", len(confidence)),
    )
    plot = Reliability(
        "Is it as sure as it is right?",
        tuple(Bin(b.confidence, b.accuracy, b.count) for b in diagram),
        "A point on the diagonal: of the entities given this confidence, that share is right.",
    )
    return Section("Confidence", blocks=(Table("Calibration", ("measure", "value"), rows), plot))


def _labels(evaluation: Evaluation) -> Section:
    gold = [s.tags for s in evaluation.sentences]
    found = [p.tags for p in evaluation.predictions]
    by_tag = count_by_tag(gold, found)
    rows = tuple((tag, percent(c.precision), percent(c.recall), percent(c.f1), c.gold) for tag, c in by_tag.items())
    blocks: list[Block] = [Table("By tag", ("tag", "precision", "recall", "F1", "support"), rows)]
    if evaluation.known_words is not None:
        parts = count_by_known_word([s.tokens for s in evaluation.sentences], gold, found, evaluation.known_words)
        rows = tuple((name, percent(c.f1), c.gold) for name, c in parts.items())
        blocks.append(Table("Words seen in training and others", ("word", "accuracy", "tokens"), rows))
    return Section("Tags", blocks=tuple(blocks))


def _training(events: Path, entities: bool) -> Section:
    rows = read_events(events)
    looks = [row for row in rows if row["event"] == "evaluated"]
    steps = [row for row in rows if row["event"] == "step"]
    name = "dev F1, %" if entities else "dev accuracy, %"
    blocks: list[Block] = []
    if looks:
        series = Series("dev", tuple(r["epoch"] for r in looks), tuple(100 * r["dev_score"] for r in looks))
        best = f"Best: {100 * looks[-1]['best_score']:.1f} at epoch {looks[-1]['best_epoch']}; those weights are kept."
        blocks.append(Lines("Learning curve", "epoch", name, (series,), best))
    if steps:
        # The mean of neighbouring updates: single ones are noisy.
        chunks = np.array_split(np.array([[r["step"], r["loss"]] for r in steps]), min(60, len(steps)))
        x, y = zip(*[chunk.mean(axis=0).tolist() for chunk in chunks], strict=True)
        blocks.append(Lines("Training loss", "update", "nats a token", (Series("loss", x, y),)))
    return Section("Training", blocks=tuple(blocks))


def _cost(tagger: TrainedTagger, evaluation: Evaluation, facts: TrainingFacts | None, device: torch.device) -> Section:
    speeds: list[Row] = []
    if speed := evaluation.speed:
        speeds += [
            ("prediction, batch 64", Figure("speed", speed.batched, "words/s")),
            ("prediction, batch 1", Figure("speed", speed.single, "words/s")),
            ("one sentence alone", Figure("latency", speed.single_milliseconds, "ms")),
        ]
        if not facts:
            speeds.append(("peak memory, predicting", Figure("memory", speed.peak_memory, "bytes")))
    return cost_section(tagger, facts, speeds, device, "; word vectors are computed afresh in each measurement")


def _worst(evaluation: Evaluation, language: str) -> Section:
    ranked: list[tuple[float, Sentence]] = []
    for sentence, gold, found, prediction in zip(
        evaluation.sentences, evaluation.gold, evaluation.found, evaluation.predictions, strict=True
    ):
        wrong = differences(gold, found)
        if not wrong:
            continue
        sure = dict(zip(prediction.spans, prediction.confidences, strict=True))
        # A confident mistake is worse than a doubtful one; a missed entity weighs a half.
        weight = sum(sure.get(one.predicted, 0.5) if one.predicted else 0.5 for one in wrong)
        confidences = tuple(sure.get(span) for span in found)
        ranked.append((weight, Sentence(tuple(sentence.tokens), tuple(gold), tuple(found), confidences)))
    ranked.sort(key=lambda pair: -pair[0])
    note = "Ranked by the confidence of wrong entities, a missed one weighing a half."
    items = tuple(sentence for _, sentence in ranked[:WORST])
    return Section("The worst errors", blocks=(Sentences("In context", items, note, language=language),))


def percent(share: float | None) -> Figure:
    """A fraction as a table cell in percent."""
    return Figure("", None if share is None else 100 * share, "%")

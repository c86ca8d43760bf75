"""The evaluation report of a tagger: every figure with its n, its interval where it can have one, and the errors themselves."""

from typing import Any

from seqkit.metrics.accuracy import count_by_known_word, count_by_tag
from seqkit.metrics.calibration import brier_score, expected_calibration_error, reliability
from seqkit.metrics.entities import Counts, seqeval_scores, surface_counts
from seqkit.metrics.errors import confusion, count_by_length, count_by_seen, differences, error_counts
from seqkit.metrics.significance import accuracy, bootstrap_interval, f1
from seqkit.report.figure import Figure
from seqkit.report.report import Bars, Bin, Block, Heat, Reliability, Section, Sentence, Sentences, Table
from seqkit.tasks.scores import Scores, Speed
from seqkit.tasks.tagging.evaluation import TaggedSplit
from seqkit.tasks.task import Summary

SURFACE_FORMS = ("ner/wnut17",)  # corpora whose shared task scores surface forms too
SAMPLES = 1000
WORST = 12


def summary(evaluation: TaggedSplit, *, language: str) -> Summary:
    """What the report shows.

    Args:
        language: a tag, for the way in which sentences run.
    """
    score = main_score(evaluation)
    if evaluation.entities:
        sections = (_scores(evaluation, score), _types(evaluation), _errors(evaluation), _confidence(evaluation))
    else:
        sections = (_scores(evaluation, score), _labels(evaluation))
    return Summary(
        score=score,
        verdict=_verdict(evaluation, score),
        sections=sections,
        examples=(_worst(evaluation, language),) if evaluation.entities else (),
        cost="; word vectors are computed afresh in each measurement",
        note=f"[ , ] is a 95 % bootstrap interval over sentences ({SAMPLES} resamples): it covers the {evaluation.split} "
        "sentences drawn, not the choice of seed.",
    )


def scores(evaluation: TaggedSplit) -> Scores:
    """Counts by sentence and speeds, for comparisons."""
    speed = evaluation.speed
    return Scores(
        measure="f1" if evaluation.entities else "accuracy",
        split=evaluation.split,
        units=evaluation.units_NC.tolist(),
        lengths=tuple(len(sentence.tokens) for sentence in evaluation.sentences),
        speeds={
            "prediction, batch 64": Speed(value=speed.batched, unit="words/s"),
            "prediction, batch 1": Speed(value=speed.single, unit="words/s"),
            "one sentence alone": Speed(value=speed.single_milliseconds, unit="ms"),
        },
    )


def predictions(evaluation: TaggedSplit) -> str:
    """Rows of token, gold tag and predicted tag, a blank line after each sentence."""
    parts: list[str] = []
    for sentence, prediction in zip(evaluation.sentences, evaluation.predictions, strict=True):
        parts += ["\t".join(row) + "\n" for row in zip(sentence.tokens, sentence.tags, prediction.tags, strict=True)]
        parts.append("\n")
    return "".join(parts)


def main_score(evaluation: TaggedSplit) -> Figure:
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


def _verdict(evaluation: TaggedSplit, score: Figure) -> str:
    if not evaluation.entities:
        return f"{score.text()} of {int(evaluation.units_NC[:, 1].sum()):,} {evaluation.split} tokens are labelled right."
    counts = Counts(*map(int, evaluation.units_NC.sum(axis=0)))
    lenient = Counts(*map(int, evaluation.lenient_NC.sum(axis=0)))
    return (
        f"{evaluation.split} F1 {score.text()} on {counts.gold:,} entities · lenient {100 * lenient.f1:.1f} · "
        f"{evaluation.invalid} invalid transitions. Of the entities it names, {100 * counts.precision:.0f} % are right; "
        f"of those there are, it finds {100 * counts.recall:.0f} %."
    )


def _scores(evaluation: TaggedSplit, score: Figure) -> Section:
    if not evaluation.entities:
        return Section("Score", blocks=(Table("Accuracy", ("measure", "value"), (("token accuracy", score),)),))
    published = seqeval_scores([s.tags for s in evaluation.sentences], [p.tags for p in evaluation.predictions])
    rows: list[tuple[Any, ...]] = []
    for name, scores in (("strict", published.strict.micro), ("lenient", published.lenient.micro)):
        rows.append((f"entities, {name}", *(percent(v) for v in (scores.precision, scores.recall, scores.f1)), scores.support))
    if evaluation.corpus in SURFACE_FORMS:
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


def _types(evaluation: TaggedSplit) -> Section:
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


def _by_length(evaluation: TaggedSplit) -> Bars:
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


def _errors(evaluation: TaggedSplit) -> Section:
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


def _confidence(evaluation: TaggedSplit) -> Section:
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


def _labels(evaluation: TaggedSplit) -> Section:
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


def _worst(evaluation: TaggedSplit, language: str) -> Section:
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

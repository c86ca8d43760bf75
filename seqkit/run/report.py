"""The report of an evaluation: the task's own sections, and around them what is the same for all tasks."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from seqkit.report.figure import Figure
from seqkit.report.report import Block, Lines, Report, Section, Series, Table
from seqkit.run.display import read_events
from seqkit.run.evaluation import Evaluation
from seqkit.run.machine import device_name, peak_memory, surroundings
from seqkit.run.statistics import TrainingStatistics
from seqkit.tasks.task import Summary
from seqkit.tasks.trained import Trained
from seqkit.training.dev_score import DevScore

POINTS = 60  # of the curve of the training loss: neighbouring updates are averaged, single ones are noisy
Row = tuple[str, Figure | str]


def evaluation_report(
    trained: Trained[Any, Any],
    evaluation: Evaluation,
    summary: Summary,
    *,
    title: str,
    subtitle: str,
    command: str = "",
    reading: Sequence[str] = (),
    events: Path | None = None,
    dev_score: DevScore | None = None,
) -> Report:
    """Assemble the report.

    Args:
        reading: one line a split on how the data was read.
        events: the metrics.jsonl of the run that trained the model, for the learning curve.
        dev_score: how its dev score is written.
    """
    training = evaluation.training
    speeds = tuple(Figure(name, speed.value, speed.unit) for name, speed in evaluation.scores.speeds.items())
    curve = (training_section(events, dev_score),) if events and dev_score else ()
    return Report(
        title=title,
        subtitle=subtitle,
        verdict=(summary.verdict,),
        headline=(
            summary.score,
            Figure("parameters", evaluation.parameters, "parameters"),
            *((Figure("training time", training.seconds, "s"),) if training else ()),
            *(summary.headline or speeds[:1]),
        ),
        sections=(*summary.sections, *curve, cost_section(trained, evaluation, summary.cost), *summary.examples),
        context=(
            *surroundings(trained.device),
            ("date", date.today().isoformat()),
            ("corpus", str(trained.metadata.get("corpus", ""))),
            ("recipe fingerprint", str(trained.metadata.get("fingerprint", ""))),
            ("seed", str(trained.metadata.get("seed", ""))),
            *((("command", command),) if command else ()),
            *summary.context,
            *(("data", line) for line in reading),
        ),
        note=summary.note,
    )


def training_section(events: Path, dev_score: DevScore) -> Section:
    """The dev score, and the loss of the updates; in one plot where dev is judged by its loss."""
    rows = read_events(events)
    looks = [row for row in rows if row["event"] == "evaluated"]
    steps = [row for row in rows if row["event"] == "step"]
    curves: list[Series] = []
    if steps:
        chunks = np.array_split(np.array([[row["step"], row["loss"]] for row in steps]), min(POINTS, len(steps)))
        x, y = zip(*[chunk.mean(axis=0).tolist() for chunk in chunks], strict=True)
        curves.append(Series("training", x, y))
    dev: list[Block] = []
    if looks:
        places = tuple(row["step" if dev_score.is_loss else "epoch"] for row in looks)
        scores = tuple(dev_score.factor * row["dev_score"] for row in looks)
        best = f"Best: {dev_score.text(looks[-1]['best_score'])} after {looks[-1]['best_epoch']:.3g} epochs."
        if dev_score.is_loss:
            curves.append(Series("dev", places, scores))
            return Section("Training", blocks=(Lines("Learning curve", "update", dev_score.name, tuple(curves), best),))
        dev.append(Lines("Learning curve", "epoch", dev_score.label, (Series("dev", places, scores),), best))
    loss = (Lines("Training loss", "update", "nats a token", tuple(curves)),) if curves else ()
    return Section("Training", blocks=(*dev, *loss))


def cost_section(trained: Trained[Any, Any], evaluation: Evaluation, note: str = "") -> Section:
    """Size, training and speeds, each a row.

    Args:
        note: more on how speeds were measured.
    """
    speeds = evaluation.scores.speeds
    in_use = ("peak memory, in use", Figure("memory", peak_memory(trained.device), "bytes", note=held_in(trained.device.type)))
    rows: list[Row] = [
        ("parameters", Figure("parameters", evaluation.parameters, "parameters")),
        ("model on disk", Figure("size", evaluation.bytes, "bytes")),
        *(training_rows(evaluation.training) if evaluation.training else ()),
        *((name, Figure(name, speed.value, speed.unit)) for name, speed in speeds.items()),
        *(() if evaluation.training else (in_use,)),
    ]
    engines = " and ".join(sorted({ENGINES[speed.engine] for speed in speeds.values()}))
    conditions = f"{device_name(trained.device)}, {engines}, float32 weights{note}."
    return Section("Speed, size, memory", blocks=(Table("Cost", ("measure", "value"), tuple(rows), conditions),))


ENGINES = {"torch": "PyTorch", "numpy": "NumPy"}


def held_in(device: str) -> str:
    """What kind of memory was measured."""
    return "allocated on the GPU" if device == "cuda" else "resident, whole process"


def training_rows(training: TrainingStatistics) -> tuple[Row, ...]:
    """Time, speed, precision and memory."""
    return (
        ("training, wall time", Figure("time", training.seconds, "s", note="evaluations on dev included")),
        ("training, processor time", Figure("time", training.cpu_seconds, "s", note="all threads together")),
        ("training speed", Figure("speed", training.rate, f"{training.unit}/s")),
        ("matrix products, training", training.precision),
        ("peak memory, training", Figure("memory", training.peak_memory, "bytes", note=held_in(training.device))),
    )

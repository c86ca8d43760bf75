"""Records of runs that never were, for tests of what reads them."""

from typing import Any

from seqkit.run.evaluation import Evaluation, Machine
from seqkit.run.statistics import TrainingStatistics
from seqkit.tasks.scores import Scores

HERE = Machine(device="cpu", threads=1, torch_version="2.13.0", seqkit_version="0.1.0")


def statistics(seconds: float = 1.0) -> TrainingStatistics:
    """A training of so many seconds."""
    return TrainingStatistics(
        seconds=seconds,
        cpu_seconds=seconds,
        update_seconds=seconds,
        rate=1,
        unit="words",
        peak_memory=1,
        best_epoch=1,
        epochs=1,
        best_score=0,
        kept_score=0,
        precision="float32",
    )


def evaluation(measure: str, units: Any, *, seconds: float = 1.0, **scores: Any) -> Evaluation:
    """Of a model that took so many seconds to train."""
    found = Scores(measure=measure, split="test", units=units, **scores)
    return Evaluation(machine=HERE, parameters=1, bytes=1, scores=found, training=statistics(seconds))

"""What a model costs: the section of that name in the reports of all tasks."""

from collections.abc import Sequence
from typing import Protocol

import torch

from seqkit.report.report import Figure, Section, Table
from seqkit.run.machine import device_name
from seqkit.run.training import TrainingFacts

Row = tuple[str, Figure | str]


class Sized(Protocol):
    """A trained model of any kind."""

    @property
    def parameters(self) -> int:
        """The number of weights."""
        ...

    def files(self) -> dict[str, bytes]:
        """What it is on disk, by file name."""
        ...


def cost_section(
    trained: Sized, facts: TrainingFacts | None, speeds: Sequence[Row], device: torch.device, note: str = ""
) -> Section:
    """Size, training and speeds, each a row.

    Args:
        facts: how training went, if this run trained the model.
        speeds: in use, as measured on the device.
        note: more on how.
    """
    size = sum(map(len, trained.files().values()))
    rows: list[Row] = [
        ("parameters", Figure("parameters", trained.parameters, "parameters")),
        ("model on disk", Figure("size", size, "bytes")),
        *(training_rows(facts) if facts else ()),
        *speeds,
    ]
    told = f"{device_name(device)}, PyTorch, float32 weights{note}."
    return Section("Speed, size, memory", blocks=(Table("Cost", ("measure", "value"), tuple(rows), told),))


def training_rows(facts: TrainingFacts) -> tuple[Row, ...]:
    """Time, speed, precision and memory."""
    held = "allocated on the GPU" if facts.device == "cuda" else "resident, whole process"
    return (
        ("training, wall time", Figure("time", facts.seconds, "s", note="evaluations on dev included")),
        ("training, processor time", Figure("time", facts.cpu_seconds, "s", note="all threads together")),
        ("training speed", Figure("speed", facts.rate, f"{facts.unit}/s")),
        ("matrix products, training", facts.precision),
        ("peak memory, training", Figure("memory", facts.peak_memory, "bytes", note=held)),
    )

"""A trained model found and opened for the commands that use one: tag, translate, generate, score."""

from collections.abc import Sequence

from seqkit.run.folders import find_run
from seqkit.run.machine import prepare_machine
from seqkit.run.saved import Kind, load_as


def open_model(kind: type[Kind], tasks: Sequence[str], run: str | None, device: str, threads: int | None) -> Kind:
    """A model of one class: that of a run, or the newest of some tasks.

    Raises:
        UserError: there is none, it is of another class, or no such device.
    """
    prepared = prepare_machine(device, threads)
    return load_as(kind, find_run(run, tasks), device=str(prepared))

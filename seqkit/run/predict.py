"""A trained model found and opened for the commands that use one: tag, translate, generate, score."""

from collections.abc import Sequence

from threadpoolctl import threadpool_limits

from seqkit.run.folders import find_run
from seqkit.run.saved import Kind, load_as


def open_model(kind: type[Kind], tasks: Sequence[str], run: str | None, device: str, threads: int | None) -> Kind:
    """A model of one class: that of a run, or the newest of some tasks; on a CPU without importing PyTorch.

    Raises:
        UserError: there is none, it is of another class, or no such device.
    """
    if device == "cpu":
        threadpool_limits(limits=threads or 1, user_api="blas")  # one text is too little to be shared out
    else:
        from seqkit.run.machine import prepare_machine

        device = str(prepare_machine(device, threads))
    return load_as(kind, find_run(run, tasks), device=device)

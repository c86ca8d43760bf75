"""What `seqkit inspect` does, from request to the last line printed."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from seqkit.errors import UserError
from seqkit.report.report import Report
from seqkit.run.experiment import publish
from seqkit.run.folders import find_run, model_folder
from seqkit.run.machine import prepare_machine, surroundings
from seqkit.run.saved import load, task_of


@dataclass(frozen=True)
class InspectRequest:
    """`seqkit inspect` as typed.

    Args:
        text: what the model reads.
        target: what the model should say, where it turns one text into another; its own words if left out.
        layers: numbers from 1 on; none for all.
        out: folder of the report; beside the model if left out.
    """

    run: str | None
    text: str
    target: str | None
    layers: tuple[int, ...]
    out: Path | None
    device: str
    threads: int | None
    command: str = ""


def inspect_command(request: InspectRequest, console: Console) -> Report:
    """Load a model, let it read the text, report what happened inside.

    Raises:
        UserError: the model, the text or an option is at fault; nothing has been written.
    """
    device = prepare_machine(request.device, request.threads)
    run = find_run(request.run)
    model = load(run, device=str(device))
    task = task_of(model)
    if request.target is not None and not task.reads_target:
        raise UserError(f"--target is for models that turn one text into another; this run is {task.noun}")
    findings = task.inspect(model, request.text, request.target, request.layers)
    report = Report(
        title=f"Inside {run}",
        subtitle=request.text,
        verdict=findings.verdict,
        headline=findings.headline,
        sections=findings.sections,
        context=(*surroundings(device), ("corpus", str(model.metadata.get("corpus", ""))), ("command", request.command)),
        note=findings.note,
    )
    out = request.out or model_folder(run).parent / "inspection"
    publish(report, out, console)
    return report

"""What `seqkit inspect` does, from request to the last line printed."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from seqkit.errors import UserError
from seqkit.report.report import Report
from seqkit.report.terminal import print_report
from seqkit.report.write import write_report
from seqkit.run.folders import find_run, model_folder
from seqkit.run.inspection.findings import Findings
from seqkit.run.inspection.language_model import inspect_language_model
from seqkit.run.inspection.tagger import inspect_tagger
from seqkit.run.inspection.translator import inspect_translator
from seqkit.run.machine import prepare_machine, surroundings
from seqkit.run.saved import USES, Trained, load
from seqkit.run.tagging.model import TrainedTagger
from seqkit.run.translation.model import TrainedTranslator


@dataclass(frozen=True)
class InspectRequest:
    """`seqkit inspect` as typed.

    Args:
        text: what the model reads.
        target: of a translator, the translation to look at; its own if left out.
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


def inspect_command(request: InspectRequest, console: Console) -> Path:
    """Load a model, let it read the text, report what happened inside; returns the report's folder.

    Raises:
        UserError: the model, the text or an option is at fault; nothing has been written.
    """
    device = prepare_machine(request.device, request.threads)
    run = find_run(request.run)
    model = load(run, device=str(device))
    findings = inspect_model(model, request)
    report = Report(
        title=f"Inside {run}",
        subtitle=request.text,
        verdict=findings.verdict,
        headline=findings.headline,
        sections=findings.sections,
        context=(*surroundings(device), ("corpus", str(model.about.get("corpus", ""))), ("command", request.command)),
        note=findings.note,
    )
    out = request.out or model_folder(run).parent / "inspection"
    write_report(report, out)
    print_report(report, console)
    console.print(f"\nreport  {out / 'report.html'}", soft_wrap=True)
    return out


def inspect_model(model: Trained, request: InspectRequest) -> Findings:
    """Of any kind.

    Raises:
        UserError: the text or an option does not suit the model.
    """
    if isinstance(model, TrainedTranslator):
        return inspect_translator(model, request.text, request.target, request.layers)
    if request.target is not None:
        raise UserError(f"--target is for translators; this run is {USES[type(model)]}")
    if isinstance(model, TrainedTagger):
        return inspect_tagger(model, request.text, request.layers)
    return inspect_language_model(model, request.text, request.layers)

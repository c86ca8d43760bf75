"""`seqkit claims run`: measure what is missing, judge, report."""

import signal
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from seqkit.errors import UserError
from seqkit.report.report import Report, Section, Table
from seqkit.report.terminal import print_report
from seqkit.report.write import write_report
from seqkit.run.claims.claim import AnyMeasureConfig, ClaimRecipe, claim_path, load_claim
from seqkit.run.claims.clipping import Clipping, ClippingConfig
from seqkit.run.claims.contest import Contests, ContestsConfig
from seqkit.run.claims.gradients import Gradients, GradientsConfig
from seqkit.run.claims.kept import Kept
from seqkit.run.claims.measurement import Evidence, Measurement, Result, Setting
from seqkit.run.claims.memory import Memory, MemoryConfig
from seqkit.run.claims.streaming import Streaming, StreamingConfig
from seqkit.run.claims.verdict import RULE, sentences
from seqkit.run.folders import RUNS
from seqkit.run.machine import prepare_machine, surroundings
from seqkit.run.signals import Stopped


@dataclass(frozen=True)
class ClaimRequest:
    """`seqkit claims run` as typed."""

    claim: str
    out: Path | None = None
    seeds: tuple[int, ...] | None = None
    overrides: Sequence[str] = ()
    device: str = "cpu"
    threads: int | None = None
    command: str = ""


def claim_command(request: ClaimRequest, console: Console) -> Path:
    """Measure what is missing, judge, report; returns the claim's folder.

    Raises:
        UserError: the claim, a setting or an option is at fault.
        Stopped: Ctrl-C or SIGTERM; what was measured is kept.
    """
    seeds = [f"measure.seeds={list(request.seeds)}"] if request.seeds else []
    recipe = load_claim(request.claim, [*request.overrides, *seeds])
    device = prepare_machine(request.device, request.threads)
    name = claim_path(request.claim).stem
    out = request.out or RUNS / "claims" / name
    setting = Setting(device, request.device, request.threads, out, request.command, console)
    measurement = open_measurement(recipe.measure, setting)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror}") from error
    console.print(f"{name}: {recipe.claim}", soft_wrap=True)
    jobs = measurement.jobs()
    machine = {"device": request.device, "threads": torch.get_num_threads(), "torch": str(torch.__version__)}
    kept = Kept(out / "measured.json", recipe.setting() | machine)
    with interruptible(kept, jobs, request.command):
        do_jobs(kept, jobs, console, bar=console.is_terminal and not measurement.shows_itself)
    evidence = measurement.evidence(kept.results(jobs))
    report = claim_report(name, recipe, evidence, (*surroundings(device), ("measuring took", kept.took(jobs))), request.command)
    write_report(report, out)
    print_report(report, console)
    console.print(f"\nreport  {out / 'report.html'}", soft_wrap=True)
    return out


def open_measurement(config: AnyMeasureConfig, setting: Setting) -> Measurement:
    """The measurement a configuration names."""
    match config:
        case GradientsConfig():
            return Gradients(config, setting)
        case ClippingConfig():
            return Clipping(config, setting)
        case MemoryConfig():
            return Memory(config, setting)
        case StreamingConfig():
            return Streaming(config, setting)
        case ContestsConfig():
            return Contests(config, setting)


def do_jobs(kept: Kept, jobs: Mapping[str, Callable[[], Result]], console: Console, *, bar: bool) -> None:
    """Do those that are not done yet, and show how far it is."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
    )
    missing = [name for name in jobs if name not in kept.jobs]
    started = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not bar) as progress:
        task = progress.add_task("", total=len(jobs), completed=len(jobs) - len(missing), left="")
        for done, name in enumerate(missing):
            minutes = (time.monotonic() - started) / done * (len(missing) - done) / 60 if done else 0.0
            left = f"about {minutes:.0f} min left" if done else ""
            message = f"{name} ({len(jobs) - len(missing) + done + 1} of {len(jobs)})"
            progress.update(task, description=message, left=left)
            if not bar:
                console.print(" · ".join(filter(None, (message, left))), style="dim", soft_wrap=True)
            kept.do(name, jobs[name])
            progress.advance(task)


@contextmanager
def interruptible(kept: Kept, jobs: Mapping[str, object], command: str) -> Generator[None]:
    """Inside the block Ctrl-C and SIGTERM act at once: the job at work is lost, those before it are kept.

    Raises:
        Stopped: says how to go on.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _: FrameType | None) -> NoReturn:
        done = len([name for name in jobs if name in kept.jobs])
        message = f"stopped; {done} of {len(jobs)} measurements are done and kept. Go on with the same command: {command}"
        raise Stopped(number, message)

    try:
        for number in before:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def claim_report(
    name: str, recipe: ClaimRecipe, evidence: Evidence, surroundings: Sequence[tuple[str, str]], command: str
) -> Report:
    """The claim, the verdict, the checks behind it, and what was measured."""
    checks = Table(
        "",
        ("the claim's parts", "where", "measured", "holds"),
        tuple(
            (check.part, ", ".join(check.condition), check.figure, "open" if check.holds is None else check.holds)
            for check in evidence.checks
        ),
    )
    claim = f"“{recipe.claim}”" + f" ({recipe.source})" * bool(recipe.source)
    return Report(
        title=f"Claim: {name.replace('_', ' ')}",
        subtitle=claim,
        verdict=sentences(evidence.checks),
        headline=evidence.headline,
        sections=(*evidence.sections, Section("Every check", blocks=(checks,), detail=True)),
        context=(*surroundings, ("command", command), ("settings", evidence.subtitle)),
        note=f"{evidence.note} {RULE}",
    )

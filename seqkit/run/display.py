"""What a person sees while a model trains: one live line on a terminal, a line an evaluation elsewhere."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from seqkit.training.dev_score import DevScore
from seqkit.training.loop import Evaluated, Event, Step, TrainConfig, updates

LOG_EVERY = 20  # updates between two lines of metrics.jsonl


class TrainingDisplay:
    """Follows events; on a terminal `epoch 12/30 ━━╸── 17.4k words/s · loss 0.21 · dev F1 78.3, best 79.1 at 10 · 0:21`."""

    def __init__(self, console: Console, config: TrainConfig, batches_per_epoch: int, score: DevScore) -> None:
        self.console = console
        self.config = config
        self.score = score
        self.total = config.seconds or updates(config, batches_per_epoch)
        self.progress: Progress | None = None
        self.bar: TaskID | None = None
        self.first_step: int | None = None
        self.started = time.perf_counter()
        self.tokens = 0
        self.training_seconds = 0.0
        self.loss = 0.0
        self.dev = "dev –"

    @contextmanager
    def showing(self) -> Generator["TrainingDisplay"]:
        """The live line is drawn inside the block."""
        columns = (TextColumn("{task.fields[epoch]}"), BarColumn(bar_width=20), TextColumn("{task.fields[status]}"))
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as progress:
            self.progress = progress
            self.bar = progress.add_task("", total=self.total, epoch="", status="starting")
            yield self

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case Step():
                self.first_step = self.first_step or event.step
                self.tokens += event.tokens
                self.training_seconds += event.seconds
                self.loss = 0.98 * self.loss + 0.02 * event.loss if self.loss else event.loss
            case Evaluated():
                best = f"best {self.score.text(event.best_score)} at {event.best_epoch:.3g}"
                self.dev = f"dev {self.score.name} {self.score.text(event.dev_score)}, {best}"
                if not self.console.is_terminal:
                    self.console.print(f"{self.place(event)} · {self.status(event.step)}")
        if self.progress is not None and self.bar is not None:
            completed = self.training_seconds if self.config.seconds else event.step
            self.progress.update(self.bar, completed=completed, epoch=self.place(event), status=self.status(event.step))

    def place(self, event: Event) -> str:
        """`epoch 12/30`, or `epoch 12` where the clock says when to stop."""
        epoch = event.epoch + isinstance(event, Step)
        return (
            f"epoch {epoch:.3g}"
            if self.config.seconds
            else f"epoch {min(epoch, self.config.epochs):.3g}/{self.config.epochs:g}"
        )

    def status(self, step: int) -> str:
        """Speed, loss, dev score, time left."""
        speed = self.tokens / max(self.training_seconds, 1e-9)
        done, to_do = step - (self.first_step or step) + 1, self.total - step
        if self.config.seconds:
            done, to_do = self.training_seconds, max(self.total - self.training_seconds, 0)
        left = (time.perf_counter() - self.started) / max(done, 1e-9) * to_do
        rate = f"{speed / 1000:.1f}k {self.score.unit}/s"
        return f"{rate} · loss {self.loss:.2f} · {self.dev} · {int(left) // 60}:{int(left) % 60:02d} left"


class EventLog:
    """`metrics.jsonl`: evaluations and every twentieth update, a JSON object a line; closes with its `with` block."""

    def __init__(self, path: Path, *, upto: int | None = None) -> None:
        self.path = path
        if upto is not None and path.exists():
            # A resumed run repeats the steps after its checkpoint: drop their first telling.
            kept = [row for row in read_events(path) if row["step"] <= upto]
            path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
        self.file = path.open("a", encoding="utf-8", buffering=1)

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __call__(self, event: Event) -> None:
        """Write an event."""
        if isinstance(event, Evaluated) or event.step % LOG_EVERY == 0:
            row = {"event": type(event).__name__.lower(), **asdict(event)}
            self.file.write(json.dumps(row) + "\n")


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events of a log; a last line cut short by a crash is left out."""
    events: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events

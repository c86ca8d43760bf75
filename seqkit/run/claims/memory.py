"""How much memory reading and training take as texts grow, until they fail; recurrent networks and Transformers.

Each point is measured in a process of its own (`probe.py`), under a limit of memory and of time.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field

from seqkit.architecture.language_model import AnyLanguageModelConfig, LanguageModelConfig
from seqkit.config import Config
from seqkit.report.figure import Figure
from seqkit.report.report import Lines, Section, Series, Table
from seqkit.run.child import probe
from seqkit.run.claims.measurement import Evidence, Result, Setting
from seqkit.run.claims.probe import Way
from seqkit.run.claims.verdict import Check

SQUARE = 1.5  # an exponent from here on is nearer to 2 than to 1


class MemoryConfig(Config):
    """Memory against length.

    Args:
        systems: language models by name, of equal size as far as possible.
        lengths: tokens of one text, rising.
        piece: tokens read at once where a state is carried.
        flat: bytes; what grows by no more is constant.
        limit: bytes that one point may take.
        seconds: of processor time that one point may take.
    """

    kind: Literal["memory"]
    systems: dict[str, LanguageModelConfig] = Field(min_length=1)
    lengths: tuple[int, ...] = Field(default=(1024, 4096, 16384, 65536), min_length=2)
    piece: int = Field(default=256, ge=1)
    flat: float = Field(default=5e6, ge=0)
    limit: float = Field(default=3e9, gt=0)
    seconds: float = Field(default=120, gt=0)


class Work(NamedTuple):
    """A system at work."""

    system: str
    way: Way
    materialised: bool = False

    @property
    def description(self) -> str:
        """`training, attention materialised`."""
        return DESCRIPTIONS[self.way] + ", attention materialised" * self.materialised

    @property
    def name(self) -> str:
        """`transformer: reading in one pass`."""
        return f"{self.system}: {self.description}"


DESCRIPTIONS: dict[Way, str] = {
    "reading": "reading, the state carried",
    "one pass": "reading in one pass",
    "training": "training, full back-propagation",
    "truncated": "training, truncated back-propagation",
}


class Memory:
    """The measurement."""

    shows_itself = False

    def __init__(self, config: MemoryConfig, setting: Setting) -> None:
        self.config = config
        self.setting = setting
        self.works = [work for name, system in config.systems.items() for work in works_of(name, system)]

    def jobs(self) -> dict[str, Callable[[], Result]]:
        """A system at one kind of work each, over all lengths until it fails."""
        return {work.name: lambda work=work: self.measure(work) for work in self.works}

    def measure(self, work: Work) -> Result:
        """`points`, a length each; the last one may tell why it failed."""
        points: list[dict[str, Any]] = []
        for length in self.config.lengths:
            points.append({"length": length, **self.point(work, length)})
            if "failure" in points[-1]:
                break
        return {"points": points}

    def point(self, work: Work, length: int) -> dict[str, Any]:
        """One length."""
        options = {
            "model": self.config.systems[work.system].model_dump(mode="json"),
            "way": work.way,
            "length": length,
            "piece": self.config.piece,
            "materialised": work.materialised,
            "limit": self.config.limit,
            "seconds": self.config.seconds,
            "device": self.setting.device_name,
            "threads": self.setting.threads,
        }
        return probe("seqkit.run.claims.probe", options, self.config.seconds)

    def evidence(self, results: Mapping[str, Result]) -> Evidence:
        """A check for each system at each kind of work."""
        points = {work: results[work.name]["points"] for work in self.works}
        finished = {work: [point for point in points[work] if "failure" not in point] for work in self.works}
        checks = [self.check(work, finished[work], points[work][-1].get("failure", "")) for work in self.works]
        reading = [work for work in self.works if work.way == "reading"]
        parameters = {work.system: point["parameters"] for work in reading for point in finished[work][:1]}
        longest = self.config.lengths[-1]
        sizes = ", ".join(f"{name} {count:,}" for name, count in parameters.items())
        return Evidence(
            checks=tuple(sorted(checks, key=lambda check: check.part)),
            headline=tuple(
                Figure(f"{work.system}, state after {point['length']:,} tokens", point["state"], "bytes")
                for work in reading
                for point in finished[work][-1:]
            ),
            sections=(
                Section(
                    "Memory against length",
                    blocks=(
                        self.table(points),
                        self.plot("Reading", finished, ("reading", "one pass")),
                        self.plot("Training", finished, ("training", "truncated")),
                        self.seconds(finished),
                    ),
                ),
            ),
            subtitle=f"parameters: {sizes}; one text at a time, up to {longest:,} tokens, pieces of {self.config.piece}",
            note="Memory: peak resident memory of a process of its own above what it held before the work (on a GPU: allocated "
            f"memory). Constant: grows by at most {self.config.flat / 1e6:g} MB from the shortest to the longest text. The "
            "exponent p of memory ~ lengthᵖ is that of the two longest texts that were finished; from "
            f"{SQUARE:g} on growth is called quadratic. A point may take {self.config.limit / 1e9:g} GB and "
            f"{self.config.seconds:g} s of processor time; what would take more counts as failed there.",
        )

    def check(self, work: Work, points: Sequence[Mapping[str, Any]], failure: str) -> Check:
        """Constant, for a recurrent network; quadratic, for a Transformer; open where fewer than two lengths were finished."""
        recurrent = self.config.systems[work.system].family != "transformer"
        part = "A recurrent network's memory is constant" if recurrent else "A Transformer's memory grows with the square"
        end = f"; at {self.config.lengths[len(points)]:,} tokens: {failure}" if failure else ""
        if len(points) < 2:
            return Check(part, (work.system, work.description), Figure("growth", f"unknown{end}"), None)
        constant, power = self.growth(points)
        last = points[-1]
        size = Figure("memory", last["bytes"], "bytes").text()
        description = f"{'constant' if constant else f'length^{power:.1f}'}, {size} at {last['length']:,}{end}"
        holds = constant if recurrent else (not constant and power >= SQUARE)
        return Check(part, (work.system, work.description), Figure("growth", description), holds)

    def growth(self, points: Sequence[Mapping[str, Any]]) -> tuple[bool, float]:
        """Whether memory is constant, and the exponent between the two longest texts."""
        first, (before, last) = points[0], points[-2:]
        constant = last["bytes"] - first["bytes"] <= self.config.flat
        ratio = max(last["bytes"], 1) / max(before["bytes"], 1)
        return constant, math.log(ratio) / math.log(last["length"] / before["length"])

    def table(self, points: Mapping[Work, Sequence[Mapping[str, Any]]]) -> Table:
        """A row a system at work, a column a length."""
        rows: list[tuple[Any, ...]] = []
        for work, own in points.items():
            cells = [point.get("failure") or Figure("memory", point["bytes"], "bytes") for point in own]
            rows.append((work.system, work.description, *cells, *["–"] * (len(self.config.lengths) - len(cells))))
        return Table("", ("system", "work", *(f"{length:,} tokens" for length in self.config.lengths)), tuple(rows))

    def plot(self, title: str, points: Mapping[Work, Sequence[Mapping[str, Any]]], ways: Sequence[Way]) -> Lines:
        """Memory over length."""
        series = tuple(
            Series(f"{work.system}: {short(work)}", *columns(own, "bytes", 1e6))
            for work, own in points.items()
            if work.way in ways
        )
        return Lines(title, "tokens", "peak memory, MB", series, log_x=True, log_y=True)

    def seconds(self, points: Mapping[Work, Sequence[Mapping[str, Any]]]) -> Table:
        """Time by length."""
        rows = tuple(
            (
                work.system,
                work.description,
                *(Figure("time", point["seconds"], "s") for point in own),
                *["–"] * (len(self.config.lengths) - len(own)),
            )
            for work, own in points.items()
        )
        return Table("Processor time", ("system", "work", *(f"{length:,} tokens" for length in self.config.lengths)), rows)


def works_of(name: str, system: AnyLanguageModelConfig) -> list[Work]:
    """What a system of its family is used for: attention over everything is trained on whole texts, and may be materialised."""
    if system.family == "transformer" and system.window == 0:
        whole: tuple[Way, ...] = ("one pass", "training")
        return [Work(name, "reading"), *(Work(name, way, materialised) for way in whole for materialised in (False, True))]
    return [Work(name, way) for way in DESCRIPTIONS]


def short(work: Work) -> str:
    """For a legend."""
    names: dict[Way, str] = {"reading": "carried", "one pass": "one pass", "training": "full", "truncated": "truncated"}
    return names[work.way] + ", materialised" * work.materialised


def columns(points: Sequence[Mapping[str, Any]], key: str, unit: float) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """x and y of a series."""
    return tuple(point["length"] for point in points), tuple(point[key] / unit for point in points)

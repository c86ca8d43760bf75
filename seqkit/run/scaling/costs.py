"""The costs of several trained models by the length of a text, measured one point a process until one fails, and shown.

`lengths.json` beside a model keeps what was measured of it.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from seqkit.report.figure import Figure
from seqkit.report.report import Lines, Section, Series, Table
from seqkit.run.child import probe
from seqkit.run.scaling.ways import WAYS, Way

LIMIT = 3e9  # bytes that one point may take
SECONDS = 20.0  # of processor time that one point may take
KEPT = "lengths.json"
Points = Mapping[Way, Sequence[Mapping[str, Any]]]
"""By way: `length`, `bytes`, `seconds`, `waits` and, in use, `milliseconds` and `state`; or `length` and why it failed."""


def measure_lengths(
    runs: Mapping[str, Path], lengths: Sequence[int], *, device: str, threads: int | None, console: Console
) -> dict[str, Points]:
    """The points of each system; what was measured already under the same terms is not measured again.

    Args:
        runs: a run folder a system.
        lengths: tokens, rising; after one that fails none is tried.
    """
    terms = {"lengths": list(lengths), "device": device, "threads": threads}
    found: dict[str, Points] = {}
    for name, run in runs.items():
        with suppress(OSError, ValueError, KeyError):
            kept = json.loads((run / KEPT).read_text(encoding="utf-8"))
            if kept["terms"] == terms:
                found[name] = kept["points"]
                continue
        console.print(f"{name}: memory and time by length", style="dim")
        options = {"run": str(run), "limit": LIMIT, "seconds": SECONDS, "device": device, "threads": threads}
        found[name] = {way: until_one_fails(options | {"way": way}, lengths) for way in WAYS}
        (run / KEPT).write_text(json.dumps({"terms": terms, "points": found[name]}), encoding="utf-8")
    return found


def until_one_fails(options: Mapping[str, Any], lengths: Sequence[int]) -> list[dict[str, Any]]:
    """A point a length."""
    points: list[dict[str, Any]] = []
    for length in lengths:
        found = probe("seqkit.run.scaling.probe", {**options, "length": length}, options["seconds"])
        points.append({"length": length, **found})
        if "failure" in found:
            break
    return points


class Cost(NamedTuple):
    """One kind of cost, as shown.

    Args:
        title: of its table and plot.
        key: in a point.
        unit: of the table; a plot is in megabytes or milliseconds.
        factor: from the point's value to the unit.
        drawn: whether it is plotted as well.
    """

    title: str
    way: Way
    key: str
    unit: str
    factor: float = 1.0
    drawn: bool = True

    def known(self, points: Points) -> list[Mapping[str, Any]]:
        """The points that tell it."""
        return [point for point in points[self.way] if point.get(self.key) is not None]


def length_sections(costs: Mapping[str, Points]) -> tuple[Section, ...]:
    """Tables and plots; nothing where nothing was measured."""
    waits = next((point["waits"] for points in costs.values() for point in points["use"] if "waits" in point), "")
    if not waits:
        return ()
    blocks: list[Table | Lines] = []
    for cost in (
        Cost(f"Time of {waits}", "use", "milliseconds", "s", 1e-3),
        Cost("What is kept of the text", "use", "state", "bytes"),
        Cost("Peak memory in use", "use", "bytes", "bytes"),
        Cost("Peak memory of one training step", "training", "bytes", "bytes"),
        Cost("Time of one training step", "training", "seconds", "s", drawn=False),
    ):
        known = any(cost.known(points) for points in costs.values())
        failed = cost.key == "bytes" and any(points[cost.way] for points in costs.values())
        if known or failed:
            blocks.append(table(cost, costs))
        if known and cost.drawn:
            blocks.append(plot(cost, costs))
    note = (
        "One text at a time, of symbols drawn at random, in a process of its own; peak memory is what came on top of the "
        "model. In training the text is one piece and its gradient is not cut. A point may take "
        f"{LIMIT / 1e9:g} GB and {SECONDS:g} s of processor time; after one that fails no longer text is tried."
    )
    return (Section("As texts grow", note, tuple(blocks)),)


def table(cost: Cost, costs: Mapping[str, Points]) -> Table:
    """A row a length, a column a system; where one failed, why."""
    lengths = sorted({point["length"] for points in costs.values() for point in points[cost.way]})
    rows = tuple((f"{length:,}", *(cell(cost, points, length) for points in costs.values())) for length in lengths)
    return Table(cost.title, ("tokens", *costs), rows)


def cell(cost: Cost, points: Points, length: int) -> Figure | str:
    """One point as shown."""
    point = next((point for point in points[cost.way] if point["length"] == length), {})
    value = point.get(cost.key)
    return point.get("failure", "–") if value is None else Figure(cost.title, cost.factor * value, cost.unit)


def plot(cost: Cost, costs: Mapping[str, Points]) -> Lines:
    """The points that did not fail."""
    scale, label = (1e-6, "MB") if cost.unit == "bytes" else (1e3 * cost.factor, "ms")
    series = tuple(
        Series(
            name,
            tuple(point["length"] for point in cost.known(points)),
            tuple(scale * point[cost.key] for point in cost.known(points)),
        )
        for name, points in costs.items()
    )
    return Lines(cost.title, "tokens", label, series, log_x=True, log_y=True, tabulated=True)

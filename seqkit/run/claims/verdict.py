"""From checks to a verdict: the whole rule.

A claim is a conjunction of parts, each checked under one or more conditions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from seqkit.report.figure import Figure
from seqkit.report.text import enumerated

Verdict = Literal["holds", "holds under a condition", "does not hold", "not decided"]
WORST_FIRST: tuple[Verdict, ...] = ("does not hold", "not decided", "holds under a condition", "holds")

LEAST_SEEDS = 2
MOST_NAMED = 4  # conditions named in a sentence; more are counted
RULE = (
    "A part of the claim holds where every check of it holds, and under a condition where some do; it does not hold where "
    "every check fails. The claim does not hold where one of its parts does not; it is not decided where one is not; it "
    "holds where all of them hold, and under a condition otherwise."
)
BY_SEED = (
    f"A check holds if it does with every seed, fails if it does with none, and is open where seeds disagree or are fewer than "
    f"{LEAST_SEEDS}."
)


@dataclass(frozen=True)
class Check:
    """One part of the claim under one condition.

    Args:
        part: a sentence that may be true or false.
        condition: where it was tested, such as a cell's initialisation and a corpus; empty where it was tested once.
        figure: what was measured.
        holds: None where the measurement does not tell.
    """

    part: str
    condition: tuple[str, ...]
    figure: Figure
    holds: bool | None


def by_seed(outcomes: Sequence[bool]) -> bool | None:
    """What seeds say together: unanimous, or nothing."""
    if len(outcomes) < LEAST_SEEDS or len(set(outcomes)) > 1:
        return None
    return outcomes[0]


def part_verdict(checks: Sequence[Check]) -> Verdict:
    """Of the checks of one part."""
    found = {check.holds for check in checks}
    if found == {True}:
        return "holds"
    if found == {False}:
        return "does not hold"
    return "holds under a condition" if True in found else "not decided"


def claim_verdict(checks: Sequence[Check]) -> Verdict:
    """Of all checks: the least favourable of the parts."""
    found = {part_verdict(of_part) for of_part in parts(checks).values()}
    for verdict in WORST_FIRST:
        if verdict in found:
            return verdict
    return "not decided"


def parts(checks: Sequence[Check]) -> dict[str, list[Check]]:
    """The checks of each part."""
    return {part: [check for check in checks if check.part == part] for part in dict.fromkeys(c.part for c in checks)}


def sentences(checks: Sequence[Check]) -> tuple[str, ...]:
    """The verdict, then a sentence a part with the figure that says so."""
    return (f"The claim {in_words(claim_verdict(checks))}.", *(part_sentence(part, own) for part, own in parts(checks).items()))


def in_words(verdict: Verdict) -> str:
    """As the end of a sentence."""
    return "is not decided" if verdict == "not decided" else verdict


def part_sentence(part: str, checks: Sequence[Check]) -> str:
    """`A plain RNN forgets: holds (9 steps).`, or `…: holds in 2 of 6 conditions, always with chrono.`"""
    verdict = part_verdict(checks)
    if verdict != "holds under a condition":
        return f"{part}: {verdict} ({'; '.join(map(place, checks)) if len(checks) <= MOST_NAMED else extent(checks)})."
    holding = [check for check in checks if check.holds]
    if common := always(checks):
        named = f", always with {enumerated(common, 'or')}"
    else:
        named = f": {'; '.join(map(place, holding))}" if len(holding) <= MOST_NAMED else ""
    return f"{part}: holds in {len(holding)} of {len(checks)} conditions{named}."


def always(checks: Sequence[Check]) -> list[str]:
    """The fewest circumstances, one or else two together, under which every check holds: `chrono`, `default + untrained`."""
    for size in (1, 2):
        groups = dict.fromkeys(group for check in checks for group in combinations(check.condition, size))
        tested = {group: [check.holds for check in checks if {*group} <= {*check.condition}] for group in groups}
        if found := [" + ".join(group) for group, holds in tested.items() if len(holds) > 1 and all(holds)]:
            return found
    return []


def place(check: Check) -> str:
    """`chrono, trained: 131 steps`."""
    return ": ".join(filter(None, (", ".join(check.condition), check.figure.text())))


def extent(checks: Sequence[Check]) -> str:
    """`in 9 conditions, from 8 steps to 12 steps`."""
    figures = [check.figure for check in checks if isinstance(check.figure.value, int | float)]
    if not figures:
        return f"in {len(checks)} conditions"
    ordered = sorted(figures, key=lambda figure: figure.value)  # pyright: ignore[reportArgumentType, reportCallIssue] # numbers
    return f"in {len(checks)} conditions, from {ordered[0].text()} to {ordered[-1].text()}"

"""The rule that turns checks into a verdict."""

import itertools

import pytest

from seqkit.report.figure import Figure
from seqkit.run.claims.verdict import Check, always, by_seed, claim_verdict, part_verdict, sentences

HOLDS, CONDITION, FAILS, OPEN = "holds", "holds under a condition", "does not hold", "not decided"
OUTCOMES = (True, False, None)


def check(holds: bool | None, part: str = "it works", *condition: str) -> Check:
    return Check(part, condition, Figure("steps", 12, "steps"), holds)


@pytest.mark.parametrize("outcomes", [each for n in (1, 2, 3) for each in itertools.product(OUTCOMES, repeat=n)])
def test_a_part_holds_only_where_checks_say_so(outcomes: tuple[bool | None, ...]) -> None:
    verdict = part_verdict([check(holds) for holds in outcomes])
    assert (verdict == HOLDS) == all(outcome is True for outcome in outcomes)
    assert (verdict == FAILS) == all(outcome is False for outcome in outcomes)
    assert (verdict == CONDITION) == (True in outcomes and verdict != HOLDS)
    assert (verdict == OPEN) == (True not in outcomes and None in outcomes)


@pytest.mark.parametrize("outcomes", [each for n in (1, 2, 3) for each in itertools.product(OUTCOMES, repeat=n)])
def test_a_claim_is_no_better_than_any_of_its_parts(outcomes: tuple[bool | None, ...]) -> None:
    verdict = claim_verdict([check(holds, str(part)) for part, holds in enumerate(outcomes)])
    assert (verdict == HOLDS) == all(outcomes)
    assert (verdict == FAILS) == (False in outcomes)
    assert (verdict == OPEN) == (False not in outcomes and None in outcomes)


def test_one_failing_part_is_not_mended_by_a_condition_of_another() -> None:
    checks = [check(True, "a", "here"), check(False, "a", "there"), check(False, "b", "here"), check(False, "b", "there")]
    assert claim_verdict(checks[:2]) == CONDITION
    assert claim_verdict(checks) == FAILS
    assert claim_verdict([]) == OPEN


def test_seeds_speak_together_or_not_at_all() -> None:
    assert by_seed([True, True]) is True
    assert by_seed([False, False, False]) is False
    assert by_seed([True, False, True]) is None
    assert by_seed([True]) is None


def test_the_circumstance_that_always_helps_is_named() -> None:
    grid = list(itertools.product(("default", "chrono"), ("untrained", "trained"), ("copying", "text")))
    one = [check("chrono" in where, "it works", *where) for where in grid]
    assert always(one) == ["chrono"]
    two = [check({"default", "trained"} <= {*where}, "it works", *where) for where in grid]
    assert always(two) == ["default + trained"]
    assert always([check(False, "it works", *where) for where in grid]) == []
    told = sentences(one)
    assert told[0] == "The claim holds under a condition."
    assert "in 4 of 8 conditions, always with chrono" in told[1]


def test_every_sentence_holds_a_figure() -> None:
    for holds in OUTCOMES:
        assert "12 steps" in sentences([check(holds)])[1]
    assert "here: 12 steps" in sentences([check(True, "a", "here"), check(False, "a", "there")])[1]

"""A claim that one system is as good as another, better, quicker or smaller: decided by comparisons of existing recipes.

A comparison is `seqkit compare` itself, with its jobs, its matching and its paired tests; only the verdict is read here.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any, ClassVar, Literal

from pydantic import Field

from seqkit.config import Config
from seqkit.errors import UserError
from seqkit.report.figure import Figure
from seqkit.report.report import Lines, Section, Series, Table
from seqkit.run.claims.measurement import Evidence, Result, Setting
from seqkit.run.claims.verdict import LEAST_SEEDS, Check
from seqkit.run.comparison.compare import WHOLE, CompareRequest, compare
from seqkit.run.comparison.paired import ALPHA, CLEAR_RATIO, paired_comparisons, rate
from seqkit.run.comparison.system import System
from seqkit.tasks.recipes import load_recipe

Expectation = Literal["better", "alike", "no worse", "trains faster", "runs faster", "smaller"]


class ContestConfig(Config):
    """One comparison.

    Args:
        recipe: of `seqkit compare`.
        overrides: of the recipe, such as `train.epochs=2`, or rivals of one's own.
        rivals: those of the recipe's that take part.
        fractions: percents of the training split that are trained on beside the whole; each is judged.
        margin: the difference in the recipe's measure, such as points of F1, that would matter.
        speed: the measured speed that counts for `runs faster`, by its name; the first if left out.
    """

    recipe: str
    overrides: tuple[str, ...] = ()
    rivals: tuple[str, ...] = Field(min_length=1)
    fractions: tuple[float, ...] = ()
    margin: float = Field(default=1.0, gt=0)
    speed: str = ""


class PartConfig(Config):
    """A part of the claim, tested in every contest in which both systems take part.

    Args:
        sentence: what is claimed.
        of: the system of which it is said.
        than: the one it is set against.
        expect: `better` by a paired test; `alike` within the margin; `no worse` than the margin; or what is not a score:
            `trains faster`, `runs faster`, `smaller` in parameters.
    """

    renamed: ClassVar[Mapping[str, str]] = {"told": "sentence"}

    sentence: str
    of: str
    than: str
    expect: Expectation


class ContestsConfig(Config):
    """Contests by name, and what is expected of them."""

    kind: Literal["contest"]
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1)
    contests: dict[str, ContestConfig] = Field(min_length=1)
    parts: tuple[PartConfig, ...] = Field(min_length=1)


class Contests:
    """The measurement.

    Raises:
        UserError: a recipe is at fault, or a part sets systems against each other that no comparison pairs.
    """

    shows_itself = True

    def __init__(self, config: ContestsConfig, setting: Setting) -> None:
        self.config = config
        self.setting = setting
        for part in config.parts:
            check_pairs(part, config.contests)

    def jobs(self) -> dict[str, Callable[[], Result]]:
        """A comparison each; the comparison itself keeps its finished jobs."""
        seeds = ", ".join(map(str, self.config.seeds))
        return {f"{name}, seeds {seeds}": lambda name=name: self.measure(name) for name in self.config.contests}

    def measure(self, name: str) -> Result:
        """The paired tests of a comparison at each fraction of the training split, and the figures of its systems."""
        contest = self.config.contests[name]
        request = CompareRequest(
            recipe=contest.recipe,
            out=self.setting.out / name,
            seeds=self.config.seeds,
            rivals=contest.rivals,
            overrides=contest.overrides,
            device=self.setting.device_name,
            threads=self.setting.threads,
            command=self.setting.command,
            fractions=tuple(fraction for fraction in contest.fractions if fraction != WHOLE),
        )
        comparison = compare(request, self.setting.console)
        whole = comparison.results[WHOLE]
        return {
            "title": comparison.report.title,
            "verdict": list(comparison.report.verdict),
            "measure": {"name": whole[0].measure.name, "unit": whole[0].measure.unit, "digits": whole[0].measure.digits},
            "systems": {system.name: figures(system, contest.speed) for system in whole},
            "pairs": [
                {"fraction": fraction} | pair
                for fraction, systems in comparison.results.items()
                if systems
                for pair in pairs_of(systems)
            ],
            "scores": scores_by_fraction(comparison.results),
        }

    def evidence(self, results: Mapping[str, Result]) -> Evidence:
        """A check for each part in each contest in which both of its systems take part."""
        by_name = dict(zip(self.config.contests, results.values(), strict=True))
        checks = [check for part in self.config.parts for name in by_name for check in self.checks(part, name, by_name[name])]
        return Evidence(
            checks=tuple(checks),
            headline=tuple(
                Figure(f"{name}, {system}", fmean(scores), found["measure"]["unit"], seeds=self.config.seeds,
                       digits=found["measure"]["digits"])
                for name, found in by_name.items()
                for system, by_fraction in found["scores"].items()
                for scores in [by_fraction[f"{WHOLE:g}"]]
            ),
            sections=tuple(self.section(name, found) for name, found in by_name.items()),
            subtitle="; ".join(
                f"{name}: {contest.recipe}" + f" ({', '.join(contest.overrides)})" * bool(contest.overrides)
                for name, contest in self.config.contests.items()
            ),
            note="Scores: the comparison's paired bootstrap interval over the test split and its approximate randomisation "
            f"(corrected for the number of rivals). Better: p < {ALPHA:g} in its favour; not so where the interval leaves less "
            "than the margin. Alike: the interval lies inside the margin; not so where it lies outside. No worse: the interval "
            "lies above minus the margin; not so where it lies below. Open otherwise, where the systems nowhere differ, and "
            f"with fewer than {LEAST_SEEDS} seeds. Faster: by more than {CLEAR_RATIO:g} times.",
        )  # fmt: skip

    def checks(self, part: PartConfig, name: str, found: Result) -> list[Check]:
        """None where a system does not take part, or nothing of it was finished."""
        contest = self.config.contests[name]
        if not {part.of, part.than} <= {*found["systems"]}:
            return []
        mine, other = found["systems"][part.of], found["systems"][part.than]
        if part.expect in RATIOS:
            key = RATIOS[part.expect]
            ratio = mine[key] / other[key] if key != "parameters" else other[key] / mine[key]
            least = 1 if part.expect == "smaller" else CLEAR_RATIO
            return [Check(part.sentence, (name,), Figure("ratio", ratio, "×"), ratio > least)]
        own = [pair for pair in found["pairs"] if {pair["first"], pair["rival"]} == {part.of, part.than}]
        return [self.scored(part, name, contest, found, pair) for pair in own]

    def scored(self, part: PartConfig, name: str, contest: ContestConfig, found: Result, pair: Mapping[str, Any]) -> Check:
        """The check of a paired test."""
        sign = 1 if pair["first"] == part.of else -1
        low, high = sorted((sign * pair["low"], sign * pair["high"]))
        difference, measure = sign * pair["difference"], found["measure"]
        figure = Figure("difference", difference, pair["point"], interval=(low, high), digits=measure["digits"])
        where = (name, f"{pair['fraction']:g} % of train") if contest.fractions else (name,)
        holds = None if pair["seeds"] < LEAST_SEEDS else judged(part.expect, difference, low, high, pair["p"], contest.margin)
        return Check(part.sentence, where, figure, holds)

    def section(self, name: str, found: Result) -> Section:
        """The comparison in short; its own report has the rest."""
        measure = found["measure"]
        fractions = sorted({float(fraction) for by_fraction in found["scores"].values() for fraction in by_fraction})
        rows = tuple(
            (
                system,
                *(mean_figure(by_fraction.get(f"{fraction:g}", []), measure) for fraction in fractions),
                Figure("parameters", found["systems"][system]["parameters"], "parameters"),
                Figure("training", found["systems"][system]["training"], found["systems"][system]["training_unit"]),
                Figure("speed", found["systems"][system]["speed"], found["systems"][system]["speed_unit"]),
            )
            for system, by_fraction in found["scores"].items()
        )
        speed = next(iter(found["systems"].values()))["speed_name"]
        heads = [f"test {measure['name']}" + f", {fraction:g} % of train" * (len(fractions) > 1) for fraction in fractions]
        table = Table("", ("system", *heads, "parameters", "training speed", speed), rows, " ".join(found["verdict"]))
        curves = Lines(
            "Quality by training-set size", "percent of the training split", f"test {measure['name']}, {measure['unit']}",
            tuple(
                Series(
                    system,
                    tuple(fractions),
                    *(tuple(of(by_fraction[f"{f:g}"]) if by_fraction.get(f"{f:g}") else None for f in fractions)
                      for of in (fmean, min, max)),
                )
                for system, by_fraction in found["scores"].items()
            ),
            "Mean over seeds; the band spans them.", log_x=True,
        )  # fmt: skip
        return Section(f"{name}: {found['title']}", blocks=(table, curves) if len(fractions) > 1 else (table,))


RATIOS: dict[str, str] = {"trains faster": "training", "runs faster": "speed", "smaller": "parameters"}


def check_pairs(part: PartConfig, contests: Mapping[str, ContestConfig]) -> None:
    """Refuse a part that no contest can decide.

    Raises:
        UserError: says which systems are paired.
    """
    paired: list[set[str]] = []
    for contest in contests.values():
        recipe = load_recipe(contest.recipe, contest.overrides)
        paired += [{recipe.compare.name or recipe.model.family, rival} for rival in contest.rivals]
    if {part.of, part.than} not in paired:
        known = "; ".join(" and ".join(sorted(pair)) for pair in paired)
        raise UserError(f"measure.parts: no contest pairs {part.of} with {part.than} (paired: {known})")


def judged(expect: Expectation, difference: float, low: float, high: float, p: float, margin: float) -> bool | None:
    """Whether a difference of scores is as expected; positive where the system that is spoken of leads.

    Two systems that nowhere differ, as before they have learnt anything, are not called alike.
    """
    if low == high:
        return None
    match expect:
        case "better":
            if p < ALPHA:
                return difference > 0
            return False if high < margin else None
        case "alike":
            if -margin <= low and high <= margin:
                return True
            return False if low > margin or high < -margin else None
        case _:
            if low >= -margin:
                return True
            return False if high < -margin else None


def scores_by_fraction(results: Mapping[float, Sequence[System]]) -> dict[str, dict[str, list[float]]]:
    """The score of each seed, by system and percent of the training split."""
    names = dict.fromkeys(system.name for systems in results.values() for system in systems)
    return {
        name: {f"{fraction:g}": s.scores.tolist() for fraction, systems in results.items() for s in systems if s.name == name}
        for name in names
    }


def figures(system: System, speed: str) -> dict[str, Any]:
    """What is told of a system beside its scores."""
    name = speed or next(iter(system.speeds))
    if name not in system.speeds:
        raise UserError(f"measure.contests: no speed is called '{name}' (known: {', '.join(system.speeds)})")
    return {
        "parameters": system.parameters,
        "training": system.training(rate),
        "training_unit": system.training_unit,
        "speed_name": name,
        "speed": system.speed(name),
        "speed_unit": system.speeds[name],
    }


def pairs_of(systems: Sequence[System]) -> list[dict[str, Any]]:
    """The paired tests of the first system against each other one, in the unit of the measure."""
    factor = abs(systems[0].measure.factor)
    return [
        {
            "first": pair.first.name,
            "rival": pair.rival.name,
            "difference": pair.difference_in_points,
            "low": factor * pair.paired.low,
            "high": factor * pair.paired.high,
            "p": pair.p,
            "point": pair.first.measure.point,
            "seeds": len(pair.first.seeds),
        }
        for pair in paired_comparisons(systems)
    ]


def mean_figure(scores: Sequence[float], measure: Mapping[str, Any]) -> Figure:
    """The mean over seeds."""
    mean = fmean(scores) if scores else None
    return Figure(measure["name"], mean, measure["unit"], digits=measure["digits"])

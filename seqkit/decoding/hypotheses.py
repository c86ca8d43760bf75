"""Whole hypotheses, collected from the steps of a search."""

from collections.abc import Iterable
from typing import NamedTuple

from seqkit.decoding.search import Step


class Hypothesis(NamedTuple):
    """One continuation of a prompt.

    Args:
        tokens: its symbols without the prompt's; the end symbol is the last one where it ended.
        logps: the model's log-probability of each, in nats.
        score: what it is ranked by: their sum, over the length penalty of a beam.
        ended: False where the limit cut it off, or the caller.
    """

    tokens: list[int]
    logps: list[float]
    score: float
    ended: bool


Node = tuple[int, float, "Node | None"]
"""A symbol, its log-probability and the node before it: beginnings are shared, and what nothing continues is freed."""

Ranked = tuple[float, Node | None, bool]
"""A score, the last node, and whether it ended."""


Choice = tuple[float, int, float, int, bool]
"""Of a step: score, symbol, its log-probability, the live hypothesis it continues, whether it ends it."""


class _Search:
    """The hypotheses of one search: live ones with their scores, and the best that are complete."""

    def __init__(self, best: int) -> None:
        self.best = best
        self.live: list[tuple[float, Node | None]] = [(0.0, None)]
        self.complete: list[Ranked] = []

    def add(self, choices: Iterable[Choice], live: int) -> None:
        """One step; the first `live` choices go on."""
        grown: list[tuple[float, Node | None]] = []
        ended = len(self.complete)
        for score, token, logp, parent, finished in choices:
            grown.append((score, (token, logp, self.live[parent][1])))
            if finished:
                self.complete.append((*grown[-1], True))
        if len(self.complete) > ended:
            self.complete = ranked(self.complete, self.best)
        self.live = grown[:live]

    def hypotheses(self) -> list[Hypothesis]:
        """The best, those that were cut off among them."""
        cut = [(score, node, False) for score, node in self.live]
        return [written_out(*entry) for entry in ranked(self.complete + cut, self.best)]


def hypotheses(steps: Iterable[Step], best: int = 1) -> list[list[Hypothesis]]:
    """The `best` hypotheses of each search, best first; of equal scores the one that was found first.

    The searches come in the order of their prompts, the samples of one prompt side by side.

    A beam of k hypotheses proves its list up to `best = k`; a greedy or sampling search has one hypothesis. Where the steps
    stop at a limit, the hypotheses it cut off compete with those that ended. A hypothesis of probability zero is left out.

    Args:
        steps: of one `search`, from its first.
    """
    searches: list[_Search] = []
    going: list[_Search] = []
    for number, step in enumerate(steps):
        if number == 0:
            going = searches = [_Search(best) for _ in step.done_B]
        parts = (step.score_BJ, step.token_BJ, step.logp_BJ, step.parent_BJ, step.finished_BJ)
        for search, done, *row in zip(going, step.done_B, *(part.tolist() for part in parts), strict=True):
            search.add(zip(*row, strict=True), 0 if done else step.live)
        going = [search for search, done in zip(going, step.done_B, strict=True) if not done]
    return [search.hypotheses() for search in searches]


def ranked(entries: list[Ranked], best: int) -> list[Ranked]:
    """Stable: of equal scores the first stays first."""
    possible = [entry for entry in entries if entry[0] > float("-inf")]
    return sorted(possible, key=lambda entry: -entry[0])[:best]


def written_out(score: float, node: Node | None, ended: bool) -> Hypothesis:
    """Follow the back pointers."""
    tokens: list[int] = []
    logps: list[float] = []
    while node is not None:
        token, logp, node = node
        tokens.append(token)
        logps.append(logp)
    return Hypothesis(tokens[::-1], logps[::-1], score, ended)

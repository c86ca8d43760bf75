"""The one decoding loop: greedy, beam and sampling, for every family and task.

Axes: B searches still going, K live hypotheses of each, J choices of one step, T tokens, V symbols.

The loop reads the prompt once and then one new symbol a step, so no prefix is ever read again. It remembers nothing but
the model's state and B·K sums; what a policy or a consumer remembers is its own affair. A step is handed out before the next
is computed, so a GPU is waited for once a step, in `scores.on_host`, and nowhere else.
"""

from collections.abc import Generator
from itertools import count
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from seqkit.decoding.scores import Scores, beside, log_softmax, repeated, without_gradients
from seqkit.engine.state import Scanner, State

PIECE = 256
"""Tokens of a prompt that are read at once: a long prompt needs the scores of one piece, not of all its tokens."""


class Step(NamedTuple):
    """What was chosen for each search: J symbols, of which the first `live` go on and become the next step's K.

    Of the other choices those marked `finished` are complete hypotheses; the rest mean nothing. The rows are the searches
    that are still going, in their first order: samples of a prompt side by side, and no row of a search after it was done.

    Args:
        token_BJ: the symbols.
        parent_BJ: the live hypothesis, 0 to K - 1, that each symbol continues.
        logp_BJ: the model's log-probability of the symbol, in nats, whatever the policy did with it.
        total_BJ: the sum of these over the hypothesis, the prompt left out.
        score_BJ: what hypotheses are ranked by.
        finished_BJ: which of them end with this symbol.
        live: how many go on, unless their search is done.
        done_B: searches that need no further step.
    """

    token_BJ: NDArray[np.int64]
    parent_BJ: NDArray[np.int64]
    logp_BJ: NDArray[np.float64]
    total_BJ: NDArray[np.float64]
    score_BJ: NDArray[np.float64]
    finished_BJ: NDArray[np.bool_]
    live: int
    done_B: NDArray[np.bool_]


class Chooser(Protocol):
    """A policy at work in one call of `search`."""

    def choose(self, total_BK: NDArray[np.float64], logp_BKV: Scores) -> Step:
        """Choose among the continuations of K live hypotheses a search, at first 1; a search that was done does not return."""
        ...


class Policy(Protocol):
    """How symbols are chosen: settings only, which any number of searches may share."""

    @property
    def samples(self) -> int:
        """Searches for each prompt."""
        ...

    def start(self, prompt_BT: NDArray[np.int64], symbols: int, *, end: int | None, limit: int | None) -> Chooser:
        """Begin B searches, the samples of one prompt side by side, among `symbols` symbols, `limit` steps at most."""
        ...


def search(
    model: Scanner[Any],
    state: State[Any],
    prompt_BT: NDArray[np.int64],
    policy: Policy,
    *,
    end: int | None,
    limit: int | None,
) -> Generator[Step, None, None]:
    """Read the prompts, then yield what is chosen, step by step, before the model reads it.

    The caller may stop whenever it likes. A hypothesis that ended is not read further, and a search that is done leaves the
    batch. Put the model into evaluation mode first; `state` stays valid and unchanged.

    Args:
        state: of B sequences; whatever it remembers already counts as the past.
        prompt_BT: prompts of one length, at least 1; group prompts by length, as there is no padding.
        end: the symbol that ends a hypothesis; None never ends one.
        limit: greatest number of symbols to choose; None for no limit, in memory that does not grow with the steps.

    Raises:
        ValueError: no prompt or an empty one, a limit below 1, a state of another batch, or what the policy refuses (all
            raised at the call).
        UserError: the model's scores are not numbers.
    """
    prompt_BT = np.asarray(prompt_BT)
    if prompt_BT.ndim != 2 or not prompt_BT.size:
        raise ValueError("search needs at least one prompt of at least one symbol")
    if limit is not None and limit < 1:
        raise ValueError(f"the limit must be at least 1, or None for no limit; got {limit}")
    if state.batch != len(prompt_BT):
        raise ValueError(f"{len(prompt_BT)} prompts but a state of {state.batch} sequences")
    like = next(iter(state.carry.values()))
    with without_gradients(like):
        logit_BV, state = read(model, beside(prompt_BT, like), state)
    samples = policy.samples
    if samples > 1:
        state, logit_BV, prompt_BT = state.repeat(samples), repeated(logit_BV, samples), prompt_BT.repeat(samples, axis=0)
    chooser = policy.start(prompt_BT, logit_BV.shape[1], end=end, limit=limit)
    return _steps(model, state, logit_BV, chooser, limit)


def read(model: Scanner[Any], token_BT: Scores, state: State[Any]) -> tuple[Scores, State[Any]]:
    """logit_BV of the symbol after the prompt, and the state there."""
    logit_BV: Scores = None
    for first in range(0, token_BT.shape[1], PIECE):
        logit_BTV, state = model.scan(token_BT[:, first : first + PIECE], state)
        logit_BV = logit_BTV[:, -1]
    return logit_BV, state


def _steps(
    model: Scanner[Any], state: State[Any], logit_BV: Scores, chooser: Chooser, limit: int | None
) -> Generator[Step, None, None]:
    total_BK = np.zeros((len(logit_BV), 1))
    for length in count(1):
        step = chooser.choose(total_BK, log_softmax(logit_BV).reshape(*total_BK.shape, -1))
        yield step
        going_B = ~step.done_B
        if length == limit or not going_B.any():
            return
        row_BK = rows(step, total_BK.shape[1])[going_B]
        token_N1 = step.token_BJ[going_B, : step.live].reshape(-1, 1)
        total_BK = step.total_BJ[going_B, : step.live]
        with without_gradients(logit_BV):  # never around a yield, where it would reach the caller
            if row_BK.size != len(logit_BV) or (row_BK.ravel() != np.arange(row_BK.size)).any():
                state = state.branch(row_BK)
            logit_BTV, state = model.scan(beside(token_N1, logit_BV), state)
        logit_BV = logit_BTV[:, -1]


def rows(step: Step, before: int) -> NDArray[np.int64]:
    """row_BK: the row, among `before` a search, of the state that each live hypothesis continues."""
    return step.parent_BJ[:, : step.live] + np.arange(0, len(step.parent_BJ) * before, before)[:, None]

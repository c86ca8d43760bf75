"""Copying and adding: what is asked can be known from what is read, and from nothing less."""

import math

import pytest
import torch
from torch.nn.functional import one_hot

from seqkit.architecture.causal import CausalRecurrentConfig
from seqkit.run.claims.problems import COPIED, SYMBOLS, Adding, Copying, ProblemName, problem
from seqkit.run.claims.synthetic import Answerer, SyntheticBatches, answer_reach


def test_what_is_copied_was_read_and_nothing_else_tells_of_it() -> None:
    sample = Copying(7).draw(5, torch.Generator().manual_seed(1))
    assert sample.x_BTD.shape == (5, 2 * COPIED + 7 + 1, SYMBOLS + 2)
    assert torch.equal(sample.x_BTD.sum(dim=-1), torch.ones(sample.x_BTD.shape[:2]))
    assert torch.equal(sample.x_BTD[:, :COPIED].argmax(dim=-1), sample.target_BK)
    assert (sample.x_BTD[:, COPIED:] == sample.x_BTD[:1, COPIED:]).all()
    sure = 1e3 * one_hot(sample.target_BK, SYMBOLS).float()
    assert Copying.losses(sure, sample.target_BK).sum() == 0
    assert Copying.losses(torch.zeros_like(sure), sample.target_BK).mean() == pytest.approx(Copying.blind)
    assert Copying.blind == pytest.approx(math.log(8))


def test_what_is_added_was_marked_once_in_each_half() -> None:
    sample = Adding(9).draw(20_000, torch.Generator().manual_seed(1))
    number_BT, mark_BT = sample.x_BTD.unbind(-1)
    assert torch.equal(mark_BT[:, :4].sum(dim=1), torch.ones(len(mark_BT)))
    assert torch.equal(mark_BT[:, 4:].sum(dim=1), torch.ones(len(mark_BT)))
    told = torch.stack([number[mark == 1].sum() for number, mark in zip(number_BT[:99], mark_BT[:99], strict=True)])
    torch.testing.assert_close(told, sample.target_BK[:99, 0])
    always_one = torch.ones(len(sample.target_BK), 1, 1)
    assert float(Adding.losses(always_one, sample.target_BK).mean()) == pytest.approx(Adding.blind, rel=0.05)


@pytest.mark.parametrize("name", ["copying", "adding"])
def test_batches_are_the_same_again_and_never_those_held_out(name: ProblemName) -> None:
    posed = problem(name, 6)
    model = Answerer(CausalRecurrentConfig(family="lstm", width=4, layers=1), posed)
    task = SyntheticBatches(model, posed, batch_size=3, updates=4, seed=1)
    once = [batch.x_BTD for batch in task.batches(0)]
    assert len(once) == task.batches_per_epoch() == 4
    assert all(torch.equal(a, b.x_BTD) for a, b in zip(once[2:], task.batches(0, 2), strict=True))
    seen = [*once, *(batch.x_BTD for batch in task.batches(1)), task.draw(3, 0).x_BTD]
    assert len({x.numpy().tobytes() for x in seen}) == len(seen)
    loss, count = task.loss(next(task.batches(0)))
    assert count == 3 * (COPIED if name == "copying" else 1)
    assert math.isfinite(loss.item())


def test_an_identity_recurrence_carries_the_gradient_and_a_small_one_does_not() -> None:
    # Without input a linear-looking tanh layer multiplies the gradient by its recurrent matrix at each step.
    for scale, far in ((1.0, 1.0), (0.5, 0.5**19)):
        model = Answerer(CausalRecurrentConfig(family="rnn", width=4, layers=1, norm=False, init="forget"), Adding(20)).double()
        with torch.no_grad():
            for name, weight in model.body.named_parameters():
                weight.mul_(scale) if "recurrent_weight" in name else weight.zero_()
        found = answer_reach(model.double(), DoubleAdding(20), longest=20)
        assert found.relative_K[-1] == pytest.approx(far)


class DoubleAdding(Adding):
    """In float64."""

    def draw(self, count: int, generator: torch.Generator):  # type: ignore[no-untyped-def]
        sample = super().draw(count, generator)
        return type(sample)(*(part.double() for part in sample))

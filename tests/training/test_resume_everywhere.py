"""Every model of every task, stopped at any moment and resumed, ends bit for bit where it would have ended unstopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import small
import torch

from seqkit.training import loop
from seqkit.training.checkpoint import restore_checkpoint, save_checkpoint
from seqkit.training.loop import Evaluated, Event, train

SETTINGS = {"average": 0.5, "schedule": "plateau", "learning_rate": 3e-2}
MOST = 200  # events of a run
AT_ANY_MOMENT = ("tagger, augmented", "text, lstm, dropped", "text, rotary", "pairs, lstm, matrix", "pairs, joined")


class Clock:
    """A clock that goes on by a quarter of a second whenever it is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(loop.time, "perf_counter", self.read)

    def read(self) -> float:
        self.now += 0.25
        return self.now


def everything(training: small.Training) -> dict[str, torch.Tensor]:
    """Every tensor of a run: weights, kept weights, averages, moments, what is carried, random state."""
    state = training.state
    found = {f"model/{name}": weight.detach() for name, weight in state.model.named_parameters()}
    found |= {f"best/{name}": weight for name, weight in state.best.items()}
    found |= {f"carried/{name}": value for name, value in training.trainable.carried.items()}
    assert state.average
    found |= {f"average/{name}": weight for name, weight in state.average.weights.items()}
    for number, moments in state.optimizer.state_dict()["state"].items():
        found |= {f"optimizer/{number}/{name}": value for name, value in moments.items()}
    return {name: value.clone() for name, value in found.items()} | {"random": torch.get_rng_state()}


def check_same(training: small.Training, expected: dict[str, torch.Tensor]) -> None:
    found = everything(training)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert torch.equal(value, expected[name]), name


def untimed(event: Event) -> dict[str, float]:
    return {key: value for key, value in vars(event).items() if key not in ("seconds", "trained")}


def resumed_at_every_event(name: str, folder: Path, **settings: float) -> Iterator[tuple[small.Training, Event]]:
    """A run of which each event happens in a fresh process, as it were: other weights, another random state."""
    training = small.training(name, **SETTINGS, **settings)
    save_checkpoint(folder, training.state, training.trainable.carried)
    for number in range(MOST):
        fresh = small.training(name, **SETTINGS, **settings)
        with torch.no_grad():
            for weight in fresh.model.parameters():
                weight.normal_()
        torch.manual_seed(1000 + number)
        restore_checkpoint(folder, fresh.state, fresh.trainable.carried)
        event = next(train(fresh.trainable, fresh.state), None)
        if event is None:
            return
        save_checkpoint(folder, fresh.state, fresh.trainable.carried)
        yield fresh, event
    raise AssertionError("a run that does not end")


@pytest.mark.parametrize("name", small.RUNS)
def test_resumed_at_every_event(name: str, tmp_path: Path):
    straight = small.training(name, **SETTINGS)
    events = [untimed(event) for event in train(straight.trainable, straight.state)]
    expected = everything(straight)
    legs = list(resumed_at_every_event(name, tmp_path))
    assert [untimed(event) for _, event in legs] == events
    check_same(legs[-1][0], expected)


@pytest.mark.parametrize("name", AT_ANY_MOMENT)
def test_stopped_at_any_moment_of_a_run_by_the_clock(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every look at dev that is due is taken, also one due at the very moment of the stop."""
    Clock(monkeypatch)
    straight = small.training(name, **SETTINGS, seconds=6.0)
    events = [untimed(event) for event in train(straight.trainable, straight.state)]
    expected = everything(straight)
    assert sum("dev_score" in event for event in events) == 10
    legs = list(resumed_at_every_event(name, tmp_path, seconds=6.0))
    assert [untimed(event) for _, event in legs] == events
    check_same(legs[-1][0], expected)


def test_a_state_is_carried_over_a_stop(tmp_path: Path):
    """A stop in the middle of an epoch, where forgetting what is carried would tell."""
    training = small.training("text, lstm")
    events = train(training.trainable, training.state)
    for _ in range(2):
        assert not isinstance(next(events), Evaluated)
    carried = {name: value.clone() for name, value in training.trainable.carried.items()}
    assert carried
    assert all(value.abs().max() > 0 for value in carried.values())
    save_checkpoint(tmp_path, training.state, training.trainable.carried)
    fresh = small.training("text, lstm")
    restore_checkpoint(tmp_path, fresh.state, fresh.trainable.carried)
    assert fresh.trainable.carried.keys() == carried.keys()
    assert all(torch.equal(fresh.trainable.carried[name], value) for name, value in carried.items())

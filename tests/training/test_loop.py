"""The loop on a regression small enough to follow by hand."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import tiny
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from seqkit.errors import UserError
from seqkit.training import loop
from seqkit.training.average import Average
from seqkit.training.loop import Evaluated, Step, TrainConfig, TrainState, train
from seqkit.training.schedule import learning_rate_factor

PER_EPOCH = 5


class Regression:
    """y = 3 x by one weight; dev scores as given, or how near the weight is."""

    def __init__(self, scores: list[float] | None = None, poison: int | None = None, scale: float = 1.0) -> None:
        self.model = nn.Linear(1, 1)
        with torch.no_grad():
            self.model.weight.fill_(0.5)
            self.model.bias.fill_(0.1)
        self.scores = iter(scores) if scores else None
        self.poison, self.scale = poison, scale
        self.scored: list[float] = []
        self.carried: dict[str, Tensor] = {}
        self.losses = 0

    def batches(self, epoch: int, start: int = 0) -> Iterator[Tensor]:
        random = torch.Generator().manual_seed(epoch)
        return itertools.islice((torch.randn(4, 1, generator=random) for _ in range(PER_EPOCH)), start, None)

    def batches_per_epoch(self) -> int:
        return PER_EPOCH

    def loss(self, batch: Tensor) -> tuple[Tensor, int]:
        assert self.model.training
        loss = self.scale * (self.model(batch) - 3 * batch).square().sum()
        self.losses += 1
        return (loss * math.nan if self.losses - 1 == self.poison else loss), len(batch)

    def dev_score(self) -> float:
        assert not self.model.training
        assert torch.is_inference_mode_enabled()
        self.scored.append(self.model.weight.item())
        return next(self.scores) if self.scores else -abs(self.scored[-1] - 3)


def run(task: Regression, **settings: Any) -> tuple[TrainState, list[Any]]:
    state = TrainState(task.model, TrainConfig(**({"epochs": 4, "learning_rate": 0.1} | settings)))
    return state, list(train(task, state))


# Events


def test_events_come_in_order_and_count_right():
    task = Regression()
    state, events = run(task, epochs=3)
    assert [type(event) for event in events] == ([Step] * PER_EPOCH + [Evaluated]) * 3
    steps = [event for event in events if isinstance(event, Step)]
    assert [step.step for step in steps] == list(range(1, 16))
    assert [step.epoch for step in steps] == [0] * 5 + [1] * 5 + [2] * 5
    assert {step.tokens for step in steps} == {4}
    looks = [event for event in events if isinstance(event, Evaluated)]
    assert [(look.step, look.epoch) for look in looks] == [(5, 1), (10, 2), (15, 3)]
    assert (state.step, state.epoch, state.batch) == (15, 3, 0)
    assert steps[-1].loss < 0.1 * steps[0].loss
    with pytest.raises(FrozenInstanceError):
        steps[0].loss = 0.0


def test_the_loss_is_nats_a_token_before_the_update():
    task = Regression()
    batch = next(task.batches(0))
    expected = ((0.5 * batch + 0.1) - 3 * batch).square().mean().item()
    assert run(task, epochs=1)[1][0].loss == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("every", "epochs"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [5])])
def test_evaluations_come_every_so_many_epochs_and_at_the_end(every: int, epochs: list[int]):
    _, events = run(Regression(), epochs=5, evaluate_every=every)
    assert [event.epoch for event in events if isinstance(event, Evaluated)] == epochs


def test_best_and_stalled():
    task = Regression(scores=[0.1, 0.3, 0.2, 0.3, 0.4, 0.0])
    state, events = run(task, epochs=6, average=0.0)
    looks = [event for event in events if isinstance(event, Evaluated)]
    assert [look.is_best for look in looks] == [True, True, False, False, True, False]  # as good again is not better
    assert [look.stalled for look in looks] == [0, 0, 1, 2, 0, 1]
    assert [look.best_epoch for look in looks] == [1, 2, 2, 2, 5, 5]
    assert [look.best_score for look in looks] == [0.1, 0.3, 0.3, 0.3, 0.4, 0.4]
    assert state.best["weight"].item() == task.scored[4]
    assert task.model.weight.item() == task.scored[5]


def test_the_last_weights_are_kept_if_asked_for():
    task = Regression(scores=[0.3, 0.2, 0.1])
    state, events = run(task, epochs=3, keep="last")
    assert state.best["weight"].item() == task.scored[2]
    assert (events[-1].best_epoch, events[-1].best_score) == (1, 0.3)


def test_early_stopping_is_leaving_the_generator():
    task = Regression(scores=[0.5, 0.4, 0.3, 0.2, 0.1])
    state = TrainState(task.model, TrainConfig(epochs=5, patience=2))
    for event in train(task, state):
        if isinstance(event, Evaluated) and event.stalled >= state.config.patience:
            break
    assert (state.epoch, state.best_epoch, task.losses) == (3, 1, 3 * PER_EPOCH)


def test_a_score_of_nan_is_never_best():
    state, events = run(Regression(scores=[math.nan, 0.2, math.nan]), epochs=3)
    assert [e.is_best for e in events if isinstance(e, Evaluated)] == [False, True, False]
    assert state.best_score == 0.2


# Updates


@pytest.mark.parametrize("poison", [0, 7])
def test_a_loss_that_is_no_number_stops_with_step_and_batch(poison: int):
    task = Regression(poison=poison)
    state = TrainState(task.model, TrainConfig(epochs=3))
    with pytest.raises(
        UserError, match=rf"loss nan.* at step {poison}, epoch {poison // 5}, batch {poison % 5}; .*learning_rate"
    ):
        list(train(task, state))
    assert state.step == poison
    assert all(bool(weight.isfinite().all()) for weight in task.model.parameters())


def test_an_infinite_gradient_stops_too():
    task = Regression(scale=1e38)
    state = TrainState(task.model, TrainConfig(epochs=3))
    with pytest.raises(UserError, match="gradient norm inf at step 0"):
        list(train(task, state))


@pytest.mark.parametrize("clip", [0.0, 0.01, 0.5])
def test_gradients_are_clipped_to_the_bound(clip: float):
    task = Regression()
    state = TrainState(task.model, TrainConfig(epochs=1, clip=clip, learning_rate=1e-9))
    clipped = 0
    for event in train(task, state):
        if isinstance(event, Step):
            norm = math.hypot(*(float(weight.grad.norm()) for weight in task.model.parameters()))
            if clip:
                assert norm <= clip * (1 + 1e-5)
            if clip and event.gradient_norm > clip:
                assert norm == pytest.approx(clip, rel=1e-3)
                clipped += 1
            else:
                assert norm == pytest.approx(event.gradient_norm, rel=1e-5)
    assert bool(clipped) == bool(clip)


def test_only_matrices_decay():
    task = Regression()
    state = TrainState(task.model, TrainConfig(weight_decay=0.3))
    decay = {id(w): group["weight_decay"] for group in state.optimizer.param_groups for w in group["params"]}
    assert decay == {id(task.model.weight): 0.3, id(task.model.bias): 0.0}


def test_the_first_update_is_adamw():
    task = Regression()
    state = TrainState(task.model, TrainConfig(learning_rate=0.1, weight_decay=0.5, schedule="constant", warmup=0.0, clip=0))
    next(train(task, state))
    # m / sqrt(v) is the gradient's sign after one step; the error was 0.5 x + 0.1 - 3 x, so the weight rises.
    assert task.model.weight.item() == pytest.approx(0.5 * (1 - 0.1 * 0.5) + 0.1, abs=1e-5)


# The average


def test_the_average_equals_a_loop_by_hand():
    task = Regression()
    state = TrainState(task.model, TrainConfig(epochs=4, average=0.7))
    by_hand = 0.5
    for number, event in enumerate(e for e in train(task, state) if isinstance(e, Step)):
        decay = min(0.7, (1 + number) / (10 + number))
        by_hand = decay * by_hand + (1 - decay) * task.model.weight.item()
        assert state.average is not None
        assert state.average.weights["weight"].item() == pytest.approx(by_hand, rel=1e-5)
        assert event.step == number + 1 == state.average.updates


def test_the_average_is_what_is_scored_and_the_model_has_its_own_again():
    task = Regression()
    state = TrainState(task.model, TrainConfig(epochs=1, average=0.9))
    own = 0.0
    for event in train(task, state):
        if isinstance(event, Step):
            own = task.model.weight.item()
    assert state.average is not None
    assert task.scored == [state.average.weights["weight"].item()]
    assert task.model.weight.item() == own != task.scored[0]


def test_the_model_gets_its_weights_back_after_an_error():
    model = nn.Linear(1, 1)
    average = Average(model, 0.9)
    own = model.weight.item()
    average.weights["weight"].fill_(7.0)

    def inside() -> None:
        with average.applied_to(model):
            assert model.weight.item() == 7.0
            raise KeyError

    with pytest.raises(KeyError):
        inside()
    assert model.weight.item() == own


# Schedules


def factors(schedule: str, total: int = 100, warmup: float = 0.1, halvings: int = 0) -> list[float]:
    return [learning_rate_factor(schedule, step, total, warmup, halvings) for step in range(total + 1)]


@pytest.mark.parametrize("schedule", ["cosine", "plateau", "constant"])
def test_warm_up_is_linear(schedule: str):
    rising = factors(schedule)[:10]
    assert rising == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert factors(schedule)[10] == 1.0
    assert factors(schedule, warmup=0.0)[0] == 1.0
    assert all(0 < factor <= 1 for factor in factors(schedule)[:-1])


def test_cosine_falls_to_zero():
    falling = factors("cosine")[10:]
    assert falling == sorted(falling, reverse=True)
    assert falling[45] == pytest.approx(0.5)  # half-way
    assert falling[-1] == pytest.approx(0.0, abs=1e-12)
    assert learning_rate_factor("cosine", 130, 100, 0.1, 0) == pytest.approx(0.0, abs=1e-12)


def test_plateau_halves_and_constant_does_not():
    assert [factors("plateau", halvings=n)[50] for n in range(4)] == [1, 1 / 2, 1 / 4, 1 / 8]
    assert factors("constant", halvings=3)[10:] == [1.0] * 91


def test_the_learning_rate_in_use_is_the_schedules():
    task = Regression(scores=[0.4, 0.3, 0.5, 0.2])
    _, events = run(task, schedule="plateau", warmup=0.2, learning_rate=0.01)
    rates = [event.learning_rate for event in events if isinstance(event, Step)]
    assert rates == pytest.approx([0.01 * r for r in [1 / 5, 2 / 5, 3 / 5, 4 / 5] + [1] * 6 + [1 / 2] * 10])
    task = Regression()
    state = TrainState(task.model, TrainConfig(epochs=2, learning_rate=0.01))
    for event in train(task, state):
        if isinstance(event, Step):
            assert {group["lr"] for group in state.optimizer.param_groups} == {event.learning_rate}
    assert event.epoch == 2


def test_settings_are_checked():
    for wrong in ({"epochs": 0}, {"learning_rate": 0}, {"average": 1.0}, {"warmup": 1.0}, {"schedule": "linear"}, {"lr": 0.1}):
        with pytest.raises(ValidationError):
            TrainConfig(**wrong)


# Batches of an epoch


@pytest.mark.parametrize("augment", [None, {"swap": 0.5, "lower": 0.3, "upper": 0.1}])
def test_batches_follow_seed_and_epoch(augment: dict[str, float] | None, corpus, vocabulary):
    def batches(seed: int, epoch: int) -> list[list[list[float]]]:
        trainable = tiny.task(tiny.tagger("lstm", vocabulary), vocabulary, corpus, seed=seed, augment=augment)
        torch.rand(epoch + 3)  # chance elsewhere does not matter
        found = list(trainable.batches(epoch))
        assert len(found) == trainable.batches_per_epoch()
        return [[batch.words.char_UC[batch.place_BT].tolist(), batch.tag_BT.tolist()] for batch in found]

    for one, other in itertools.combinations([(1, 0), (1, 1), (2, 0)], 2):
        assert batches(*one) == batches(*one)
        assert batches(*one) != batches(*other)


def test_a_batch_does_not_depend_on_what_was_read_before(corpus, vocabulary):
    fresh = tiny.task(tiny.tagger("lstm", vocabulary), vocabulary, corpus)
    used = tiny.task(tiny.tagger("lstm", vocabulary), vocabulary, corpus)
    list(used.batches(3))
    for one, other in zip(fresh.batches(0), used.batches(0), strict=True):
        for part, same in zip((*one.words, *one[1:]), (*other.words, *other[1:]), strict=True):
            assert torch.equal(part, same)


def test_a_batch_holds_its_sentences(corpus, vocabulary):
    trainable = tiny.task(tiny.tagger("lstm", vocabulary), vocabulary, corpus)
    batch = trainable.collate(corpus[:7])
    assert batch.length_B.tolist() == [len(sentence.tokens) for sentence in corpus[:7]]
    for row, sentence in enumerate(corpus[:7]):
        places = batch.place_BT[row, : len(sentence.tokens)]
        assert vocabulary.decode(batch.words.word_U[places].tolist()) == [word.lower() for word in sentence.tokens]
        assert [tiny.TAGS[tag] for tag in batch.tag_BT[row, : len(sentence.tokens)]] == list(sentence.tags)
    assert len(batch.words.word_U) == len({word for sentence in corpus[:7] for word in sentence.tokens})


# On a device that works behind the program's back


@pytest.fixture
def _ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "updates_ahead", lambda device: 1)


def numbers(events: list[Any]) -> list[Any]:
    """Events without the time they took."""
    return [
        tuple(value for name, value in vars(event).items() if name not in ("seconds", "trained"))
        for event in events
    ]  # fmt: skip


def test_an_update_told_late_is_the_same_update(monkeypatch: pytest.MonkeyPatch):
    tasks = Regression(), Regression()
    (state, events), _ = run(tasks[0], epochs=2.6, clip=0.5), monkeypatch.setattr(loop, "updates_ahead", lambda device: 1)
    late, later = run(tasks[1], epochs=2.6, clip=0.5)
    assert numbers(later) == numbers(events)
    assert (late.step, late.epoch, late.batch) == (state.step, state.epoch, state.batch) == (13, 2, 3)
    assert torch.equal(tasks[0].model.weight, tasks[1].model.weight)
    assert all(torch.equal(late.best[name], weight) for name, weight in state.best.items())


@pytest.mark.usefixtures("_ahead")
def test_an_update_is_looked_at_when_the_next_is_under_way_or_dev_is_due(monkeypatch: pytest.MonkeyPatch):
    task = Regression()
    told: list[tuple[int, int]] = []
    read = loop.Begun.told
    monkeypatch.setattr(loop.Begun, "told", lambda self, state: told.append((self.step, task.losses)) or read(self, state))
    state, _ = run(task, epochs=2)
    assert told == [(0, 2), (1, 3), (2, 4), (3, 5), (4, 5), (5, 7), (6, 8), (7, 9), (8, 10), (9, 10)]
    assert state.step == 10


@pytest.mark.usefixtures("_ahead")
@pytest.mark.parametrize("poison", [0, 4, 7])
def test_an_update_that_is_no_number_is_not_made_though_it_is_noticed_late(poison: int):
    task = Regression(poison=poison)
    state = TrainState(task.model, TrainConfig(epochs=3))
    events: list[Any] = []
    with pytest.raises(UserError, match=rf"loss nan.* at step {poison}, epoch {poison // 5}, batch {poison % 5}; "):
        events.extend(train(task, state))
    assert [event.step for event in events if isinstance(event, Step)] == list(range(1, poison + 1))
    assert (state.step, state.epoch, state.batch) == (poison, poison // 5, poison % 5)
    assert task.losses == poison + 1 + (poison % 5 < 4)  # the next was under way, unless dev was due
    assert state.average is not None
    for weight in (*task.model.parameters(), *state.average.weights.values()):
        assert bool(weight.isfinite().all())


@pytest.mark.parametrize("clip", [0.0, 1.0])
@pytest.mark.parametrize("poison", [0, 1, 6])
def test_the_weights_are_those_before_the_update_that_is_no_number(poison: int, clip: float):
    task, sound = Regression(poison=poison), Regression()
    state = TrainState(task.model, TrainConfig(epochs=3, clip=clip))
    with pytest.raises(UserError, match="loss nan"):
        list(train(task, state))
    steps = train(sound, TrainState(sound.model, TrainConfig(epochs=3, clip=clip)))
    for _ in itertools.islice((event for event in steps if isinstance(event, Step)), poison):
        pass
    assert torch.equal(task.model.weight, sound.model.weight)
    moments = state.optimizer.state[task.model.weight]
    assert moments["step"].item() == poison
    assert all(bool(moment.isfinite().all()) for moment in moments.values())


def test_waiting_for_an_update_counts_as_its_time(monkeypatch: pytest.MonkeyPatch):
    clock = Clock(monkeypatch)
    monkeypatch.setattr(loop, "updates_ahead", lambda device: 1)
    task, read = clock.task(), loop.Numbers.read

    def slow(self: loop.Numbers) -> list[float]:
        clock.now += 2.0
        return read(self)

    monkeypatch.setattr(loop.Numbers, "read", slow)
    state, events = run(task, seconds=100, epochs=1)
    steps = [event for event in events if isinstance(event, Step)]
    assert [step.seconds for step in steps] == [9.0] + [2.5] * (len(steps) - 1)  # asking, and waiting
    assert state.seconds == 2.5 * (len(steps) - 1)
    assert 100 <= state.seconds <= 100 + 2 * 2.5  # one is under way when the time is over
    looks = [event for event in events if isinstance(event, Evaluated)]
    assert len(looks) == 10
    assert len({look.step for look in looks}) == 10
    assert looks[-1] is events[-1]


# By the clock


class Clock:
    """A clock that says when an update or an evaluation is over; an update takes half a second but for the first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, evaluation: float = 100.0) -> None:
        self.now = 0.0
        self.evaluation = evaluation
        monkeypatch.setattr(loop.time, "perf_counter", lambda: self.now)

    def task(self, **given: Any) -> Regression:
        task = Regression(**given)
        loss, dev_score = task.loss, task.dev_score

        def timed_loss(batch: Tensor) -> tuple[Tensor, int]:
            self.now += 0.5 if task.losses else 7.0
            return loss(batch)

        def timed_score() -> float:
            self.now += self.evaluation
            return dev_score()

        task.loss, task.dev_score = timed_loss, timed_score
        return task


def test_a_run_by_the_clock_ends_when_its_seconds_are_over(monkeypatch: pytest.MonkeyPatch):
    state, events = run(Clock(monkeypatch).task(), seconds=10, epochs=1)
    assert (state.step, state.seconds) == (21, 10.0)  # the first update, a slow one, and evaluations are not counted
    looks = [event for event in events if isinstance(event, Evaluated)]
    assert [look.trained for look in looks] == list(range(1, 11))
    assert looks[-1] is events[-1]


def test_the_learning_rate_follows_the_clock(monkeypatch: pytest.MonkeyPatch):
    _, events = run(Clock(monkeypatch).task(), seconds=10, learning_rate=1.0, warmup=0.2)
    rates = [event.learning_rate for event in events if isinstance(event, Step)]
    assert rates[:2] == pytest.approx([0, 0], abs=1e-3)  # no pace yet
    assert rates[2:] == pytest.approx([learning_rate_factor("cosine", step, 20, 0.2, 0) for step in range(2, 21)])
    # half as long, half as many updates, the same course
    _, events = run(Clock(monkeypatch).task(), seconds=5, learning_rate=1.0, warmup=0.2)
    assert [event.learning_rate for event in events if isinstance(event, Step)][-1] == pytest.approx(rates[-1], abs=0.02)


def test_time_too_short_for_a_tenth_is_evaluated_at_its_end(monkeypatch: pytest.MonkeyPatch):
    state, events = run(Clock(monkeypatch).task(), seconds=0.7)
    assert [type(event) for event in events] == [Step, Step, Evaluated, Step, Evaluated]
    assert state.best

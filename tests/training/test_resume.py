"""A run that stops and goes on ends in the same weights as one that never stopped, bit for bit."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
import torch

import seqkit
from seqkit.errors import DataError
from seqkit.training.checkpoint import KEPT, checkpoints, restore_checkpoint, save_checkpoint
from seqkit.training.loop import Evaluated, TrainConfig, TrainState, train

DATA = tiny.sentences(26)  # four batches of eight an epoch, the last one short
WORDS = tiny.vocabulary(DATA)
DROPPED = {"dropout": 0.3, "input_dropout": 0.3, "output_dropout": 0.3, "layers": 2}
COUNTED = ("step", "epoch", "batch", "best_score", "best_epoch", "bad_evaluations", "reductions")
EVENTS = 3 * 5  # three epochs of four steps and an evaluation


def run(name: str, seed: int, **settings) -> tuple[tiny.TaggingBatches, TrainState]:
    """A run at its start, with everything that draws at random."""
    model = tiny.tagger(name, WORDS, seed=seed, **DROPPED)
    given = {"epochs": 3, "average": 0.5, "schedule": "plateau", "learning_rate": 3e-2, "warmup": 0.0} | settings
    augment = {"swap": 0.5, "lower": 0.2, "upper": 0.2}
    trainable = tiny.task(model, WORDS, DATA, DATA[:10], augment=augment, choose_bias=True)
    torch.manual_seed(seed)
    state = TrainState(model, TrainConfig(**given))
    score = trainable.dev_score
    # Better, worse, worse: what is best, how long ago it was and the plateau's reductions must all be remembered.
    trainable.dev_score = lambda: score() / 100 - state.epoch
    return trainable, state


def everything(state: TrainState) -> dict[str, torch.Tensor]:
    """Every tensor of a state."""
    found = {f"model/{name}": weight.detach() for name, weight in state.model.named_parameters()}
    found |= {f"best/{name}": weight for name, weight in state.best.items()}
    if state.average:
        found |= {f"average/{name}": weight for name, weight in state.average.weights.items()}
    for number, moments in state.optimizer.state_dict()["state"].items():
        found |= {f"optimizer/{number}/{name}": value for name, value in moments.items()}
    return {name: value.clone() for name, value in found.items()} | {"random": torch.get_rng_state()}


def counters(state: TrainState) -> dict[str, float]:
    updates = state.average.updates if state.average else 0
    return {name: getattr(state, name) for name in COUNTED} | {"updates": updates}


def check_same(one: TrainState, tensors: dict[str, torch.Tensor], other: dict[str, float]) -> None:
    found = everything(one)
    assert found.keys() == tensors.keys()
    for name, value in found.items():
        assert value.dtype == tensors[name].dtype
        assert torch.equal(value, tensors[name]), name
    assert counters(one) == other


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("lstm", {}),
        ("transformer", {"schedule": "cosine"}),
        ("gru", {"average": 0.0}),
        ("rnn", {"precision": "bf16", "keep": "last"}),
    ],
)
def test_stopped_anywhere_and_resumed(name: str, settings: dict, tmp_path: Path):
    trainable, state = run(name, 1, **settings)
    straight = list(train(trainable, state))
    assert len(straight) == EVENTS
    expected = everything(state), counters(state)
    assert any(key.startswith("optimizer/") for key in expected[0])
    assert any(key.startswith("best/") for key in expected[0])
    # In the first epoch, before any evaluation; at an epoch's last step, before its evaluation; after an evaluation; after two.
    for stop in (2, 4, 5, 12):
        trainable, state = run(name, 1, **settings)
        before = list(itertools.islice(train(trainable, state), stop))
        save_checkpoint(tmp_path / f"{stop}", state)
        again, fresh = run(name, 999, **settings)  # other weights, another random state
        restore_checkpoint(tmp_path / f"{stop}", fresh)
        after = list(train(again, fresh))
        check_same(fresh, *expected)
        assert [strip(event) for event in before + after] == [strip(event) for event in straight]


def strip(event) -> dict[str, float]:
    """What does not depend on the clock."""
    return {key: value for key, value in vars(event).items() if key not in ("seconds", "trained")}


def test_a_run_stopped_at_every_event(tmp_path: Path):
    trainable, state = run("lstm", 1)
    list(train(trainable, state))
    expected = everything(state), counters(state)
    trainable, state = run("lstm", 1)
    save_checkpoint(tmp_path, state)
    for number in range(EVENTS):
        trainable, state = run("lstm", number + 50)
        restore_checkpoint(tmp_path, state)
        next(train(trainable, state))
        save_checkpoint(tmp_path, state)
    check_same(state, *expected)
    assert list(train(trainable, state)) == []


def saved_at(folder: Path, *stops: int) -> dict[int, dict[str, torch.Tensor]]:
    trainable, state = run("lstm", 1)
    states = {}
    for number, _ in enumerate(train(trainable, state), start=1):
        if number in stops:
            save_checkpoint(folder, state)
            states[state.step] = everything(state)
        if number == max(stops):
            return states
    raise AssertionError


def test_the_newest_two_are_kept(tmp_path: Path):
    saved_at(tmp_path, 1, 2, 3, 6)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000003", "step-00000005"]
    assert KEPT == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000003", "step-00000005"]


@pytest.mark.parametrize("name", ["state.safetensors", "counters.json", "manifest.json"])
@pytest.mark.parametrize("harm", ["alter", "cut", "remove"])
def test_a_damaged_newest_gives_way_to_the_one_before(name: str, harm: str, tmp_path: Path):
    states = saved_at(tmp_path, 2, 4)
    damage(tmp_path / "step-00000004" / name, harm)
    _, state = run("lstm", 5)
    assert restore_checkpoint(tmp_path, state).name == "step-00000002"
    assert all(torch.equal(value, states[2][key]) for key, value in everything(state).items())
    # With both at fault, the newest one's fault is told.
    damage(tmp_path / "step-00000002" / name, harm)
    with pytest.raises(DataError, match=rf"step-00000004/{name if harm != 'alter' else ''}"):
        restore_checkpoint(tmp_path, state)


def damage(file: Path, harm: str) -> None:
    content = bytearray(file.read_bytes())
    if harm == "remove":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 4
        file.write_bytes(content)


def test_nothing_to_resume_from(tmp_path: Path):
    _, state = run("lstm", 1)
    with pytest.raises(DataError, match="no checkpoint to resume from"):
        restore_checkpoint(tmp_path / "checkpoints", state)


KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
import tiny, torch
from seqkit.training.checkpoint import checkpoints, restore_checkpoint, save_checkpoint
from seqkit.training.loop import TrainConfig, TrainState

torch.set_num_threads(1)
folder, words, moments = Path(sys.argv[1]), tiny.vocabulary(tiny.sentences(5)), random.Random(1)

def fresh():
    return TrainState(tiny.tagger("lstm", words), TrainConfig())

save_checkpoint(folder, fresh())
found = []
for _ in range(10):
    child = os.fork()
    if not child:
        state = fresh()
        restore_checkpoint(folder, state)
        while True:  # each step twice: a new folder, then the same one replaced
            state.step += 1
            with torch.no_grad():
                for weight in state.model.parameters():
                    weight.fill_(state.step)
            save_checkpoint(folder, state)
            save_checkpoint(folder, state)
    time.sleep(moments.uniform(0.02, 0.15))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    state = fresh()
    place = restore_checkpoint(folder, state)
    values = {float(value) for weight in state.model.parameters() for value in weight.unique()}
    assert not state.step or values == {state.step}, (state.step, values)
    assert place == checkpoints(folder)[-1]
    found.append(state.step)
print(json.dumps(found))
"""


def test_killed_while_saving_checkpoints(tmp_path: Path):
    folders = (Path(seqkit.__file__).parents[1], Path(tiny.__file__).parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))}
    command = [sys.executable, "-c", KILLER, str(tmp_path / "checkpoints")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    assert steps == sorted(steps)
    assert steps[-1] > 0


def test_evaluation_leaves_the_weights_in_training_alone():
    trainable, state = run("lstm", 1)
    for event in train(trainable, state):
        if isinstance(event, Evaluated):
            assert state.average is not None
            own = dict(state.model.named_parameters())
            assert not torch.equal(own["crf.weight_SS"], state.average.weights["crf.weight_SS"])
            assert own["crf.weight_SS"].data_ptr() != state.average.weights["crf.weight_SS"].data_ptr()
            assert own["outside_bias"].item() == 0.0
            if event.is_best:
                kept = state.best["members.0.emit.weight"]
                assert torch.equal(kept, state.average.weights["members.0.emit.weight"])
                assert kept.data_ptr() != state.average.weights["members.0.emit.weight"].data_ptr()

"""Losses of the first steps of every model of every task, and the first dev score, as they were: a refactor leaves them alone.

A change that is meant to alter them is written down with `python tests/golden/test_golden_losses.py --write`.
"""

import json
import sys
from itertools import islice
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import small  # noqa: E402
import tiny  # noqa: E402

from seqkit.training.loop import Evaluated, Step, TrainConfig, TrainState, train  # noqa: E402

LOSSES = HERE / "losses.json"
STEPS = 5
TAGGERS = {f"{name} {output}": (name, {"output": output}) for name in tiny.FAMILIES for output in tiny.OUTPUTS} | {
    "lstm members": ("lstm", {"ensemble_size": 2}),
    "lstm characters": ("lstm", {"words": tiny.WORDS | {"chars": "lstm"}}),
    "gru chrono": ("gru", {"init": "chrono", "layers": 2}),
}


def losses(name: str) -> list[float]:
    """Nats a token before each of the first updates, dropout and augmentation included; of `small.RUNS` the dev score after."""
    if name in small.RUNS:
        training = small.training(name)
        events = list(train(training.trainable, training.state))
        score = next(event.dev_score for event in events if isinstance(event, Evaluated))
        first = [event.loss for event in events if isinstance(event, Step)][:STEPS]
        return [round(value, 5) for value in (*first, score)]
    family, changes = TAGGERS[name]
    data = tiny.sentences(40)
    words = tiny.vocabulary(data)
    model = tiny.tagger(family, words, **changes)
    trainable = tiny.task(model, words, data, augment={"swap": 0.3, "lower": 0.1})
    torch.manual_seed(1)
    events = train(trainable, TrainState(model, TrainConfig(epochs=2, learning_rate=1e-2)))
    return [round(event.loss, 5) for event in islice(events, STEPS) if isinstance(event, Step)]


@pytest.mark.parametrize("name", [*TAGGERS, *small.RUNS])
def test_losses_are_as_they_were(name: str):
    expected = json.loads(LOSSES.read_text(encoding="utf-8"))
    assert list(expected) == [*TAGGERS, *small.RUNS]
    assert losses(name) == pytest.approx(expected[name], rel=1e-4)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(losses(name))}" for name in [*TAGGERS, *small.RUNS])
    LOSSES.write_text(f"{{\n{rows}\n}}\n", encoding="utf-8")

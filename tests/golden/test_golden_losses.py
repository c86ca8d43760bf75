"""Losses of the first steps, as they were: a refactor leaves them alone.

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

import tiny  # noqa: E402

from seqkit.training.loop import Step, TrainConfig, TrainState, train  # noqa: E402

LOSSES = HERE / "losses.json"
STEPS = 5
RUNS = {f"{name} {output}": (name, {"output": output}) for name in tiny.FAMILIES for output in tiny.OUTPUTS} | {
    "lstm members": ("lstm", {"members": 2}),
    "lstm characters": ("lstm", {"words": tiny.WORDS | {"chars": "lstm"}}),
    "gru chrono": ("gru", {"init": "chrono", "layers": 2}),
}


def losses(name: str, changes: dict) -> list[float]:
    """Nats a token before each of the first updates, dropout and augmentation included."""
    data = tiny.sentences(40)
    words = tiny.vocabulary(data)
    model = tiny.tagger(name, words, **changes)
    trainable = tiny.task(model, words, data, augment={"swap": 0.3, "lower": 0.1})
    torch.manual_seed(1)
    events = train(trainable, TrainState(model, TrainConfig(epochs=2, learning_rate=1e-2)))
    return [round(event.loss, 5) for event in islice(events, STEPS) if isinstance(event, Step)]


@pytest.mark.parametrize("run", RUNS)
def test_losses_are_as_they_were(run: str):
    expected = json.loads(LOSSES.read_text(encoding="utf-8"))
    assert expected.keys() == RUNS.keys()
    assert losses(*RUNS[run]) == pytest.approx(expected[run], rel=1e-4)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    found = {run: losses(*given) for run, given in RUNS.items()}
    rows = ",\n".join(f" {json.dumps(run)}: {json.dumps(values)}" for run, values in found.items())
    LOSSES.write_text(f"{{\n{rows}\n}}\n", encoding="utf-8")

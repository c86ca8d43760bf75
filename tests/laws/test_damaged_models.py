"""A model whose weights are not those of its configuration is refused by either engine, before anything large is allocated."""

import json
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import small
import torch
from rich.console import Console

from seqkit.data.sources import Sources
from seqkit.models.weights import restored
from seqkit.run.experiment import Experiment
from seqkit.tasks import find_task

MODELS = ("tagger, lstm", "tagger, transformer", "text, gru", "text, rotary", "pairs, lstm, matrix", "pairs, transformer")
Weights = dict[str, Any]


def changed(weights: Weights, value: Any) -> None:
    """The largest of them, in place."""
    name = max(weights, key=lambda name: weights[name].size)
    weights[name] = value(weights[name])


def with_one(number: float) -> Any:
    def change(weight: np.ndarray) -> np.ndarray:
        weight = weight.copy()
        weight.flat[weight.size // 2] = number
        return weight

    return change


HARM: dict[str, Any] = {
    "NaN": lambda weights, model: changed(weights, with_one(np.nan)),
    "infinite": lambda weights, model: changed(weights, with_one(-np.inf)),
    "half precision": lambda weights, model: changed(weights, lambda weight: weight.astype(np.float16)),
    "another shape": lambda weights, model: changed(weights, lambda weight: weight[:, :-1].copy()),
    "one missing": lambda weights, model: weights.popitem(),
    "one too many": lambda weights, model: weights.update(spare=np.zeros(3, np.float32)),
    "twice as wide": lambda weights, model: model.update(width=2 * model["width"]),
    "absurdly wide": lambda weights, model: model.update(width=60_000),
    "beyond all": lambda weights, model: model.update(width=10**9 // 16 * 16),
    "another family": lambda weights, model: model.update(family={"lstm": "gru", "gru": "lstm"}.get(model["family"], "lstm")),
}


@pytest.fixture(scope="module", params=MODELS)
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """A model folder's."""
    recipe = small.recipe(request.param, epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(find_task(recipe.task)), "read", lambda *_: small.CORPORA[recipe.task]())
        fitted = Experiment(recipe, Sources()).fit(
            Path(tmp_path_factory.mktemp("run")), torch.device("cpu"), Console(quiet=True)
        )
    return fitted.trained.files()


@pytest.mark.parametrize("harm", HARM)
def test_it_is_refused(harm: str, files: Mapping[str, bytes]):
    stored = json.loads(files["config.json"])
    kind = find_task(stored["task"]).trained
    weights = safetensors.numpy.load(files["weights.safetensors"])
    HARM[harm](weights, stored["model"])
    harmed = {"config.json": json.dumps(stored).encode(), "weights.safetensors": safetensors.numpy.save(weights)}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=r"weights\.safetensors|config\.json|validation error"):
        kind.from_files({**files, **harmed})
    try:
        found = kind.described_by({**files, **harmed}, weights, "cpu")
    except ValueError:
        return  # not even a configuration
    with pytest.raises(ValueError, match=r"weights\.safetensors|config\.json"):
        restored(found.untrained, weights)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_what_is_not_harmed_is_read(files: Mapping[str, bytes]):
    kind = find_task(json.loads(files["config.json"])["task"]).trained
    assert kind.from_files(files).model

"""What tests share: a tiny corpus, its vocabulary, one thread, and no more measuring than it takes."""

import pytest
import tiny
import torch

from seqkit.data.examples import Tagged
from seqkit.data.vocabulary import Vocabulary
from seqkit.metrics import speed
from seqkit.tasks.language_modeling import evaluation

torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _hurry() -> None:
    # Speeds are measured over a second and more each, states after 65,536 tokens: not here.
    speed.LEAST_SECONDS = 0.0
    evaluation.LENGTHS = evaluation.UNLIMITED = (1 << 10, 1 << 14)


@pytest.fixture(scope="session")
def corpus() -> list[Tagged]:
    return tiny.sentences(120)


@pytest.fixture(scope="session")
def vocabulary(corpus: list[Tagged]) -> Vocabulary:
    return tiny.vocabulary(corpus)

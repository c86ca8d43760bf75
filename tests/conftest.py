"""What the tests of models share: a tiny corpus, its vocabulary, and one thread."""

import pytest
import tiny
import torch

from seqkit.data.examples import Tagged
from seqkit.data.vocabulary import Vocabulary

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def corpus() -> list[Tagged]:
    return tiny.sentences(120)


@pytest.fixture(scope="session")
def vocabulary(corpus: list[Tagged]) -> Vocabulary:
    return tiny.vocabulary(corpus)

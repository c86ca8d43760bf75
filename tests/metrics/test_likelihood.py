import gzip
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.metrics.likelihood import Likelihood, count_text
from seqkit.metrics.significance import bootstrap_interval, nats_per_token, paired_bootstrap

MIRROR = os.environ.get("SEQKIT_CORPORA_MIRROR")


def test_a_uniform_model_of_27_symbols() -> None:
    text = "to be or not to be\n"
    nats = len(text) * math.log(27)
    characters, words = count_text([text])
    found = Likelihood(nats, len(text), characters, words)
    assert found.nats_per_token == found.nats_per_character == pytest.approx(math.log(27))
    assert found.bits_per_character == pytest.approx(math.log2(27))
    assert found.perplexity == pytest.approx(27)
    assert words == 7  # six words and the end of the line
    assert found.word_perplexity == pytest.approx(27 ** (19 / 7))


def test_parts_add_up_to_sums_and_not_to_a_mean_of_means() -> None:
    short, long = Likelihood(8.0, 2, 4, 1), Likelihood(2.0, 8, 16, 3)
    assert short + long == Likelihood(10.0, 10, 20, 4)
    assert (short + long).nats_per_token == 1.0
    assert sum([short, long], Likelihood()) == short + long


def test_tokenizers_compare_by_character_and_word_alone() -> None:
    """The same probability of the same text, cut in 4 pieces or in 16: equal but for the figures per token."""
    pieces, characters = Likelihood(12.0, 4, 16, 3), Likelihood(12.0, 16, 16, 3)
    assert pieces.bits_per_character == characters.bits_per_character
    assert pieces.word_perplexity == characters.word_perplexity
    assert pieces.perplexity > characters.perplexity


def test_what_a_float_cannot_hold_is_infinite_and_what_there_is_none_of_raises() -> None:
    assert Likelihood(1e6, 1, 1, 1).perplexity == math.inf
    with pytest.raises(ZeroDivisionError):
        _ = Likelihood(1.0, 1, 0, 0).bits_per_character


@given(st.lists(st.text(alphabet="ab \n\t\u00a0\u2028é", max_size=6)))
def test_text_is_counted_the_same_wherever_it_is_cut(pieces: list[str]) -> None:
    whole = "".join(pieces)
    assert count_text(pieces) == count_text([whole]) == count_text(whole)
    assert count_text(pieces) == (len(whole), len(whole.split()) + whole.count("\n"))


@pytest.mark.skipif(not MIRROR, reason="SEQKIT_CORPORA_MIRROR is not set")
@pytest.mark.parametrize(("split", "published"), [("valid", 217_646), ("test", 245_569)])
def test_words_of_wikitext_2_are_as_published(split: str, published: int) -> None:
    """Merity et al. 2016, table 1."""
    path = Path(str(MIRROR)) / "lm" / "wikitext-2" / f"{split}.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        assert count_text(lines)[1] == published


def test_segments_are_units_of_the_bootstrap() -> None:
    generator = np.random.default_rng(0)
    tokens = np.full(400, 256.0)
    tokens[-1] = 3
    nats = tokens * generator.normal(1.5, 0.1, 400)
    units = np.stack([nats, tokens], axis=1)
    found = bootstrap_interval(units, nats_per_token, seed=0)
    assert found.value == pytest.approx(Likelihood(nats.sum(), int(tokens.sum())).nats_per_token)
    assert found.low < found.value < found.high
    better = units * [0.99, 1.0]
    lead = paired_bootstrap(units, better, nats_per_token, seed=0)
    assert lead.difference == pytest.approx(0.01 * found.value)
    assert lead.low > 0
    assert lead.p < 0.01
    assert nats_per_token(np.zeros((1, 2))).tolist() == [0]

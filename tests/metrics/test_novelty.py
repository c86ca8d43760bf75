import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.metrics.novelty import distinct, find_copies

WORDS = st.text(alphabet="abc", max_size=12)


def cut(text: str, size: int) -> list[str]:
    return [text[place : place + size] for place in range(0, len(text), size)]


def test_distinct_by_hand() -> None:
    assert distinct(["abab"], 1) == 2 / 4
    assert distinct(["abab"], 2) == 2 / 3  # ab ba ab
    assert distinct(["ab", "ba"], 2) == 1.0  # no bb or aa between the samples
    assert distinct([["the", "cat", "the", "dog"]], 1) == 3 / 4
    assert distinct([["ab", "c"], ["a", "bc"]], 2) == 1.0  # words, not their letters
    assert distinct(["a", ""], 2) is None


@settings(deadline=None)
@given(samples=st.lists(WORDS, min_size=1, max_size=4), training=st.text(alphabet="abc", max_size=30), size=st.integers(1, 9))
def test_copies_equal_brute_force_wherever_the_training_text_is_cut(samples: list[str], training: str, size: int) -> None:
    for sample, found in zip(samples, find_copies(samples, cut(training, size)), strict=True):
        ends = range(1, len(sample) + 1)
        copies = [(start, end) for end in ends for start in range(end) if sample[start:end] in training]
        longest = [max((end - start for start, last in copies if last == end), default=0) for end in ends]
        assert found.length_N.tolist() == longest
        assert len(found.longest) == max(longest, default=0)
        assert found.longest in sample
        assert found.longest in training
        for least in (1, 2, 4):
            covered = {place for start, end in copies if end - start >= least for place in range(start, end)}
            assert found.share(least) == pytest.approx(len(covered) / max(len(sample), 1))


def test_a_copy_is_found_across_pieces_and_told_from_what_is_new() -> None:
    training = "It was the best of times, it was the worst of times — 𝄞 and so on."
    (found,) = find_copies(["He said it was the worst of times!"], cut(training, 5))
    assert found.longest == " it was the worst of times"
    assert found.share(10) == pytest.approx(26 / 34)
    assert found.share(27) == 0
    (music,) = find_copies(["—𝄞 and"], [training])
    assert music.longest == "𝄞 and"


def test_samples_do_not_join() -> None:
    copies = find_copies(["ab", "", "cd"], ["abcd"])
    assert [found.longest for found in copies] == ["ab", "", "cd"]
    assert [found.share(2) for found in copies] == [1.0, 0.0, 1.0]
    assert find_copies([], ["abc"]) == []


@pytest.mark.parametrize("alphabet", ["a", "ab", "etaoin shrdlu"])
def test_a_megabyte_is_read_in_two_seconds(alphabet: str) -> None:
    generator = random.Random(0)
    training = "".join(generator.choices(alphabet, k=1_000_000))
    sample = training[500_000:500_400] + "".join(generator.choices(alphabet + "x", k=600))
    start = time.process_time()
    (found,) = find_copies([sample], cut(training, 65_536))
    assert time.process_time() - start < 2
    assert len(found.longest) >= 400

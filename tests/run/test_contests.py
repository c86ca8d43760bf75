"""What a verdict claims: no more than the seeds two systems share, and how large a test set would decide."""

import re

import numpy as np
import pytest
from records import evaluation

from seqkit.run.comparison.curves import length_bars
from seqkit.run.comparison.paired import paired_comparisons, quality, verdict, wanting
from seqkit.run.comparison.system import System
from seqkit.tasks.scores import Speed
from seqkit.tasks.tagging.recipe import TaggingRecipe


def system(name: str, accuracy: float, seeds: tuple[int, ...] = (1, 2), count: int = 200) -> System:
    """Each sentence has ten words, of which so large a share is right on average."""
    random = np.random.default_rng(sum(map(ord, name)))
    right_SN = random.binomial(10, accuracy, size=(len(seeds), count))
    units_SNC = np.stack([right_SN, np.full_like(right_SN, 10)], axis=-1).astype(float)
    return made(name, seeds, units_SNC)


def made(name: str, seeds: tuple[int, ...], units_SNC: np.ndarray, lengths: tuple[int, ...] = ()) -> System:
    """A system of these counts."""
    speeds = {"prediction": Speed(value=1, unit="words/s")}
    evaluations = tuple(evaluation("accuracy", units_NC.tolist(), lengths=lengths, speeds=speeds) for units_NC in units_SNC)
    recipe = TaggingRecipe(task="ner", corpus="x")
    return System(name, recipe, seeds, evaluations, tuple([{"epoch": 1.0, "dev_score": 0.5}] for _ in seeds))


def test_only_seeds_that_both_finished_are_compared():
    whole, partial = system("whole", 0.5, (1, 2, 3)), system("partial", 0.5, (3, 1))
    (pair,) = paired_comparisons([whole, partial])
    assert pair.first.seeds == pair.rival.seeds == (1, 3)
    assert pair.rival.units_SNC.tolist() == partial.units_SNC[::-1].tolist()
    scores = [one.scores.mean() for one in (pair.first, pair.rival)]
    assert pair.difference_in_points == pytest.approx(scores[0] - scores[1])
    assert paired_comparisons([system("one", 0.5, (1,)), system("other", 0.5, (2,))]) == []


def test_a_failure_and_a_lonely_system_are_told():
    told = verdict([system("lstm", 0.5)], [], [("gru, seed 1", "out of memory")])
    assert "Nothing was compared" in told[0]
    assert "gru, seed 1 (out of memory)" in told[1]


def test_the_sentences_said_to_be_needed_would_show_the_difference():
    one, other = system("one", 0.535), system("two", 0.52)
    (pair,) = paired_comparisons([one, other])
    assert pair.p > 0.05
    more = re.search(r"about ([\d,]+) more test sentences", quality(pair))
    assert more
    count = 200 + int(more[1].replace(",", ""))
    (larger,) = paired_comparisons([made(s.name, s.seeds, s.units_SNC[:, np.arange(count) % 200]) for s in (one, other)])
    # The same sentences over and over, so the same difference, or nearly.
    assert larger.detectable == pytest.approx(abs(pair.difference_in_points), rel=0.15)


def test_a_difference_far_too_small_is_not_counted_out():
    same = system("same", 0.5)
    (pair,) = paired_comparisons([same, same])
    assert "more than 100 times the 200 test sentences" in wanting(pair)
    (clear,) = paired_comparisons([system("good", 0.9), system("bad", 0.1)])
    assert wanting(clear) == ""


def test_each_length_is_scored_on_its_own_sentences():
    lengths = (1, 2, 3, 4) * 50
    one = made("one", (1, 2), system("one", 0.5).units_SNC, lengths)
    (bars,) = length_bars([one])
    assert bars.y_label == "test accuracy, %"
    assert (bars.title, bars.categories) == ("Short and long sentences, by words", ("1", "2", "3", "4+"))
    words_SN, right_SN = one.units_SNC[..., 1], one.units_SNC[..., 0]
    for place, value in enumerate(bars.groups[0][1]):
        chosen = [number for number, length in enumerate(lengths) if length == place + 1]
        expected = [
            100 * right_S[chosen].sum() / words_S[chosen].sum() for right_S, words_S in zip(right_SN, words_SN, strict=True)
        ]
        assert value == pytest.approx(np.mean(expected))
    assert length_bars([system("two", 0.5)]) == ()

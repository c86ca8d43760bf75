"""Whole targets, right or wrong, where a source has several right ones."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

import pytest

from seqkit.data.examples import Pair
from seqkit.metrics.significance import accuracy
from seqkit.tasks.translation import transductions
from seqkit.tasks.translation.evaluation import SplitTranslated, summed, translate_split
from seqkit.tasks.translation.recipe import TranslationEvaluationConfig
from seqkit.tasks.translation.trained import TrainedTranslator
from seqkit.tasks.translation.translate import Translation

PAIRS = [Pair("read", "R IY D"), Pair("cat", "K AE T"), Pair("read", "R EH D")]
SAYS = {"read": "R EH D", "cat": "K AE"}


class Parrot:
    """Says what it was told to say and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def stream(self, lines: Iterable[str], config: object) -> Iterator[list[Translation]]:
        for line in lines:
            self.asked.append(line)
            yield [Translation(SAYS[line], 0.0, 0.0)]


def translated(**config: Any) -> tuple[SplitTranslated, list[str]]:
    parrot = Parrot()
    found = translate_split(cast(TrainedTranslator, parrot), "test", PAIRS, TranslationEvaluationConfig(**config))
    return found, parrot.asked


def test_a_word_is_asked_once_and_any_of_its_golds_is_right() -> None:
    split, asked = translated(metric="accuracy")
    assert asked == ["read", "cat"]
    assert split.golds == [("R IY D", "R EH D"), ("K AE T",)]
    assert float(accuracy(summed(split.whole_counts))) == 0.5
    words, phones = transductions.error_rates(split)
    assert (words.value, phones.name, phones.value) == (50, "phone error rate", pytest.approx(100 / 6))


def test_edits_of_characters_and_small_letters() -> None:
    split, _ = translated(metric="accuracy", unit="characters", lowercase=True)
    _, characters = transductions.error_rates(split)
    assert (characters.name, characters.value) == ("character error rate", pytest.approx(100 * 2 / 12))
    section = transductions.mistakes(split)
    assert "gold    K AE T" in str(section)
    assert "read" not in str(section)


def test_sentences_are_all_asked_and_judged_by_their_own_reference() -> None:
    split, asked = translated()
    assert asked == ["read", "cat", "read"]
    assert split.bleu_counts[:, 2].tolist() == [2, 2, 3]
    assert split.whole_counts[:, 0].tolist() == [1, 0, 1]

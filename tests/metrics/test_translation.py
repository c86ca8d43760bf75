"""Scores from counts of each sentence equal sacreBLEU's scores of the corpus."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF, TER

from seqkit.metrics.significance import accuracy, approximate_randomisation, bootstrap_interval, paired_bootstrap
from seqkit.metrics.translation import (
    bleu,
    bleu_by_length,
    bleu_counts,
    bleu_signature,
    chrf,
    chrf_counts,
    copy_counts,
    length_buckets,
    length_ratio,
    ter,
    ter_counts,
)

WORDS = ["the", "The", "cat", "sat", "on", "mat", "a", "dog", "isn't", "3.5", "«oui»", "straße,", "漢字", "!"]
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
CORPUS = st.lists(st.tuples(SENTENCES, SENTENCES) | SENTENCES.map(lambda text: (text, text)), min_size=1, max_size=8)
SETTINGS = settings(max_examples=150, deadline=None)


def parted(corpus: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [output for output, _ in corpus], [reference for _, reference in corpus]


def sentences(count: int, seed: int) -> tuple[list[str], list[str], list[str]]:
    """Two systems' outputs and the references: the second makes more errors."""
    random = np.random.default_rng(seed)
    references = [" ".join(random.choice(WORDS, random.integers(3, 14))) for _ in range(count)]

    def spoiled(text: str, share: float) -> str:
        return " ".join(word if random.random() > share else str(random.choice(WORDS)) for word in text.split())

    return [spoiled(text, 0.15) for text in references], [spoiled(text, 0.35) for text in references], references


@SETTINGS
@given(CORPUS, st.booleans())
def test_bleu_is_sacrebleus(corpus: list[tuple[str, str]], lowercase: bool) -> None:
    outputs, references = parted(corpus)
    wanted = BLEU(lowercase=lowercase).corpus_score(outputs, [references])
    counts = bleu_counts(outputs, references, lowercase=lowercase).sum(axis=0)
    assert float(bleu(counts)) == pytest.approx(wanted.score, abs=1e-9)
    assert counts.tolist() == [wanted.sys_len, wanted.ref_len, *wanted.counts, *wanted.totals]


@SETTINGS
@given(CORPUS, st.booleans())
def test_chrf_is_sacrebleus(corpus: list[tuple[str, str]], lowercase: bool) -> None:
    outputs, references = parted(corpus)
    wanted = CHRF(lowercase=lowercase).corpus_score(outputs, [references]).score
    counts = chrf_counts(outputs, references, lowercase=lowercase).sum(axis=0)
    assert float(chrf(counts)) == pytest.approx(wanted, abs=1e-9)


@SETTINGS
@given(CORPUS)
def test_ter_is_sacrebleus(corpus: list[tuple[str, str]]) -> None:
    outputs, references = parted(corpus)
    wanted = TER().corpus_score(outputs, [references]).score
    assert float(ter(ter_counts(outputs, references).sum(axis=0))) == pytest.approx(wanted, abs=1e-9)


def test_on_many_sentences_too() -> None:
    outputs, _, references = sentences(300, 1)
    assert float(bleu(bleu_counts(outputs, references).sum(axis=0))) == pytest.approx(
        BLEU().corpus_score(outputs, [references]).score, abs=1e-9
    )
    assert float(chrf(chrf_counts(outputs, references).sum(axis=0))) == pytest.approx(
        CHRF().corpus_score(outputs, [references]).score, abs=1e-9
    )


def test_the_example_of_its_paper() -> None:
    """Papineni et al. 2002, section 2.1: of seven times `the`, two match; and there are no two words in a row that do."""
    counts = bleu_counts(["the the the the the the the"], ["The cat is on the mat"], lowercase=True)
    assert counts.tolist() == [[7, 6, 2, 0, 0, 0, 7, 6, 5, 4]]
    smoothed = [2 / 7, 1 / 2 / 6, 1 / 4 / 5, 1 / 8 / 4]
    assert float(bleu(counts[0])) == pytest.approx(100 * math.prod(smoothed) ** 0.25)
    assert bleu_counts(["the the the the the the the"], ["The cat is on the mat"]).tolist()[0][2] == 1


def test_the_same_text_is_perfect_and_brevity_costs() -> None:
    text = "A dog runs through the deep snow ."
    assert float(bleu(bleu_counts([text], [text])[0])) == pytest.approx(100)
    assert float(chrf(chrf_counts([text], [text])[0])) == pytest.approx(100)
    assert float(ter(ter_counts([text], [text])[0])) == 0
    short = bleu_counts(["A dog runs through the deep"], [text])[0]
    assert float(bleu(short)) == pytest.approx(100 * math.exp(1 - 8 / 6))
    assert float(length_ratio(short)) == pytest.approx(6 / 8)
    assert float(ter(ter_counts(["the dog sat"], ["on the dog sat there"])[0])) == pytest.approx(40)


def test_nothing_scores_nothing() -> None:
    for counts, statistic in ((bleu_counts([], []), bleu), (chrf_counts([], []), chrf), (ter_counts([], []), ter)):
        assert len(counts) == 0
        assert float(statistic(counts.sum(axis=0))) == 0
    assert float(length_ratio(bleu_counts([], []).sum(axis=0))) == 0
    for counted in (bleu_counts, chrf_counts, ter_counts, copy_counts):
        with pytest.raises(ValueError):
            counted(["a", "b"], ["a"])


def test_intervals_and_tests_take_the_counts() -> None:
    better, worse, references = sentences(150, 2)
    for counted, statistic, sign in ((bleu_counts, bleu, 1), (chrf_counts, chrf, 1), (ter_counts, ter, -1)):
        one_NC, other_NC = counted(better, references), counted(worse, references)
        interval = bootstrap_interval(one_NC, statistic, samples=300, seed=1)
        assert interval.low < interval.value < interval.high
        assert interval.value == pytest.approx(float(statistic(one_NC.sum(axis=0))))
        lead = paired_bootstrap(one_NC, other_NC, statistic, samples=300, seed=1)
        assert sign * lead.difference > 0
        assert lead.p < 0.01
        assert approximate_randomisation(one_NC, other_NC, statistic, trials=300, seed=1) < 0.01
        assert approximate_randomisation(one_NC, one_NC, statistic, trials=300, seed=1) == 1


def test_a_resample_scores_as_sacrebleu_scores_it() -> None:
    outputs, _, references = sentences(40, 3)
    drawn = np.random.default_rng(0).integers(40, size=40)
    resampled = BLEU().corpus_score([outputs[n] for n in drawn], [[references[n] for n in drawn]]).score
    weights_BN = np.bincount(drawn, minlength=40)[None].astype(float)
    assert bleu(weights_BN @ bleu_counts(outputs, references))[0] == pytest.approx(resampled, abs=1e-9)


def test_copies_by_hand() -> None:
    counts = copy_counts(["Anna sees Anna .", "", "a b"], ["Anna Anna Anna sees", "x", ""])
    assert counts.tolist() == [[3, 4], [0, 1], [0, 0]]
    assert float(accuracy(counts.sum(axis=0).astype(float))) == pytest.approx(3 / 5)


@given(st.lists(st.integers(0, 20), max_size=30))
def test_every_sentence_with_words_has_its_bucket(lengths: list[int]) -> None:
    buckets = length_buckets(lengths)
    assert sorted(place for places in buckets.values() for place in places.tolist()) == [n for n, k in enumerate(lengths) if k]
    limits = {"1–8": (1, 8), "9–11": (9, 11), "12–15": (12, 15), "16+": (16, 20)}
    for name, places in buckets.items():
        assert all(limits[name][0] <= lengths[place] <= limits[name][1] for place in places)
    assert list(buckets) == [name for name in limits if name in buckets]


def test_bleu_by_length_is_that_of_the_sentences_alone() -> None:
    outputs, _, references = sentences(120, 4)
    buckets = length_buckets([len(one.split()) for one in references], bounds=(1, 5, 8))
    found = bleu_by_length(bleu_counts(outputs, references), buckets)
    assert list(found) == ["2–5", "6–8", "9+"]
    for name, places in buckets.items():
        wanted = BLEU().corpus_score([outputs[n] for n in places], [[references[n] for n in places]]).score
        assert found[name] == pytest.approx(wanted, abs=1e-9)


def test_the_signature_names_the_protocol() -> None:
    assert bleu_signature().startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert "|case:lc|" in bleu_signature(lowercase=True)


def test_sacrebleu_is_imported_only_when_it_counts() -> None:
    code = "import sys, seqkit.metrics.translation; sys.exit('sacrebleu' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

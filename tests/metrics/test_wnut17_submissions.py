"""The seven submissions to the WNUT-17 shared task, scored: our figures must be the published ones.

Entity and surface F1 from Derczynski et al. 2017. The official scorer reads orphan I- leniently.
"""

import gzip
import os
from pathlib import Path

import pytest

from seqkit.data.schemes import spans
from seqkit.metrics.entities import Counts, seqeval_scores, surface_counts, total_counts

MIRROR = os.environ.get("SEQKIT_CORPORA_MIRROR")
pytestmark = pytest.mark.skipif(not MIRROR, reason="SEQKIT_CORPORA_MIRROR is not set")

# submission: entity F1, surface F1, in percent
PUBLISHED = {
    "uh_ritual.gz": (41.86, 40.24),
    "spinningbytes.txt.gz": (40.78, 39.33),
    "sjtu_adapt.txt.gz": (40.42, 37.62),
    "arcada.gz": (39.98, 37.77),
    "flytxt.gz": (38.35, 36.31),
    "mic-cis.txt.gz": (37.06, 34.25),
    "drexel_cci.gz": (26.30, 25.26),
}


def read(path: Path) -> tuple[list[list[str]], list[list[str]]]:
    """Tokens and tags, a list a sentence, of columns divided by a TAB or, in one submission, a space."""
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
    tokens: list[list[str]] = [[]]
    tags: list[list[str]] = [[]]
    for line in (row.removesuffix("\r") for row in text.split("\n")):
        if line.strip():
            word, tag = line.rsplit("\t" if "\t" in line else " ", 1)
            tokens[-1].append(word)
            tags[-1].append(tag)
        elif tokens[-1]:
            tokens.append([])
            tags.append([])
    return [sentence for sentence in tokens if sentence], [sentence for sentence in tags if sentence]


@pytest.fixture(scope="module")
def gold() -> tuple[list[list[str]], list[list[str]]]:
    return read(Path(MIRROR or "") / "ner" / "wnut17" / "emerging.test.annotated")


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_scores_come_out(name: str, gold: tuple[list[list[str]], list[list[str]]]) -> None:
    tokens, gold_tags = gold
    _, predicted_tags = read(Path(MIRROR or "") / "ner" / "wnut17" / "submissions" / name)
    entity, surface = PUBLISHED[name]
    gold_spans = [spans(tags) for tags in gold_tags]
    predicted_spans = [spans(tags) for tags in predicted_tags]
    assert sum(len(entities) for entities in gold_spans) == 1079
    assert 100 * total_counts(gold_spans, predicted_spans).f1 == pytest.approx(entity, abs=0.006)
    assert 100 * surface_counts(tokens, gold_spans, predicted_spans).f1 == pytest.approx(surface, abs=0.006)
    scores = seqeval_scores(gold_tags, predicted_tags)
    assert 100 * scores.lenient.micro.f1 == pytest.approx(entity, abs=0.006)
    strict = total_counts(gold_spans, [spans(tags, strict=True) for tags in predicted_tags])
    assert scores.strict.micro.f1 == pytest.approx(strict.f1)


def test_strict_reading_would_flatter_two_systems(gold: tuple[list[list[str]], list[list[str]]]) -> None:
    """Dropping invalid predictions raises F1: why both readings are reported."""
    gold_spans = [spans(tags) for tags in gold[1]]

    def score(name: str, *, strict: bool) -> Counts:
        tags = read(Path(MIRROR or "") / "ner" / "wnut17" / "submissions" / name)[1]
        return total_counts(gold_spans, [spans(sentence, strict=strict) for sentence in tags])

    flattered = {name for name in PUBLISHED if score(name, strict=True).f1 > score(name, strict=False).f1}
    assert flattered == {"spinningbytes.txt.gz", "mic-cis.txt.gz"}

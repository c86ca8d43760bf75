"""`seqkit corpora` and `seqkit recipes`: lists, texts, and fetching from a mirror without a network."""

import hashlib
import tomllib
from pathlib import Path

import pytest
from commandline import seqkit

from seqkit.data.card import all_cards
from seqkit.tasks import TASKS
from seqkit.tasks.recipes import recipe_names


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no mirror."""
    monkeypatch.setenv("SEQKIT_CORPORA", str(tmp_path / "cache"))
    monkeypatch.delenv("SEQKIT_CORPORA_MIRROR", raising=False)
    return tmp_path / "cache"


@pytest.mark.usefixtures("cache")
def test_every_corpus_is_listed_and_shown() -> None:
    listed = seqkit("corpora", "list")
    assert listed.code == 0
    for card in all_cards():
        assert card.name in listed.out
        shown = seqkit("corpora", "show", card.name.split("/")[-1])
        assert shown.code == 0
        for words in (card.title, " ".join(card.licence.split()), card.citation.strip()):
            assert words in shown.out


def test_every_recipe_is_listed_and_shown_as_its_file() -> None:
    listed = seqkit("recipes", "list").out.splitlines()
    assert [line.split()[0] for line in listed] == recipe_names()
    assert sum("(default of its task)" in line for line in listed) == len(TASKS)
    for name in recipe_names():
        assert tomllib.loads(seqkit("recipes", "show", name).out)["task"] == name.split("/")[0]
    assert seqkit("recipes", "show", "ner").out == seqkit("recipes", "show", "ner/newsdesk").out


def test_an_embedded_corpus_is_there_without_fetching(cache: Path) -> None:
    done = seqkit("corpora", "fetch", "newsdesk")
    assert done.code == 0
    paths = [Path(line.split(maxsplit=1)[1]) for line in done.out.splitlines()[:3]]
    assert all(path.is_file() for path in paths)
    assert "cite" in done.out
    assert not cache.exists()


def test_a_mirror_with_altered_files_is_refused_and_nothing_kept(cache: Path, tmp_path: Path) -> None:
    card = next(card for card in all_cards() if not card.embedded)
    for file in card.files.values():
        place = tmp_path / "mirror" / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"altered")
    done = seqkit("corpora", "fetch", card.name, "--mirror", tmp_path / "mirror")
    assert done.refused("SHA-256" if "SHA-256" in done.err else "sha256")
    assert hashlib.sha256(b"altered").hexdigest() not in [file.sha256 for file in card.files.values()]
    assert not [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("cache")
def test_mistyped_names_get_the_nearest() -> None:
    assert seqkit("corpora", "show", "wnut71").refused("unknown corpus", "did you mean 'wnut17'")
    assert seqkit("corpora", "fetch", "newsdeks").refused("'newsdesk'")
    assert seqkit("corpora", "lst").refused("'list'")
    assert seqkit("recipes", "show", "ner/newsdeks").refused("'ner/newsdesk'")
    assert seqkit("corpora", "fetch", "newsdesk", "--mirror", "nowhere").refused("--mirror", "nowhere")

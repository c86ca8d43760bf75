import hashlib
import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data import card as card_module
from seqkit.data.card import (
    Card,
    PairCard,
    TaggedCard,
    TextCard,
    all_cards,
    card_names,
    card_of,
    find_card,
    key_lines,
    load_card,
)
from seqkit.data.fetch import locate
from seqkit.data.home import mirror_folder, packaged
from seqkit.errors import UserError

SUM = "0" * 64
CARD = f'''name = "ner/tiny"
title = "Tiny"
description = "A corpus of three sentences."
language = "en"
licence = "CC BY 4.0"
citation = """
@book{{tiny,
  title = {{Tiny}},
  bytes = {{none}},
}}"""
format = "conll"
annotation = "entities"
embedded = false
oddities = ["The last sentence is empty."]

[files.train]
path = "ner/tiny/train.conll"
url = "https://example.org/train.conll"
sha256 = "{SUM}"
bytes = 12

[counts]
train = {{ sentences = 3, tokens = 9, entities = 0 }}
'''


def write(folder: Path, text: str, name: str = "ner/tiny") -> Path:
    path = folder / name / "corpus.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_card_is_read_as_written(tmp_path: Path) -> None:
    card = load_card(write(tmp_path, CARD))
    assert (card.name, card.language, card.annotation, card.embedded) == ("ner/tiny", "en", "entities", False)
    assert card.citation.startswith("@book{tiny,\n  title")
    assert card.file("train").bytes == 12
    assert card.counts["train"].tokens == 9
    assert card.oddities == ["The last sentence is empty."]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('title = "Tiny"', 'titel = "Tiny"', 2, "titel: unknown key; did you mean 'title'?"),
        ('title = "Tiny"', 'title = "Tiny"\nzzz = 1', 3, "zzz: unknown key (known: name, title,"),
        ('language = "en"', 'language = "English"', 4, "language: should be a BCP-47 tag"),
        ('licence = "CC BY 4.0"', 'licence = "  "', 5, "licence: should be some text"),
        ('licence = "CC BY 4.0"', "licence = 4.0", 5, "licence: input should be a valid string"),
        ('annotation = "entities"', 'annotation = "spans"', 12, "annotation: input should be 'entities' or 'labels'"),
        ("embedded = false", 'embedded = "no"', 13, "embedded: input should be a valid boolean"),
        ('["The last', '[1, "The last', 14, "oddities.0: input should be a valid string"),
        ("[files.train]", "[files.validation]", 16, "files.validation: input should be 'train', 'dev' or 'test'"),
        ("path = ", "way = ", 17, "files.train.way: unknown key"),
        ('"ner/tiny/train.conll"', '"/etc/passwd"', 17, "files.train.path: should be a relative path"),
        ('"ner/tiny/train.conll"', '"ner/../../up"', 17, "files.train.path: should be a relative path"),
        ("https:", "file:", 18, "files.train.url: should be a web address"),
        (SUM, SUM.replace("0", "A"), 19, "files.train.sha256: should be 64 lower-case hexadecimal digits"),
        (SUM, SUM[1:], 19, "files.train.sha256: should be 64 lower-case hexadecimal digits"),
        ("bytes = 12", "bytes = 0", 20, "files.train.bytes: input should be greater than 0"),
        ("bytes = 12", 'bytes = "12"', 20, "files.train.bytes: input should be a valid integer"),
        ("tokens = 9", "words = 9", 23, "counts.train.words: unknown key (known: sentences, tokens, entities)"),
        ("sentences = 3", "sentences = 0", 23, "counts.train.sentences: input should be greater than or equal to 1"),
        ("train = {", "dev = {", 22, "counts: dev is counted but has no file"),
        (", entities = 0", "", 22, "counts: train has no count of entities"),
        ('"entities"', '"labels"', 22, "counts: train has count of entities"),
        (f'sha256 = "{SUM}"\n', "", 16, "files: train needs a sha256"),
        ("embedded = false", "embedded = true", 16, "files: train needs no url"),
        ('url = "https://example.org/train.conll"', 'member = "a"', 16, "files: train names a member"),
        ('name = "ner/tiny"', 'name = "Tiny"', 1, "name: should be <task>/<name>"),
        ('name = "ner/tiny"', 'name = "ner/small"', 1, "name: should be its folder, 'ner/tiny', not 'ner/small'"),
    ],
)
def test_a_fault_is_named_with_file_line_and_key(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in CARD
    path = write(tmp_path, CARD.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        load_card(path)
    assert any(fault.startswith(f"{path}:{line}: {message}") for fault in str(caught.value).split("\n")), caught.value


TEXT = f'''name = "lm/tiny"
title = "Tiny"
description = "Two files of text."
language = "en"
licence = "CC0"
citation = "None."
format = "text"
annotation = "text"

[files.first]
path = "lm/tiny/first.txt"
sha256 = "{SUM}"

[files.second]
path = "lm/tiny/second.txt"
sha256 = "{SUM}"

[split]
by = "documents"
train = 0.8
dev = 0.2
starts = "X:"

[counts]
train = {{ characters = 9, lines = 2 }}
'''


def test_a_card_of_running_text_is_read_as_written(tmp_path: Path) -> None:
    card = load_card(write(tmp_path, TEXT, "lm/tiny"))
    assert isinstance(card, TextCard)
    assert list(card.files) == ["first", "second"]
    assert card.split is not None
    assert (card.split.by, card.split.test, card.split.starts, card.split.repeats) == ("documents", 0, "X:", None)
    assert card.counts["train"].documents == 1
    assert card.file("second").path == "lm/tiny/second.txt"
    with pytest.raises(UserError, match=r"^lm/tiny has no 'third' file \(it has: first, second\)$"):
        card.file("third")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('format = "text"', 'format = "conll"', 7, "format: input should be 'text'"),
        ('"text"\n\n', '"text"\nmodule = "os"\n\n', 9, "module: input should be 'pydoc_data.topics'"),
        ('"text"\n\n', '"text"\nmodule = "pydoc_data.topics"\n\n', 9, "module: needs no files"),
        ("files.first", "files.First", 10, "files.First: should be a word in lower case"),
        ("files.first", "files.train", 18, "split: does not go with a file that is a split"),
        ('by = "documents"', 'by = "tunes"', 19, "split.by: input should be 'characters', 'lines' or 'documents'"),
        ('by = "documents"', 'by = "lines"', 22, "split.starts: only goes with by = 'documents'"),
        ("train = 0.8", "train = 0.9", 18, "split.test: the shares add up to 1.1, not 1"),
        ("dev = 0.2", "dev = 0", 21, "split.dev: input should be greater than 0"),
        ("dev = 0.2", "dve = 0.2", 21, "split.dve: unknown key; did you mean 'dev'? (known: by, train, dev, test,"),
        ("starts = ", "repeats = ", 22, "split.repeats: input should be a valid integer"),
        ("train = {", "test = {", 24, "counts: test is counted but is no split"),
        (", lines", ", sentences", 25, "counts.train.sentences: unknown key (known: characters, lines, documents)"),
    ],
)
def test_a_fault_in_a_card_of_running_text_is_named(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in TEXT
    path = write(tmp_path, TEXT.replace(old, new, 1), "lm/tiny")
    with pytest.raises(UserError) as caught:
        load_card(path)
    assert any(fault.startswith(f"{path}:{line}: {message}") for fault in str(caught.value).split("\n")), caught.value


@pytest.mark.parametrize(
    ("first", "after", "message"),
    [
        ("[split]", "[counts]", "corpus.toml: split: is missing: the files are not called train, dev and test"),
        ("[files.first]", "[split]", "corpus.toml: module: is missing: a corpus needs files or a module"),
    ],
)
def test_running_text_without_a_split_or_without_text_is_refused(tmp_path: Path, first: str, after: str, message: str) -> None:
    kept = TEXT[: TEXT.index(first)] + TEXT[TEXT.index(after) :]
    with pytest.raises(UserError) as caught:
        load_card(write(tmp_path, kept, "lm/tiny"))
    assert message in str(caught.value)


def test_a_card_of_the_wrong_kind_is_refused_by_name() -> None:
    assert card_of(TextCard, "pydoc").module == "pydoc_data.topics"
    assert card_of(TaggedCard, "wnut17").annotation == "entities"
    with pytest.raises(UserError, match=r"^corpus 'lm/pydoc' is running text, not labelled sentences$"):
        card_of(TaggedCard, "pydoc")
    with pytest.raises(UserError, match=r"^corpus 'ner/wnut17' is labelled sentences, not running text$"):
        card_of(TextCard, "wnut17")


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, CARD.replace('"en"', '"English"').replace("bytes = 12", "bytes = -1"))
    with pytest.raises(UserError) as caught:
        load_card(path)
    assert len(str(caught.value).split("\n")) == 2


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, CARD.replace('format = "conll"\n', ""))
    with pytest.raises(UserError, match=r"corpus\.toml: format: is missing$"):
        load_card(path)


def test_a_card_that_is_no_toml_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"corpus\.toml:3: "):
        load_card(write(tmp_path, 'name = "ner/tiny"\ntitle = "Tiny"\nlanguage = en\n'))
    path = write(tmp_path, "")
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(UserError, match=r"corpus\.toml: is not UTF-8$"):
        load_card(path)
    with pytest.raises(UserError, match="cannot be read: No such file"):
        load_card(tmp_path / "ner" / "other" / "corpus.toml")


def test_key_lines_pass_over_strings_that_look_like_keys() -> None:
    text = 'a = 1\nb = """\na = 2\n[t]\n"""\n[t]\na = 3\n[t.u-v]\ne.f = 1\n'
    assert key_lines(text) == {"a": 1, "b": 2, "t": 6, "t.a": 7, "t.u-v": 8, "t.u-v.e": 9, "t.u-v.e.f": 9}


@given(st.text("./\\abC: \0\n", max_size=12))
def test_a_path_either_stays_inside_or_is_refused(path: str) -> None:
    text = CARD.replace('"ner/tiny/train.conll"', '"' + path.encode("unicode_escape").decode().replace("\\x", "\\u00") + '"')
    values = card_module.tomllib.loads(text)
    assert values["files"]["train"]["path"] == path
    root = Path("/folder/of/all")
    try:
        card = TaggedCard.model_validate(values)
    except ValueError:
        return
    assert Path(os.path.normpath(root / card.files["train"].path)) == root / path
    assert root in (root / path).parents


def test_a_split_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    card = load_card(write(tmp_path, CARD))
    with pytest.raises(UserError, match=r"^ner/tiny has no 'dev' split \(it has: train\)$"):
        card.file("dev")


@pytest.fixture
def three_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ner/tiny", "ner/other", "chunking/other"):
        write(tmp_path, CARD.replace('"ner/tiny"', f'"{name}"'), name)
    monkeypatch.setattr(card_module, "packaged", lambda kind: tmp_path)


@pytest.mark.usefixtures("three_cards")
def test_a_card_is_found_by_its_full_name_or_a_unique_short_one() -> None:
    assert find_card("ner/tiny") == find_card("tiny")
    assert find_card("chunking/other").name == "chunking/other"
    assert [card.name for card in all_cards()] == card_names() == ["chunking/other", "ner/other", "ner/tiny"]


@pytest.mark.usefixtures("three_cards")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ner/tyni", "unknown corpus 'ner/tyni'; did you mean 'ner/tiny'? (known: chunking/other, ner/other, ner/tiny)"),
        ("tinny", "unknown corpus 'tinny'; did you mean 'tiny'? (known: chunking/other, ner/other, ner/tiny)"),
        ("../ner/tiny", "unknown corpus '../ner/tiny'; did you mean 'ner/tiny'?"),
        ("zzz", "unknown corpus 'zzz' (known: "),
        ("", "unknown corpus '' (known: "),
        ("other", "corpus 'other' could be any of: chunking/other, ner/other"),
    ],
)
def test_an_unknown_or_ambiguous_name_is_answered_with_the_known_ones(name: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        find_card(name)
    assert str(caught.value).startswith(message)


CARDS = all_cards()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_that_comes_with_seqkit_can_be_verified(card: Card) -> None:
    for file in card.files.values():
        if not card.embedded:
            assert file.url is not None
            assert file.url.startswith("https://")
            assert card.revision is not None
            assert card.revision in file.url, "a download must be pinned"
            assert file.bytes is not None
    if isinstance(card, TextCard) and card.split:
        assert set(card.counts) == (set() if card.module else set(card.split.shares()))
    elif isinstance(card, PairCard) and not card.embedded:
        assert list(card.counts) == card.splits()
    elif not card.embedded:
        assert set(card.counts) == set(card.files)


def test_no_two_files_share_a_place() -> None:
    paths = [file.path for card in CARDS for file in card.files.values()]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("card", [card for card in CARDS if card.embedded], ids=lambda card: card.name)
def test_an_embedded_corpus_is_there_as_its_card_says(card: Card) -> None:
    for split, file in card.files.items():
        content = (packaged("corpora") / file.path).read_bytes()
        assert file.path.startswith(f"{card.name}/")
        if isinstance(card, TaggedCard) and card.format == "jsonl" and (counts := card.counts.get(split)):
            records = [json.loads(line) for line in content.decode().split("\n") if line]
            assert (len(records), sum(len(record["entities"]) for record in records)) == (counts.sentences, counts.entities)
        assert file.bytes in (None, len(content))
        assert file.sha256 in (None, hashlib.sha256(content).hexdigest())


@pytest.mark.skipif("SEQKIT_CORPORA_MIRROR" not in os.environ, reason="needs SEQKIT_CORPORA_MIRROR")
@pytest.mark.parametrize("card", [card for card in CARDS if not card.embedded], ids=lambda card: card.name)
def test_the_mirror_holds_what_the_card_says(card: Card, tmp_path: Path) -> None:
    for split, file in card.files.items():
        path = locate(card, split, mirror=mirror_folder(), cache=tmp_path)
        assert path is not None, file.path
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert len(content) == file.bytes
        if isinstance(card, TaggedCard):
            assert counted(content.decode(), card) == card.counts[split].model_dump()


def counted(text: str, card: TaggedCard) -> dict[str, int | None]:
    """Sentences, tokens and entities, counted with nothing of seqkit: an I- after another type opens an entity too."""
    column = {"conll": 1, "uner": 2, "conllu": 3}[card.format]
    sentences: list[list[str]] = [[]]
    for line in text.split("\n"):
        cells = line.split("\t")
        if not line.strip():
            sentences.append([])
        elif card.format == "conll" or cells[0].isdigit():
            sentences[-1].append(cells[column])
    opens = sum(
        now[0] == "B" or (now[0] == "I" and before[1:] != now[1:])
        for tags in sentences
        for before, now in pairwise(["O", *tags])
    )
    return {
        "sentences": sum(map(bool, sentences)),
        "tokens": sum(map(len, sentences)),
        "entities": opens if card.annotation == "entities" else None,
    }

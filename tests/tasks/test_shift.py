"""Label shift: what moves a tagger from the rates of one text to those of another."""

import math

import pytest
import tiny
import torch

from seqkit.data.examples import Tagged
from seqkit.models.tagger import Tagger
from seqkit.tasks.recipes import recipe_from
from seqkit.tasks.tagging.corpus import TaggedCorpus
from seqkit.tasks.tagging.label_shift import log_rate_ratios
from seqkit.tasks.tagging.task import TASK
from seqkit.tasks.tagging.trained import TrainedTagger

FEW = [Tagged(("a", "b", "c", "d"), ("B-PER", "I-PER", "O", "B-LOC")), Tagged(("e", "f"), ("O", "B-PER"))]
MANY = [Tagged(("a", "b", "c"), ("B-PER", "B-PER", "B-ORG"))]


def test_a_rate_is_entities_over_tokens_with_one_more_of_each_type():
    by_tag = dict(zip(tiny.TAGS, log_rate_ratios(FEW, MANY, tiny.TAGS), strict=True))
    assert by_tag["B-PER"] == pytest.approx(math.log((3 / 3) / (3 / 6)))
    assert by_tag["B-LOC"] == pytest.approx(math.log((1 / 3) / (2 / 6)))
    assert by_tag["B-ORG"] == pytest.approx(math.log((2 / 3) / (1 / 6)))
    assert all(by_tag[tag] == 0 for tag in tiny.TAGS if not tag.startswith("B-"))


def test_there_is_no_shift_to_oneself_and_back_is_the_opposite():
    there, back = log_rate_ratios(FEW, MANY, tiny.TAGS), log_rate_ratios(MANY, FEW, tiny.TAGS)
    assert there == pytest.approx([-ratio for ratio in back])
    assert log_rate_ratios(FEW, FEW, tiny.TAGS) == [0.0] * len(tiny.TAGS)
    assert log_rate_ratios(FEW, [], tiny.TAGS) == [0.0] * len(tiny.TAGS)
    assert log_rate_ratios([Tagged(("a",), ("NOUN",))], [Tagged(("b",), ("VERB",))], ("NOUN", "VERB")) == [0.0, 0.0]


def test_shifted_probabilities_are_those_of_bayes(vocabulary, corpus):
    """p(tag | x) moves in proportion to the tag's rate, and nothing else does."""
    model = tiny.scrambled(tiny.tagger("lstm", vocabulary, output="softmax", label_shift=1.0), scale=0.6)
    assert model.label_shift_K is not None
    batch = tiny.task(model, vocabulary, corpus).collate(corpus[:4])
    ratio_K = torch.tensor(log_rate_ratios(FEW, MANY, tiny.TAGS)).exp()
    with torch.no_grad():
        x_BTD = model.word_vectors(batch.words, batch.place_BT)
        plain_BTK = model(x_BTD, batch.length_B).softmax(dim=-1)
        loss, _ = model.loss(*batch, precision=torch.float32)
        model.label_shift_K.copy_(ratio_K.log())
        shifted_BTK = model(x_BTD, batch.length_B).softmax(dim=-1)
        assert model.loss(*batch, precision=torch.float32)[0] == loss
    expected_BTK = plain_BTK * ratio_K
    torch.testing.assert_close(shifted_BTK, expected_BTK / expected_BTK.sum(dim=-1, keepdim=True))


@pytest.mark.parametrize("output", tiny.OUTPUTS)
def test_a_loaded_tagger_is_shifted_as_the_saved_one(output: str, vocabulary):
    model = tiny.scrambled(tiny.tagger("gru", vocabulary, output=output, label_shift=2.0), scale=0.6)
    assert model.label_shift_K is not None
    texts = [sentence.tokens for sentence in tiny.sentences(20, seed=3)]

    def found(shift: list[float]) -> list[tuple[str, ...]]:
        model.label_shift_K.data = torch.tensor(shift)
        saved = TrainedTagger(
            model, tiny.config("gru", output=output, label_shift=2.0), vocabulary, {"task": "ner", "tags": tiny.TAGS}
        )
        loaded = TrainedTagger.from_files(saved.files())
        assert loaded.predict(texts) == saved.predict(texts)
        return [one.tags for one in loaded.predict(texts)]

    only_person = found([0.0, -99.0, 0.0, -99.0, 0.0, 99.0, 0.0])
    assert {tag[2:] for tags in only_person for tag in tags if tag.startswith("B-")} == {"PER"}
    assert only_person != found([0.0] * len(tiny.TAGS))


def test_shift_trains_nothing(vocabulary, corpus):
    model = tiny.tagger("lstm", vocabulary, label_shift=1.0)
    assert model.label_shift_K is not None
    model.label_shift_K.data = torch.arange(7.0)
    list(tiny.learn(model, tiny.task(model, vocabulary, corpus[:16]), epochs=1))
    assert model.label_shift_K.tolist() == list(range(7))
    assert tiny.tagger("lstm", vocabulary).label_shift_K is None


def test_a_new_tagger_is_shifted_from_train_to_dev():
    corpus = TaggedCorpus("tiny", "en", {"train": FEW, "dev": MANY}, {}, frozenset(tag for one in FEW for tag in one.tags))
    recipe = recipe_from({"task": "ner", "corpus": "tiny", "model": {"label_shift": 2.0, "width": 8}})
    model = prepared(recipe, corpus)
    expected = [2 * ratio for ratio in log_rate_ratios(FEW, MANY, corpus.tags)]
    assert model.label_shift_K is not None
    assert any(expected)
    assert model.label_shift_K.tolist() == pytest.approx(expected)
    assert prepared(recipe_from({"task": "ner", "corpus": "tiny"}), corpus).label_shift_K is None


def prepared(recipe, corpus: TaggedCorpus) -> Tagger:
    """The tagger that training starts from."""
    vocabulary = TASK.fit_tokenizer(recipe, corpus)
    model = TASK.build(recipe, corpus, vocabulary)
    TASK.prepare(model, recipe, corpus, vocabulary)
    return model

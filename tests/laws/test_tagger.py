"""What every tagger must satisfy, whatever its family and output.

Axes: M members, B sentences, T tokens, U distinct words, D features, K tags.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch

import seqkit
from seqkit.data.examples import Tagged
from seqkit.data.schemes import invalid_transitions, spans
from seqkit.data.vocabulary import UNKNOWN
from seqkit.models.tagger import Tagger
from seqkit.models.words import WordEncoder
from seqkit.tasks.tagging import predict
from seqkit.tasks.tagging.predict import Predictor, tensors
from seqkit.tasks.tagging.prediction import OVERLAP, WINDOW
from seqkit.tasks.tagging.trained import TrainedTagger

METADATA = {"task": "ner", "corpus": "tiny", "tags": tiny.TAGS}

EVERY = [(name, output) for name in tiny.FAMILIES for output in tiny.OUTPUTS]
every_tagger = pytest.mark.parametrize(("name", "output"), EVERY)
every_family = pytest.mark.parametrize("name", tiny.FAMILIES)


def tokens_of(tagged: list[Tagged]) -> list[tuple[str, ...]]:
    return [sentence.tokens for sentence in tagged]


def strong(name: str, vocabulary, **changes) -> Tagger:
    """Matrices at random, large enough that tags vary and ties do not occur."""
    model = tiny.scrambled(tiny.tagger(name, vocabulary, **changes), scale=0.6, biases=False)
    with torch.no_grad():
        for member in model.each_member():  # a minGRU's outputs are positive, and would favour one tag everywhere
            member.emit.weight -= member.emit.weight.mean(dim=1, keepdim=True)
    return model


def words_of(vocabulary, words: list[str]):
    return tensors(vocabulary.encode(words), torch.device("cpu"))


@pytest.fixture(scope="module")
def learned(corpus, vocabulary) -> Tagger:
    """Right on every sentence of the tiny language."""
    model = tiny.tagger("lstm", vocabulary, **tiny.UNDROPPED)
    trainable = tiny.task(model, vocabulary, corpus)
    assert list(tiny.learn(model, trainable, epochs=10, learning_rate=1e-2, average=0.0))
    return model


# Batches


@every_tagger
def test_predictions_do_not_depend_on_company(name: str, output: str, vocabulary):
    model = strong(name, vocabulary, output=output)
    texts = [*tokens_of(tiny.sentences(30, seed=5)), ("unseen", "Words", "20,000", "…")]
    together = Predictor(model, vocabulary, tiny.TAGS)(texts, confidence=True)
    assert len({one.tags for one in together}) > 20
    assert len({tag for one in together for tag in one.tags}) >= 4
    for batch_size, order in ((1, 1), (7, -1), (64, -1)):
        again = Predictor(model, vocabulary, tiny.TAGS)(texts[::order], batch_size=batch_size, confidence=True)[::order]
        assert [one.tags for one in again] == [one.tags for one in together]
        assert [one.spans for one in again] == [one.spans for one in together]
        for one, other in zip(again, together, strict=True):
            assert one.confidences == pytest.approx(other.confidences, abs=1e-4)


@every_tagger
def test_the_loss_of_a_batch_is_the_sum_over_its_sentences(name: str, output: str, corpus, vocabulary):
    model = tiny.tagger(name, vocabulary, output=output)
    trainable = tiny.task(model, vocabulary, corpus)
    some = sorted(corpus[:12], key=lambda sentence: len(sentence.tokens))
    with torch.no_grad():
        total, tokens = trainable.loss(trainable.collate(some))
        alone = [trainable.loss(trainable.collate([sentence])) for sentence in some]
    assert tokens == sum(len(sentence.tokens) for sentence in some)
    assert sum(one.item() for one, _ in alone) == pytest.approx(total.item(), rel=1e-5)


def test_the_softmax_loss_is_minus_log_probability_of_the_tags(corpus, vocabulary):
    model = tiny.tagger("gru", vocabulary, output="softmax")
    trainable = tiny.task(model, vocabulary, corpus)
    batch = trainable.collate(corpus[:5])
    with torch.no_grad():
        p_BTK = model(model.word_vectors(batch.words, batch.place_BT), batch.length_B).softmax(dim=-1)
        expected = -sum(
            p_BTK[b, t, batch.tag_BT[b, t]].log().item() for b, n in enumerate(batch.length_B.tolist()) for t in range(n)
        )
        assert trainable.loss(batch)[0].item() == pytest.approx(expected, rel=1e-5)


@every_family
def test_bfloat16_loss_is_near_float32_and_trains(name: str, corpus, vocabulary):
    model = tiny.tagger(name, vocabulary)
    batch = tiny.task(model, vocabulary, corpus).collate(corpus[:8])
    exact, _ = model.loss(*batch, precision=torch.float32)
    rough, _ = model.loss(*batch, precision=torch.bfloat16)
    assert rough.dtype == torch.float32
    assert rough.item() == pytest.approx(exact.item(), rel=0.02)
    rough.backward()
    assert all(w.grad is None or bool(w.grad.isfinite().all()) for w in model.parameters())


# Long sentences


@every_family
def test_what_fits_a_window_is_read_at_once(name: str, vocabulary):
    model = strong(name, vocabulary)
    long = tiny.long_sentence(WINDOW, seed=3)
    predictor = Predictor(model, vocabulary, tiny.TAGS)
    alone = predictor([long.tokens])[0]
    with torch.no_grad():
        whole = words_of(vocabulary, list(long.tokens))
        length_B = torch.tensor([WINDOW])
        emission_BTK = model(model.word_vectors(whole, torch.arange(WINDOW)[None]), length_B)
        expected = [tiny.TAGS[tag] for tag in model.decode(emission_BTK, length_B)[0]]
    assert list(alone.tags) == expected
    # Nor does a longer sentence in the same batch change how it is read.
    beside = predictor([tiny.long_sentence(WINDOW + 1).tokens, long.tokens, long.tokens[:200]])
    assert beside[1].tags == alone.tags
    assert beside[2].tags == predictor([long.tokens[:200]])[0].tags


@pytest.mark.parametrize("tokens", [WINDOW + 1, 2 * WINDOW - 2 * OVERLAP, 5000])
def test_no_token_of_a_long_sentence_is_lost_or_moved(tokens: int, learned, vocabulary):
    long = tiny.long_sentence(tokens, seed=tokens)
    short = tiny.sentences(3, seed=8)
    found = Predictor(learned, vocabulary, tiny.TAGS)([short[0].tokens, long.tokens, short[1].tokens])
    assert found[1].tags == long.tags
    assert found[0].tags == short[0].tags
    assert found[2].tags == short[1].tags


@every_family
def test_a_tag_of_a_long_sentence_does_not_depend_on_what_is_far_away(name: str, vocabulary):
    model = strong(name, vocabulary, output="softmax")
    predictor = Predictor(model, vocabulary, tiny.TAGS)
    words = list(tiny.long_sentence(900, seed=1).tokens)
    before = predictor([words])[0].tags
    words[450] = "Elm" if words[450] != "Elm" else "the"
    after = predictor([words])[0].tags
    assert after[: 450 - WINDOW] == before[: 450 - WINDOW]
    assert after[450 + WINDOW :] == before[450 + WINDOW :]


def test_every_token_is_read_with_its_neighbours_on_both_sides(vocabulary):
    """An encoder that spells its window out: what each token saw must reach OVERLAP tokens to either side."""
    model = tiny.tagger("lstm", vocabulary, output="softmax")
    seen: list[tuple[float, float, float]] = []

    def spell(x_BTD, length_B):
        position_T = x_BTD[0, :, 0]
        return torch.stack([position_T, position_T[:1].expand_as(position_T), position_T[-1:].expand_as(position_T)], -1)[None]

    model.forward = spell
    predictor = Predictor(model, vocabulary, tiny.TAGS)
    for tokens in (WINDOW + 1, 700, 1024):
        predictor._vector_ND = torch.arange(float(tokens))[:, None]
        seen = predictor._windowed(torch.arange(tokens)).tolist()
        assert [position for position, _, _ in seen] == list(range(tokens))
        for position, first, last in seen:
            assert first <= max(position - OVERLAP, 0)
            assert last >= min(position + OVERLAP, tokens - 1)
            assert last - first < WINDOW


# Odd input


@every_tagger
def test_empty_lists_and_empty_sentences(name: str, output: str, vocabulary):
    predictor = Predictor(tiny.tagger(name, vocabulary, output=output), vocabulary, tiny.TAGS)
    assert predictor([]) == []
    assert list(predictor.stream([])) == []
    assert [one.tags for one in predictor([[], []], confidence=True)] == [(), ()]
    mixed = predictor([[], ["Oak"], [], ["in", "Oak"]], batch_size=1, confidence=True)
    assert [len(one.tags) for one in mixed] == [0, 1, 0, 2]
    assert [len(one.tags) for one in predictor([[""], ["\ud800"], ["x" * 10_000], ["\u200b", "🙂" * 50]])] == [1, 1, 1, 2]


def test_a_stream_gives_what_a_list_gives(learned, vocabulary, monkeypatch):
    monkeypatch.setattr(predict, "READ_AHEAD", 2)
    texts = [*tokens_of(tiny.sentences(25, seed=4)), ()]
    predictor = Predictor(learned, vocabulary, tiny.TAGS)
    asked: list[int] = []

    def endless():
        for number in range(10**9):
            asked.append(number)
            yield texts[number % len(texts)]

    stream = predictor.stream(endless(), batch_size=4)
    assert [next(stream).tags for _ in texts] == [one.tags for one in predictor(texts)]
    assert len(asked) <= len(texts) + 8


# Legal tags


@every_family
@pytest.mark.parametrize("scale", [0.0, 0.1, 3.0, 100.0])
def test_a_crf_never_yields_an_illegal_transition(name: str, scale: float, vocabulary):
    texts = tokens_of(tiny.sentences(25, seed=6))
    for lean in (0.0, 1.5, -4.0, 50.0):
        model = tiny.tagger(name, vocabulary)
        if scale:
            model = tiny.scrambled(model, scale=scale, seed=int(lean) + 9)
        with torch.no_grad():
            model.outside_bias.fill_(lean)
        for one in Predictor(model, vocabulary, tiny.TAGS)(texts):
            assert invalid_transitions(one.tags) == 0
            assert one.spans == tuple(spans(one.tags, strict=True))


def test_a_softmax_does_yield_illegal_transitions(vocabulary):
    found = Predictor(strong("lstm", vocabulary, output="softmax"), vocabulary, tiny.TAGS)(tokens_of(tiny.sentences(25)))
    assert sum(invalid_transitions(one.tags) for one in found) > 0


# Lean


@every_tagger
def test_more_lean_never_leaves_more_tokens_outside(name: str, output: str, vocabulary):
    """With s the score and o the number of O: if y is best at λ and z at μ > λ, then o(z) <= o(y), sentence by sentence."""
    model = strong(name, vocabulary, output=output)
    texts = tokens_of(tiny.sentences(30, seed=2))
    counts: list[list[int]] = []
    for lean in (-50.0, -2.0, 0.0, 0.25, 1.0, 4.0, 50.0):
        with torch.no_grad():
            model.outside_bias.fill_(lean)
        counts.append([one.tags.count("O") for one in Predictor(model, vocabulary, tiny.TAGS)(texts)])
    assert (np.diff(np.array(counts), axis=0) <= 0).all()
    assert sum(counts[0]) == sum(map(len, texts))
    assert sum(counts[-1]) == 0
    assert sum(counts[3]) < sum(counts[1])


def test_lean_is_chosen_where_dev_scores_best(vocabulary, corpus):
    model = strong("gru", vocabulary)
    predictor = Predictor(model, vocabulary, tiny.TAGS)
    texts = tokens_of(corpus)

    def outside(found) -> float:
        return sum(one.tags.count("O") for one in found) / 1000

    def named(found) -> float:
        return -outside(found) + 10

    least = predictor.choose_outside_bias(texts, outside)
    assert model.outside_bias.item() == 0.0  # any other leaves fewer outside, and of equals the smallest is taken
    assert least == outside(predictor(texts))
    most = predictor.choose_outside_bias(texts, named)
    assert model.outside_bias.item() > 0
    assert most == named(predictor(texts)) > 10 - least
    assert predictor.choose_outside_bias(texts, lambda found: 0.5) == 0.5
    assert model.outside_bias.item() == 0.0
    assert not model.outside_bias.requires_grad


# Members


@every_tagger
def test_an_ensemble_is_the_mean_of_its_members(name: str, output: str, corpus, vocabulary):
    model = tiny.tagger(name, vocabulary, output=output, members=3)
    trainable = tiny.task(model, vocabulary, corpus)
    batch = trainable.collate(corpus[:6])
    parts, losses = [], []
    with torch.no_grad():
        for member in model.members:
            single = tiny.tagger(name, vocabulary, output=output)
            single.members[0].load_state_dict(member.state_dict())
            if single.crf is not None:
                single.crf.load_state_dict(model.crf.state_dict())
            parts.append(single(single.word_vectors(batch.words, batch.place_BT), batch.length_B))
            losses.append(single.loss(*batch, precision=torch.float32)[0].item())
        mean_BTK = model(model.word_vectors(batch.words, batch.place_BT), batch.length_B)
        assert trainable.loss(batch)[0].item() == pytest.approx(np.mean(losses), rel=1e-5)
    torch.testing.assert_close(mean_BTK, torch.stack(parts).mean(dim=0))
    assert not torch.equal(parts[0], parts[1])


# Words


@every_family
def test_kept_word_vectors_never_change_predictions(name: str, vocabulary, monkeypatch):
    model = strong(name, vocabulary)
    texts = [*tokens_of(tiny.sentences(30, seed=21)), *[(f"word{n}", "in", f"Xy{n}{n}") for n in range(12)]]
    fresh = [Predictor(model, vocabulary, tiny.TAGS)([text])[0].tags for text in texts]
    kept = Predictor(model, vocabulary, tiny.TAGS)
    assert [kept([text])[0].tags for text in texts] == fresh
    assert [one.tags for one in kept(texts)] == fresh
    monkeypatch.setattr(predict, "MOST_WORDS", 5)
    small = Predictor(model, vocabulary, tiny.TAGS)
    assert [small([text])[0].tags for text in texts * 2] == fresh * 2
    assert len(small._table) < 12


@pytest.mark.parametrize("chars", ["cnn", "lstm"])
def test_a_words_vector_does_not_depend_on_the_other_words(chars: str, vocabulary):
    config = tiny.config("lstm", words=tiny.WORDS | {"chars": chars}).words
    encoder = WordEncoder(config, vocabulary.sizes).double().eval()
    words = ["Oak", "in", "a", "Unbelievably", "-", "x" * 40, ""]
    with torch.no_grad():
        together_UD = encoder(words_of(vocabulary, words), torch.arange(len(words))[None])[0]
        for place, word in enumerate(words):
            alone_1D = encoder(words_of(vocabulary, [word]), torch.tensor([[0]]))[0]
            torch.testing.assert_close(together_UD[place], alone_1D[0], rtol=0, atol=1e-10)
        torch.testing.assert_close(encoder.distinct(words_of(vocabulary, words)), together_UD, rtol=0, atol=0)
    assert bool(together_UD.isfinite().all())


def test_word_dropout_hits_in_training_alone(vocabulary):
    config = tiny.config("lstm", words=tiny.WORDS | {"unknown": 1.0}).words
    encoder = WordEncoder(config, vocabulary.sizes)
    words = words_of(vocabulary, ["Oak", "neverseen"])._replace(count_U=torch.tensor([3, 0]))
    place_BT = torch.zeros(40, 50, dtype=torch.int64)
    place_BT[:, 0] = 1
    unknown_D = encoder.word.weight[UNKNOWN]
    width = config.word_width
    with torch.no_grad():
        kept_BTD = encoder.eval()(words, place_BT)
        assert bool((kept_BTD[:, 1:, :width] == encoder.word.weight[words.word_U[0]]).all())
        assert bool((kept_BTD[:, 0, :width] == unknown_D).all())
        dropped_BTD = encoder.train()(words, place_BT)
    forgotten_BT = (dropped_BTD[..., :width] == unknown_D).all(dim=-1)
    assert bool(forgotten_BT[:, 0].all())
    assert abs(float(forgotten_BT[:, 1:].float().mean()) - 1 / 4) < 0.04  # unknown / (unknown + count) = 1 / (1 + 3)
    # Only the word's own row is forgotten: its letters stay, and each place is drawn alone.
    torch.testing.assert_close(dropped_BTD[..., width:], kept_BTD[..., width:])
    assert bool(forgotten_BT[:, 1:].any(dim=0).any())
    assert not bool(forgotten_BT[:, 1:].all(dim=1).any())


# Saving


@every_tagger
def test_saved_and_loaded_predictions_are_the_same(name: str, output: str, vocabulary, tmp_path: Path):
    model = strong(name, vocabulary, output=output, ensemble_size=2)
    with torch.no_grad():
        model.outside_bias.fill_(0.75)
    tagger = TrainedTagger(model, tiny.config(name, output=output, ensemble_size=2), vocabulary, METADATA)
    tagger.save(tmp_path / "run" / "model")
    texts = [*tokens_of(tiny.sentences(20, seed=11)), ("New", "words", "…")]
    for place in (tmp_path / "run", tmp_path / "run" / "model"):
        loaded = seqkit.load(place)
        assert loaded.predict(texts, confidence=True) == tagger.predict(texts, confidence=True)
    assert loaded.files() == tagger.files()
    assert loaded.metadata == METADATA | {"tags": list(tiny.TAGS)}
    assert loaded.parameters == tagger.parameters


FRESH = """
import json, sys, seqkit, torch
torch.set_num_threads(1)
texts = json.load(sys.stdin)
for folder in sys.argv[1:]:
    print(json.dumps([[one.tags, one.confidences] for one in seqkit.load(folder).predict(texts, confidence=True)]))
"""


def test_a_fresh_process_predicts_the_same(vocabulary, tmp_path: Path):
    texts = [*tokens_of(tiny.sentences(20, seed=12)), ("Zürich", "🙂", "don't")]
    expected = []
    for name in tiny.FAMILIES:
        tagger = TrainedTagger(strong(name, vocabulary), tiny.config(name), vocabulary, METADATA)
        tagger.save(tmp_path / name)
        expected.append([[list(one.tags), list(one.confidences)] for one in tagger.predict(texts, confidence=True)])
    environment = os.environ | {"PYTHONPATH": str(Path(seqkit.__file__).parents[1]), "PYTHONHASHSEED": "123"}
    command = [sys.executable, "-c", FRESH, *(str(tmp_path / name) for name in tiny.FAMILIES)]
    done = subprocess.run(
        command, input=json.dumps(texts), capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == expected


# Plain labels


def test_parts_of_speech_are_tagged_by_the_same_model(vocabulary):
    data = [Tagged(s.tokens, tuple("NAME" if w in tiny.NAMES else "WORD" for w in s.tokens)) for s in tiny.sentences(40)]
    tags = ("NAME", "WORD")
    torch.manual_seed(1)
    model = Tagger(tiny.config("lstm", **tiny.UNDROPPED), vocabulary.sizes, tags)
    trainable = tiny.TaggingBatches(
        model,
        vocabulary,
        tags,
        data,
        data,
        batch_size=8,
        precision=torch.float32,
        seed=1,
        choose_bias=True,
        augment=tiny.Augmenter(tiny.AugmentConfig(), data),
    )
    events = list(tiny.learn(model, trainable, epochs=8, learning_rate=1e-2, average=0.0))
    assert events[-1].best_score == 1.0
    found = Predictor(model, vocabulary, tags)([data[0].tokens], confidence=True)[0]
    assert found.tags == data[0].tags
    assert found.spans == ()
    assert model.outside_bias.item() == 0.0

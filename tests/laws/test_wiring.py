"""Between the parts: which split is fitted on, trained on, scored and reported, and with which weights; for every task.

Axes: N test items, C counts, B rows of a batch, T tokens.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small
import torch
from rich.console import Console
from torch import nn

from seqkit.data.examples import Pair, Tagged, Text
from seqkit.data.sources import Sources
from seqkit.report.report import Report
from seqkit.run.evaluation import Evaluation
from seqkit.run.experiment import Experiment, Fitted
from seqkit.run.report import evaluation_report
from seqkit.run.saved import load
from seqkit.tasks import find_task
from seqkit.tasks.language_modeling import evaluation as text_evaluation
from seqkit.tasks.language_modeling.evaluation import TextEvaluation
from seqkit.tasks.language_modeling.report import main_figure as text_figure
from seqkit.tasks.tagging import evaluation as tag_evaluation
from seqkit.tasks.tagging.report import main_score
from seqkit.tasks.translation import evaluation as pair_evaluation
from seqkit.tasks.translation.evaluation import SplitTranslated, TranslationEvaluation
from seqkit.tasks.translation.recipe import TranslationEvaluationConfig
from seqkit.tasks.translation.report import main_figure as pair_figure
from seqkit.training.loop import Evaluated, Step, train

ONE_OF_EACH = {"ner": "tagger, gru", "generate": "text, gru", "translate": "pairs, gru, attention"}
MODEL = ("config.json", "weights.safetensors")  # every other file is the tokenizer's
POISON = "qxzq"  # in no other word, and of letters that no other split has
CPU = torch.device("cpu")
QUIET = Console(quiet=True)


def experiment(name: str, corpus: Any, monkeypatch: pytest.MonkeyPatch, **train: Any) -> Experiment:
    """One of `small.RUNS` on a corpus in memory."""
    recipe = small.recipe(name, **train)
    monkeypatch.setattr(type(find_task(recipe.task)), "read", lambda *_: corpus)
    return Experiment(recipe, Sources())


def trained_and_reported(one: Experiment, folder: Path) -> Report:
    """As `seqkit train` does it."""
    return one.report(one.fit(folder, CPU, QUIET), folder, QUIET)


def poisoned(task: str, *splits: str) -> Any:
    """The small corpus with a word more in some splits."""
    corpus = small.CORPORA[task]()
    return replace(
        corpus, splits={name: spoilt(task, given) if name in splits else given for name, given in corpus.splits.items()}
    )


def spoilt(task: str, split: Any) -> Any:
    if task == "ner":
        return [*split, Tagged((POISON, "Oak"), ("B-PER", "I-PER"))] * 2
    if task == "translate":
        return [*split, Pair(POISON, POISON)] * 2

    def read() -> Iterator[Text]:
        yield from split()
        yield Text(POISON * 3, False)

    return read


def fitted(name: str, corpus: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **train: Any) -> Fitted:
    folder.mkdir(exist_ok=True)
    return experiment(name, corpus, monkeypatch, **train).fit(folder, CPU, QUIET)


# What is fitted, is fitted on train


@pytest.mark.parametrize("task", small.CORPORA)
def test_nothing_is_learnt_from_dev_or_test(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    name = ONE_OF_EACH[task]
    clean = fitted(name, small.CORPORA[task](), tmp_path / "clean", monkeypatch).trained.files()
    dev = fitted(name, poisoned(task, "dev", "test"), tmp_path / "dev", monkeypatch).trained.files()
    test = fitted(name, poisoned(task, "test"), tmp_path / "test", monkeypatch).trained.files()
    assert test == clean, "test was read in training"
    assert all(dev[file] == clean[file] for file in clean if file not in MODEL)
    train = fitted(name, poisoned(task, "train"), tmp_path / "train", monkeypatch).trained.files()
    assert any(train[file] != clean[file] for file in clean if file not in MODEL), "the poison cannot be seen"


@pytest.mark.parametrize("task", small.CORPORA)
def test_an_untrained_model_does_not_know_the_other_splits(task: str):
    name = ONE_OF_EACH[task]
    clean, poison = (small.training(name, corpus=given) for given in (None, poisoned(task, "dev", "test")))
    assert [w.shape for w in clean.model.parameters()] == [w.shape for w in poison.model.parameters()]
    assert clean.trainable.batches_per_epoch() == poison.trainable.batches_per_epoch()


def test_tags_are_those_of_the_whole_training_split_whatever_fraction_is_used():
    corpus = small.tagged()
    few = corpus.reduced(0.05)
    assert len(few.splits["train"]) == 2
    assert few.tags == corpus.tags
    assert (few.splits["dev"], few.splits["test"]) == (corpus.splits["dev"], corpus.splits["test"])


# What is measured, is the split that was asked for


@pytest.mark.parametrize("task", small.CORPORA)
def test_a_run_reports_test_or_dev_where_there_is_no_test(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = small.CORPORA[task]()
    both = experiment(ONE_OF_EACH[task], corpus, monkeypatch)
    for name in ("both", "dev"):
        (tmp_path / name).mkdir()
    report = trained_and_reported(both, tmp_path / "both")
    scores = Evaluation.read(tmp_path / "both").scores
    assert scores.split == "test"
    assert report.headline[0].name.startswith("test ")
    assert report.verdict[0].startswith("test")
    check_items(task, corpus, "test", scores)
    lacking = replace(corpus, splits={name: split for name, split in corpus.splits.items() if name != "test"})
    report = trained_and_reported(experiment(ONE_OF_EACH[task], lacking, monkeypatch), tmp_path / "dev")
    scores = Evaluation.read(tmp_path / "dev").scores
    assert scores.split == "dev"
    assert report.headline[0].name.startswith("dev ")
    check_items(task, corpus, "dev", scores)


def check_items(task: str, corpus: Any, split: str, scores: Any) -> None:
    """Counts and lengths can be those of this split alone."""
    match task:
        case "ner":
            assert list(scores.lengths) == [len(sentence.tokens) for sentence in corpus.splits[split]]
            gold = [sum(tag.startswith("B-") for tag in sentence.tags) for sentence in corpus.splits[split]]
            assert [counts[2] for counts in scores.units] == gold
        case "translate":
            assert list(scores.lengths) == [len(pair.source.split()) for pair in corpus.splits[split]]
            assert len(scores.units) == len(corpus.splits[split])
        case _:
            characters = sum(len(piece.text) for piece in corpus.splits[split]())
            assert sum(tokens for _, tokens in scores.units) == characters
            assert not any(name.startswith("test" if split == "dev" else "dev") for name in scores.further)


def test_several_splits_of_pairs_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = small.paired()
    corpus = replace(corpus, splits=corpus.splits | {"test_long": small.pairs(3, 9)})
    found = experiment("pairs, gru, attention", corpus, monkeypatch)
    trained = found.fit(tmp_path, CPU, QUIET).trained
    measured = found.task.evaluate(trained, corpus, "test", found.recipe, trained_on=True)
    assert [(split.name, len(split.pairs)) for split in measured.splits] == [("test", 9), ("test_long", 3)]
    assert next(iter(found.task.scores(trained, measured).further)) == "test_long BLEU"
    for asked, sizes in (("dev", [7]), ("test_long", [3]), ("dev+test_long", [7, 3])):
        measured = found.task.evaluate(trained, corpus, asked, found.recipe, trained_on=True)
        assert [len(split.pairs) for split in measured.splits] == sizes


def test_tests_that_a_recipe_names_are_those_of_its_own_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = small.paired()
    found = experiment("pairs, gru, attention", corpus, monkeypatch)
    named = found.recipe.model_copy(update={"evaluation": TranslationEvaluationConfig(tests=("test_2016",))})
    trained = found.fit(tmp_path, CPU, QUIET).trained
    with pytest.raises(Exception, match="no test_2016 split"):
        found.task.evaluate(trained, corpus, "test", named, trained_on=True)
    other = named.on("another/corpus")
    assert found.task.evaluate(trained, corpus, "test", other, trained_on=False).splits[0].name == "test"
    own = replace(corpus, name="my/files")
    assert found.task.evaluate(trained, own, "test", named, trained_on=True).splits[0].name == "test"


def test_both_splits_of_a_text_are_scored_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = small.running_text()
    found = experiment("text, gru", corpus, monkeypatch)
    trained = found.fit(tmp_path, CPU, QUIET).trained
    together = text_evaluation.read_split(trained, corpus, "dev+test")
    apart = [text_evaluation.read_split(trained, corpus, name) for name in ("dev", "test")]
    assert len(together.tokens) == sum(len(one.tokens) for one in apart) + 1  # an end between the documents
    assert together.characters == sum(one.characters for one in apart)
    end = len(apart[0].tokens)
    assert together.tokens.read(0, end).tolist() == apart[0].tokens.read(0, end).tolist()


# What is kept and scored, are the weights that are meant


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("task", small.CORPORA)
def test_the_model_saved_scores_on_dev_what_training_says_it_keeps(
    task: str, keep: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = {"average": 0.7, "epochs": 4, "learning_rate": 0.3, "keep": keep, "schedule": "constant", "warmup": 0.0}
    name = ONE_OF_EACH[task]
    done = fitted(name, small.CORPORA[task](), tmp_path, monkeypatch, **settings)
    other = small.training(name, **settings)
    events = list(train(other.trainable, other.state))
    scores = [event.dev_score for event in events if isinstance(event, Evaluated)]
    assert len(set(scores)) > 1
    kept = max(scores) if keep == "best" else scores[-1]
    assert done.statistics.kept_score == kept
    saved = dict(load(tmp_path).model.named_parameters())
    own, averaged = dict(other.model.named_parameters()), other.state.average
    assert averaged
    for parameter, weight in saved.items():
        assert torch.equal(weight, other.state.best[parameter])
        if keep == "last":
            assert torch.equal(weight, averaged.weights[parameter])
    assert any(not torch.equal(weight, own[parameter]) for parameter, weight in saved.items()), "these are not averages"
    fill(other.model, saved)
    other.model.eval()
    with torch.inference_mode():
        assert other.trainable.dev_score() == pytest.approx(kept, abs=1e-9)


@torch.no_grad()
def fill(model: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    for name, weight in model.named_parameters():
        weight.copy_(weights[name])


@pytest.mark.parametrize("task", small.CORPORA)
def test_seeds_decide(task: str):
    losses, order = [], []
    for seed in (1, 1, 2):
        one = small.training(ONE_OF_EACH[task], seed=seed)
        order.append([held(one, 0), held(one, 1)])
        losses.append([event.loss for event in train(one.trainable, one.state) if isinstance(event, Step)])
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]
    assert order[0] == order[1]
    assert order[0] != order[2], "batches are the same whatever the seed"
    assert order[0][0] != order[0][1], "batches are the same in every epoch"


def held(training: small.Training, epoch: int) -> list[Any]:
    """What the batches of an epoch hold, comparable."""
    return [[np.asarray(part).tolist() for part in flat(batch)] for batch in training.trainable.batches(epoch)]


def flat(batch: Any) -> list[Any]:
    """The arrays of a batch."""
    fields = batch if isinstance(batch, tuple) else (batch.token_BT, batch.target_BT)
    return [part for one in fields for part in (one if isinstance(one, tuple) else (one,)) if part is not None]


# Losses


@pytest.mark.parametrize("name", [*small.TAGGERS, *small.PAIRS])
def test_a_loss_counts_no_padding_and_is_that_of_its_rows_alone(name: str):
    training = small.training(name)
    model, trainable = training.model.double().eval(), training.trainable
    model.training = name in small.PAIRS  # itself alone: labels are smoothed, and its parts draw no dropout
    examples = list(trainable.train)[:7]
    together, tokens = trainable.loss(trainable.collate(examples))
    alone = [trainable.loss(trainable.collate([example])) for example in examples]
    assert len({len(getattr(example, "tokens", getattr(example, "target", ()))) for example in examples}) > 1, "no padding"
    assert tokens == sum(count for _, count in alone)
    assert float(together.detach()) == pytest.approx(sum(float(nats.detach()) for nats, _ in alone), rel=1e-6)


def test_smoothed_labels_cost_what_they_should():
    """(1 − ε) of the label and ε spread evenly (Szegedy et al. 2016), by PyTorch's own cross-entropy, pair by pair."""
    training = small.training("pairs, gru, attention")
    model, trainable = training.model.double(), training.trainable
    model.eval()
    epsilon = model.config.label_smoothing
    examples = trainable.train[:5]
    expected, count = 0.0, 0
    for pair in examples:
        batch = trainable.collate([pair])
        logit_1TV, _ = model.scan(batch.token_BT, model.start(batch.source_BS, batch.source_length_B))
        target = torch.tensor(pair.target, dtype=torch.int64)
        nats = nn.functional.cross_entropy(logit_1TV[0], target, reduction="sum", label_smoothing=epsilon)
        expected += float(nats.detach())
        count += len(target)
    assert epsilon > 0
    hard, tokens = trainable.loss(trainable.collate(examples))
    model.training = True  # itself alone: its parts draw no dropout
    smooth, _ = trainable.loss(trainable.collate(examples))
    assert tokens == count
    assert float(smooth.detach()) == pytest.approx(expected, rel=1e-9)
    assert float(hard.detach()) != pytest.approx(expected, rel=1e-6)


def test_dev_is_scored_with_hard_labels_and_as_it_is_written():
    training = small.training("pairs, sampled")
    model, trainable = training.model.eval(), training.trainable
    corpus = small.paired()
    nats, count = 0.0, 0
    for pair in corpus.splits["dev"]:
        encoded = training.tokenizer.encode(pair)
        batch = trainable.collate([encoded])
        logit_1TV, _ = model.scan(batch.token_BT, model.start(batch.source_BS, batch.source_length_B))
        target = torch.tensor(encoded.target, dtype=torch.int64)
        nats += float(nn.functional.cross_entropy(logit_1TV[0], target, reduction="sum").detach())
        count += len(target)
    with torch.inference_mode():
        assert trainable.dev_score() == pytest.approx(-nats / count, rel=1e-5)


def test_the_dev_score_of_a_tagger_is_that_of_dev():
    training = small.training("tagger, gru")
    list(train(training.trainable, training.state))
    training.model.eval()
    with torch.inference_mode():
        score = training.trainable.dev_score()
    trained = find_task("ner").finish(training.recipe, small.tagged(), training.tokenizer, training.model, training.trainable)
    measured = tag_evaluation.evaluate_tagger(trained, small.tagged(), "dev")
    correct, found, gold = measured.units_NC.sum(axis=0)
    assert score == pytest.approx(2 * correct / (found + gold))


# The state of a language model


@pytest.mark.parametrize("name", ["text, rnn", "text, lstm", "text, gru", "text, mingru"])
def test_the_state_is_carried_from_window_to_window_and_its_gradient_is_cut(name: str):
    training = small.training(name)
    model, trainable = training.model.eval(), training.trainable
    windows = list(trainable.batches(0))
    assert [window.fresh for window in windows] == [True] + [False] * (len(windows) - 1)
    whole_BT = torch.cat([torch.from_numpy(window.token_BT) for window in windows], dim=1)
    target_BT = torch.cat([torch.from_numpy(window.target_BT) for window in windows], dim=1)
    assert torch.equal(whole_BT[:, 1:], target_BT[:, :-1]), "a window goes on where the one before ended"
    with torch.no_grad():
        logit_BTV, _ = model.scan(whole_BT, model.start(len(whole_BT)))
    nats_BT = nn.functional.cross_entropy(logit_BTV.transpose(1, 2), target_BT, reduction="none")
    width = windows[0].token_BT.shape[1]
    for number, window in enumerate(windows):
        nats, _ = trainable.loss(window)
        assert float(nats.detach()) == pytest.approx(float(nats_BT[:, number * width : (number + 1) * width].sum()), rel=1e-4)
        assert not any(value.requires_grad for value in trainable.carried.values())
    trainable.loss(windows[0])  # a fresh window starts anew, whatever came before
    again, _ = trainable.loss(windows[0])
    assert float(again.detach()) == pytest.approx(float(nats_BT[:, :width].sum()), rel=1e-4)


def test_a_transformer_carries_nothing():
    training = small.training("text, rotary")
    for window in training.trainable.batches(0):
        assert window.fresh
        training.trainable.loss(window)
        assert not training.trainable.carried


# Intervals


def half_right(items: int, inside: int) -> np.ndarray:
    """units_NC of items that are right or wrong as a whole, each of so many parts: correct, found, gold."""
    right_N = np.arange(items) % 2
    return np.stack([inside * right_N, np.full(items, inside), np.full(items, inside)], axis=1)


def width_of(figure: Any) -> float:
    low, high = figure.interval
    return float(high) - float(low)


def test_a_taggers_interval_is_over_sentences():
    """Entities of a sentence are right or wrong together: over entities the interval would be a third as wide."""
    units_NC = half_right(60, 9)
    empty: dict[str, Any] = {"predictions": [], "gold": [], "found": [], "invalid": 0, "known": None, "known_words": None}
    split = tag_evaluation.TaggedSplit(
        corpus="", split="test", sentences=[Tagged(("a",), ("O",))] * 60, units_NC=units_NC, lenient_NC=units_NC,
        speed=tag_evaluation.Speed(1, 1, 1), entities=True, **empty,
    )  # fmt: skip
    assert width_of(main_score(split)) == pytest.approx(100 * 2 * 1.96 * math.sqrt(0.25 / 60), rel=0.15)
    assert main_score(split).n == 60


def test_a_translators_interval_is_over_sources():
    pairs = [Pair(f"word {n}", "a b c d e f" if n % 2 else "wrong") for n in range(60)]
    outputs, golds = ["a b c d e f"] * 60, [[pair.target] for pair in pairs]
    config = TranslationEvaluationConfig(metric="accuracy")
    split = SplitTranslated("test", pairs, golds, outputs, config)
    evaluation = TranslationEvaluation((split,), {16: 0, 256: 0}, pair_evaluation.Speed(1, 1, 1), config)
    assert width_of(pair_figure(evaluation)) == pytest.approx(100 * 2 * 1.96 * math.sqrt(0.25 / 60), rel=0.15)


def test_a_language_models_interval_is_over_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = small.running_text()
    found = experiment("text, gru", corpus, monkeypatch)
    trained = found.fit(tmp_path, CPU, QUIET).trained
    measured: TextEvaluation = found.task.evaluate(trained, corpus, "test", found.recipe, trained_on=True)
    losses = measured.losses["carried"]
    segment_S2 = np.array([[256.0 * (1 + n % 2), 256.0] for n in range(60)])
    figure = text_figure(trained, replace(measured, losses={"carried": replace(losses, segment_S2=segment_S2)}))
    assert width_of(figure) == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 60), rel=0.15)


# What training knew


def test_copies_are_looked_for_in_the_training_text_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = small.running_text()
    found = experiment("text, gru", corpus, monkeypatch)
    trained = found.fit(tmp_path, CPU, QUIET).trained
    searched: list[str] = []
    monkeypatch.setattr(
        text_evaluation, "find_copies", lambda texts, training: searched.append("".join(training)) or [None] * len(texts)
    )
    found.task.evaluate(trained, corpus, "test", found.recipe, trained_on=True)
    assert searched == ["".join(piece.text for piece in corpus.splits["train"]())]
    measured = found.task.evaluate(trained, corpus, "test", found.recipe, trained_on=False)
    assert len(searched) == 1, "another corpus is not what the model has read"
    assert all(sample.copies is None for sample in measured.samples)


def test_entities_are_seen_if_they_stand_in_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = poisoned("ner", "test")
    found = experiment("tagger, gru", corpus, monkeypatch)
    trained = found.fit(tmp_path, CPU, QUIET).trained
    measured = found.task.evaluate(trained, corpus, "test", found.recipe, trained_on=True)
    words = {word for sentence in corpus.splits["train"] for word in sentence.tokens}
    assert measured.known_words == words
    assert all(word.lower() in {w.lower() for w in words} for form, _ in measured.known for word in form.split())
    assert found.task.evaluate(trained, corpus, "test", found.recipe, trained_on=False).known is None


def test_a_translator_knows_the_sources_of_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = small.paired()
    trained = fitted("pairs, two vocabularies", corpus, tmp_path, monkeypatch).trained
    found = trained.coverage
    seen = {symbol for pair in corpus.splits["train"] for symbol in trained.tokenizer.encode_source(pair.source).tolist()}
    assert set(np.flatnonzero(found.own_V).tolist()) == seen
    assert found.longest == max(len(trained.tokenizer.encode_source(pair.source)) for pair in corpus.splits["train"])
    other = replace(corpus, splits=corpus.splits | {"dev": [Pair("a", "un")]})
    again = fitted("pairs, two vocabularies", other, tmp_path / "other", monkeypatch).trained
    assert again.coverage.to_dict() == found.to_dict(), "dev has been counted"


# Speeds


@pytest.mark.parametrize("task", small.CORPORA)
def test_a_speed_counts_what_its_unit_says(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A rate is replaced by the number of units that its work says it did."""
    corpus = small.CORPORA[task]()
    found = experiment(ONE_OF_EACH[task], corpus, monkeypatch)
    trained = found.fit(tmp_path, CPU, QUIET).trained
    for module in (tag_evaluation, text_evaluation, pair_evaluation):
        monkeypatch.setattr(module, "rate", lambda work: work())
    measured = found.task.evaluate(trained, corpus, "test", found.recipe, trained_on=True)
    speeds = found.task.scores(trained, measured).speeds
    first = next(iter(speeds.values()))
    match task:
        case "ner":
            assert (first.unit, first.value) == ("words/s", sum(len(s.tokens) for s in corpus.splits["test"]))
            assert {one.engine for one in speeds.values()} == {"torch"}
        case "translate":
            outputs = measured.splits[0].outputs
            assert (first.unit, first.value) == (
                "symbols/s", sum(len(trained.tokenizer.encode_target(text)) for text in outputs),
            )  # fmt: skip
        case _:
            assert first.unit == "characters/s"
            assert 0 < first.value <= sum(len(piece.text) for piece in corpus.splits["test"]())
            assert speeds["writing, one text"].value == 100


def test_a_report_shows_what_the_record_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = small.tagged()
    found = experiment("tagger, gru", corpus, monkeypatch)
    done = found.fit(tmp_path, CPU, QUIET)
    measured = found.evaluate(done, tmp_path, QUIET)
    record = Evaluation.read(tmp_path)
    report = evaluation_report(done.trained, record, found.task.summary(done.trained, measured), title="", subtitle="")
    cost = next(section for section in report.sections if section.title == "Speed, size, memory")
    shown = {row[0]: getattr(row[1], "value", row[1]) for row in cost.blocks[0].rows}  # type: ignore[union-attr]
    assert record.training is not None
    assert shown["training, wall time"] == record.training.seconds
    assert shown["training, processor time"] == record.training.cpu_seconds
    assert shown["parameters"] == record.parameters == sum(w.numel() for w in done.trained.model.parameters())
    files = [path for path in (tmp_path / "model").iterdir() if path.name != "manifest.json"]
    assert shown["model on disk"] == record.bytes == sum(path.stat().st_size for path in files)
    for name, one in record.scores.speeds.items():
        assert shown[name] == one.value

"""The road of language models, from a recipe and its text to the report."""

import json
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from seqkit.data.examples import Text
from seqkit.data.shares import beginning_of
from seqkit.data.token_store import Tokens, store
from seqkit.data.tokenizers.build import TokenizerConfig, fit_tokenizer
from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.errors import UserError
from seqkit.metrics.likelihood import count_text
from seqkit.models.language_model import LanguageModel
from seqkit.recipe import EvaluationConfig, Recipe, TextRecipe
from seqkit.report.report import Report
from seqkit.report.terminal import print_report
from seqkit.report.write import write_report
from seqkit.run.corpora import Sources
from seqkit.run.folders import model_folder
from seqkit.run.text.corpus import read_corpus
from seqkit.run.text.evaluate import Split, TextEvaluation, evaluate_language_model
from seqkit.run.text.model import TrainedLanguageModel
from seqkit.run.text.report import text_report
from seqkit.run.text.train import Trained, encode, new_task, train_language_model
from seqkit.run.training import TrainingFacts

NAMES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "mingru": "minGRU", "transformer": "Transformer"}
TRY = {
    "generate": 'try it  seqkit generate --prompt "The " --length 300',
    "lm": 'try it  echo "A line of text." | seqkit score',
}


class TextRoad:
    """A language model's recipe with its corpus found."""

    def __init__(self, recipe: TextRecipe, sources: Sources, console: Console | None = None) -> None:
        self.recipe = recipe
        self.corpus = read_corpus(recipe.corpus, sources, console)
        if recipe.fraction < 1:
            characters = math.ceil(recipe.fraction * self.corpus.readings["train"].characters)
            self.corpus.splits["train"] = beginning_of(self.corpus.splits["train"], characters)
        self._tokenizers: dict[str, Tokenizer] = {}

    @property
    def corpus_name(self) -> str:
        """Of the card, or of the user's own text."""
        return self.corpus.name

    @property
    def has_test(self) -> bool:
        """Whether there is a test split."""
        return "test" in self.corpus.splits

    def tokenizer(self, config: TokenizerConfig) -> Tokenizer:
        """Learnt from the training split alone; once for equal settings."""
        key = config.model_dump_json()
        if key not in self._tokenizers:
            self._tokenizers[key] = fit_tokenizer(config, self.training_text())
        return self._tokenizers[key]

    def training_text(self) -> Iterator[str]:
        """In pieces."""
        return (piece.text for piece in self.corpus.splits["train"]())

    def parameters(self, recipe: Recipe) -> int:
        """How many weights the model of a recipe of this task would have on this corpus."""
        assert isinstance(recipe, TextRecipe), "rivals share the task"
        with torch.device("meta"):
            return LanguageModel(recipe.model, self.tokenizer(recipe.tokenizer).size).parameter_count

    def batches_per_epoch(self, recipe: Recipe) -> int:
        """How many updates a recipe of this task makes in one pass over this corpus."""
        assert isinstance(recipe, TextRecipe), "rivals share the task"
        tokenizer = self.tokenizer(recipe.tokenizer)
        train = self.tokens("train", tokenizer, Path(tempfile.gettempdir()))
        with torch.device("meta"):
            return new_task(recipe, LanguageModel(recipe.model, tokenizer.size), train, train).batches_per_epoch()

    def fit(self, folder: Path, device: torch.device, console: Console, *, resume: bool = False) -> Trained:
        """Train in a folder, which then holds the model."""
        for split, reading in self.corpus.readings.items():
            console.print(f"{split:5} {reading.describe()}", style="dim", soft_wrap=True)
        tokenizer = self.tokenizer(self.recipe.tokenizer)
        train, dev = (self.tokens(split, tokenizer, folder) for split in ("train", "dev"))
        return train_language_model(
            self.recipe, self.corpus.name, tokenizer, train, dev, folder, device=device, console=console, resume=resume
        )

    def finish(
        self,
        folder: Path,
        device: torch.device,
        console: Console,
        *,
        command: str = "",
        resume: bool = False,
        brief: bool = False,
    ) -> None:
        """Train in a folder, evaluate on test (on dev where there is no test), write and print the report, unless `brief`."""
        recipe, corpus = self.recipe, self.corpus
        trained = self.fit(folder, device, console, resume=resume)
        name = "test" if self.has_test else "dev"
        tokens = self.tokens(name, self.tokenizer(recipe.tokenizer), folder)
        split = count_split(name, tokens, corpus.splits[name])
        console.print(f"evaluating on {name}", style="dim")
        evaluation = evaluate_language_model(trained.model, split, recipe.evaluation, training=self.training_text)
        keep_measured(folder, trained.model, evaluation, trained.facts)
        if brief:
            return
        report = text_report(
            trained.model,
            evaluation,
            title=f"{corpus.name}: {NAMES[recipe.model.family]}",
            subtitle=recipe.about,
            facts=trained.facts,
            command=command,
            events=folder / "metrics.jsonl",
            reading=[f"{split}: {reading.describe()}" for split, reading in corpus.readings.items()],
        )
        write_report(report, folder)
        say_result(report, folder, console, TRY[recipe.task])

    def tokens(self, split: str, tokenizer: Tokenizer, folder: Path) -> Tokens:
        """A split as tokens, on disk where it is large."""
        return store(encode(tokenizer, self.corpus.splits[split]()), size=tokenizer.size, folder=folder)


def count_split(name: str, tokens: Tokens, texts: Callable[[], Iterator[Text]]) -> Split:
    """A split with its characters and words counted."""
    return Split(name, tokens, *count_text(piece.text for piece in texts()))


def say_result(report: Report, folder: Path, console: Console, hint: str) -> None:
    """The last lines of a training run."""
    print_report(report, console)
    console.print()
    console.print(f"model   {folder / 'model'}", soft_wrap=True)
    console.print(f"report  {folder / 'report.html'}", soft_wrap=True)
    console.print(hint, soft_wrap=True)


def evaluate_text(
    trained: TrainedLanguageModel,
    run: Path,
    split: str,
    corpus_name: str | None,
    sources: Sources,
    console: Console,
    out: Path | None,
    command: str,
    *,
    protocols: tuple[str, ...] = (),
    dynamic: float | None = None,
) -> Path:
    """Evaluate a language model on a split and report; returns the report's folder.

    Args:
        run: where the model was loaded from.
        split: `dev`, `test`, or `dev+test` for both as one text.
        corpus_name: another corpus than the one it was trained on.
        protocols: instead of the recipe's.
        dynamic: learning rate of dynamic evaluation, instead of the recipe's.

    Raises:
        UserError: no such split or protocol.
    """
    lone = sources.own.files.get(split)
    corpus = read_corpus(corpus_name or str(trained.about["corpus"]), sources, console)
    wanted = [split] if lone else split.split("+")
    for name in wanted:
        if name not in corpus.splits:
            raise UserError(f"{corpus.name}: no {name} split")

    def texts() -> Iterator[Text]:
        for name in wanted:
            yield from corpus.splits[name]()

    out = out or model_folder(run).parent / f"evaluation-{split}"
    out.mkdir(parents=True, exist_ok=True)
    tokens = store(encode(trained.tokenizer, texts()), size=trained.tokenizer.size, folder=out)
    config = stored_config(run)
    changes: dict[str, Any] = {"protocols": protocols or config.protocols}
    if dynamic is not None:
        changes["dynamic"] = dynamic
    same = corpus_name is None and not lone and "train" in corpus.splits
    evaluation = evaluate_language_model(
        trained,
        count_split(split, tokens, texts),
        config.model_copy(update=changes),
        training=(lambda: (piece.text for piece in corpus.splits["train"]())) if same else None,
    )
    reading = [f"{name}: {corpus.readings[name].describe()}" for name in wanted]
    report = text_report(
        trained, evaluation, title=f"{corpus.name}: {run}", subtitle=f"{split} split", command=command, reading=reading
    )
    write_report(report, out)
    keep_measured(out, trained, evaluation, None)
    print_report(report, console)
    console.print(f"\nreport  {out / 'report.html'}", soft_wrap=True)
    return out


def stored_config(run: Path) -> EvaluationConfig:
    """What the run's recipe measures; the defaults where it is not at hand."""
    try:
        stored = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
        return EvaluationConfig(**stored["evaluation"])
    except (OSError, ValueError, KeyError):
        return EvaluationConfig()


def keep_measured(folder: Path, trained: TrainedLanguageModel, evaluation: TextEvaluation, facts: TrainingFacts | None) -> None:
    """`measured.json`: nats by segment, further losses and speeds, for comparisons."""
    first, *others = evaluation.losses.items()
    unit = f"{trained.unit}/s"
    measured = {
        "measure": "nats",
        "split": evaluation.split.name,
        "parameters": trained.parameters,
        "bytes": sum(map(len, trained.files().values())),
        "units": first[1].segment_S2.tolist(),
        "further": [
            *((f"test loss, {name}", losses.nats_per_token, "nats/token") for name, losses in others),
            ("bits a character", evaluation.likelihoods[first[0]].bits_per_character, "bits"),
            ("perplexity per word", evaluation.likelihoods[first[0]].word_perplexity, ""),
            ("state after 1k tokens", min(sizes[0] for sizes in states(evaluation)), "bytes"),
            ("state after 16k tokens, no window", max(sizes[1] for sizes in states(evaluation)), "bytes"),
        ],
        "speeds": [
            ("scoring, 32 streams", evaluation.speed.scoring, unit),
            ("writing, one text", evaluation.speed.writing, unit),
            ("one step alone", evaluation.speed.step_milliseconds, "ms"),
        ],
        "training": asdict(facts) if facts else None,
    }
    (folder / "measured.json").write_text(json.dumps(measured), encoding="utf-8")


def states(evaluation: TextEvaluation) -> list[tuple[int, int]]:
    """Bytes after 1k and after 16k tokens, with each window measured."""
    return [(sizes[1 << 10], sizes[1 << 14]) for sizes in evaluation.state_bytes.values()]

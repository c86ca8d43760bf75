"""The road of translators, from a recipe and its pairs to the report."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console

from seqkit.data.examples import Pair
from seqkit.data.pairs import PairCorpus
from seqkit.data.shares import share_of
from seqkit.data.tokenizers.pairs import PairTokenizer, PairTokenizerConfig
from seqkit.errors import UserError, suggestion
from seqkit.metrics.transduction import word_accuracy
from seqkit.metrics.translation import bleu, chrf
from seqkit.recipe import Recipe, TranslationEvaluationConfig, TranslationRecipe
from seqkit.report.terminal import print_report
from seqkit.report.write import write_report
from seqkit.run.corpora import Sources
from seqkit.run.folders import model_folder
from seqkit.run.training import TrainingFacts
from seqkit.run.translation.corpus import read_corpus
from seqkit.run.translation.evaluate import TranslationEvaluation, evaluate_translator, summed
from seqkit.run.translation.model import TrainedTranslator
from seqkit.run.translation.report import translation_report
from seqkit.run.translation.train import Trained, model_name, new_model, new_task, train_translator
from seqkit.run.translation.transductions import error_rates


class TranslationRoad:
    """A translation recipe with its pairs read."""

    def __init__(self, recipe: TranslationRecipe, sources: Sources, console: Console | None = None) -> None:
        self.recipe = recipe
        self.corpus = read_corpus(recipe.corpus, recipe.direction, sources, console)
        for split in ("train", "dev"):
            if split not in self.corpus.splits:
                raise UserError(f"{self.corpus.name}: no {split} split; training needs train and dev")
        if recipe.fraction < 1:
            self.corpus.splits["train"] = share_of(self.corpus.splits["train"], recipe.fraction)
        self._tokenizers: dict[str, PairTokenizer] = {}

    @property
    def corpus_name(self) -> str:
        """Of the card, or of the user's own data."""
        return self.corpus.name

    @property
    def has_test(self) -> bool:
        """Whether there is a test split."""
        return any(split.startswith("test") for split in self.corpus.splits)

    def tokenizer(self, config: PairTokenizerConfig) -> PairTokenizer:
        """Learnt from the training split alone; once for equal settings."""
        key = config.model_dump_json()
        if key not in self._tokenizers:
            self._tokenizers[key] = PairTokenizer.fit(config, self.corpus.splits["train"])
        return self._tokenizers[key]

    def parameters(self, recipe: Recipe) -> int:
        """How many weights the model of a recipe of this task would have on this corpus."""
        assert isinstance(recipe, TranslationRecipe), "rivals share the task"
        tokenizer = self.tokenizer(recipe.tokenizer)
        with torch.device("meta"):
            return new_model(recipe, tokenizer).parameter_count

    def batches_per_epoch(self, recipe: Recipe) -> int:
        """How many updates a recipe of this task makes in one pass over this corpus."""
        assert isinstance(recipe, TranslationRecipe), "rivals share the task"
        tokenizer = self.tokenizer(recipe.tokenizer)
        with torch.device("meta"):
            return new_task(recipe, self.corpus, tokenizer, new_model(recipe, tokenizer)).batches_per_epoch()

    def fit(self, folder: Path, device: torch.device, console: Console, *, resume: bool = False) -> Trained:
        """Train in a folder, which then holds the model."""
        tell(self.corpus, console)
        tokenizer = self.tokenizer(self.recipe.tokenizer)
        return train_translator(self.recipe, self.corpus, tokenizer, folder, device=device, console=console, resume=resume)

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
        """Train in a folder, evaluate on tests (on dev where there are none), write and print the report, unless `brief`."""
        recipe, corpus = self.recipe, self.corpus
        tests = chosen_splits(corpus, recipe.evaluation)
        trained = self.fit(folder, device, console, resume=resume)
        console.print(f"translating {', '.join(tests)}", style="dim")
        evaluation = evaluate_translator(trained.model, tests, recipe.evaluation)
        keep_measured(folder, trained.model, evaluation, trained.facts)
        if brief:
            return
        report = translation_report(
            trained.model,
            evaluation,
            title=f"{corpus.name}, {corpus.source} → {corpus.target}: {model_name(recipe)}",
            subtitle=recipe.about,
            facts=trained.facts,
            command=command,
            events=folder / "metrics.jsonl",
            reading=reading(corpus),
        )
        write_report(report, folder)
        print_report(report, console)
        console.print(f"\nmodel   {folder / 'model'}", soft_wrap=True)
        console.print(f"report  {folder / 'report.html'}", soft_wrap=True)
        example = corpus.splits["dev"][0].source
        console.print(f'try it  echo "{example}" | seqkit translate', soft_wrap=True)


def chosen_splits(corpus: PairCorpus, config: TranslationEvaluationConfig) -> Mapping[str, Sequence[Pair]]:
    """The splits that are reported.

    Raises:
        UserError: one that was asked for is not there.
    """
    names = config.tests or [split for split in corpus.splits if split.startswith("test")] or ["dev"]
    for name in names:
        if name not in corpus.splits:
            known = list(corpus.splits)
            raise UserError(f"{corpus.name}: no {name} split{suggestion(name, known)} (known: {', '.join(known)})")
    return {name: corpus.splits[name] for name in names}


def reading(corpus: PairCorpus) -> list[str]:
    """A line a split on what was read, and on what of it stands in train."""
    leaks = corpus.leakage()
    lines = [f"{split}: {one.describe()}" for split, one in corpus.readings.items()]
    return lines + [f"{split}: {leak.describe()}" for split, leak in leaks.items() if leak.sources or leak.targets]


def tell(corpus: PairCorpus, console: Console) -> None:
    """Say what was read."""
    for line in reading(corpus):
        console.print(line, style="dim", soft_wrap=True)


def evaluate_translation(
    trained: TrainedTranslator,
    run: Path,
    split: str,
    corpus_name: str | None,
    sources: Sources,
    console: Console,
    out: Path | None,
    command: str,
) -> Path:
    """Evaluate a translator on a split and report; returns the report's folder.

    Args:
        run: where the model was loaded from.
        split: of the corpus; `test` stands for all tests where none has just this name.
        corpus_name: another corpus than the one it was trained on.

    Raises:
        UserError: no such split.
    """
    direction = trained.about["direction"]
    corpus = read_corpus(corpus_name or str(trained.about["corpus"]), direction, sources, console)
    config = stored_config(run)
    if split != "test":
        config = config.model_copy(update={"tests": tuple(split.split("+"))})
    splits = chosen_splits(corpus, config)
    for name, pairs in splits.items():
        if told := trained.unlike_training(trained.tokenizer.encode_source(pair.source) for pair in pairs):
            console.print(f"warning: {name}: {told}", style="yellow", soft_wrap=True)
    evaluation = evaluate_translator(trained, splits, config)
    out = out or model_folder(run).parent / f"evaluation-{split}"
    report = translation_report(
        trained, evaluation, title=f"{corpus.name}: {run}", subtitle=f"{split} split", command=command, reading=reading(corpus)
    )
    write_report(report, out)
    keep_measured(out, trained, evaluation, None)
    print_report(report, console)
    console.print(f"\nreport  {out / 'report.html'}", soft_wrap=True)
    return out


def stored_config(run: Path) -> TranslationEvaluationConfig:
    """What the run's recipe measures; the defaults where it is not at hand."""
    try:
        stored = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
        return TranslationEvaluationConfig(**stored["evaluation"])
    except (OSError, ValueError, KeyError):
        return TranslationEvaluationConfig()


def keep_measured(
    folder: Path, trained: TrainedTranslator, evaluation: TranslationEvaluation, facts: TrainingFacts | None
) -> None:
    """`measured.json`: counts by sentence, further scores and speeds, for comparisons; `translations.txt` beside it."""
    first = evaluation.splits[0]
    by_accuracy = evaluation.config.metric == "accuracy"
    measured = {
        "measure": "exact" if by_accuracy else "bleu",
        "split": first.name,
        "parameters": trained.parameters,
        "bytes": sum(map(len, trained.files().values())),
        "units": (first.whole_counts if by_accuracy else first.bleu_counts).tolist(),
        "lengths": [len(pair.source if by_accuracy else pair.source.split()) for pair in first.pairs],
        "further": [
            *further(evaluation),
            ("memory of a source of 16 symbols", evaluation.state_bytes[16], "bytes"),
            ("memory of a source of 256 symbols", evaluation.state_bytes[256], "bytes"),
        ],
        "speeds": [
            ("translating, 64 side by side", evaluation.speed.batched, "symbols/s"),
            ("one sentence alone", evaluation.speed.milliseconds, "ms"),
        ],
        "training": asdict(facts) if facts else None,
    }
    (folder / "measured.json").write_text(json.dumps(measured), encoding="utf-8")
    (folder / "translations.txt").write_text("".join(f"{text}\n" for text in first.outputs), encoding="utf-8")


def further(evaluation: TranslationEvaluation) -> Iterator[tuple[str, float, str]]:
    """Scores beside the one that systems are compared by: name, value, unit."""
    first, *others = evaluation.splits
    if evaluation.config.metric == "accuracy":
        for split in evaluation.splits:
            yield from ((f"{split.name} {rate.name}", float(rate.value or 0), "%") for rate in error_rates(split))
        return
    yield from ((f"{split.name} BLEU", float(bleu(summed(split.bleu_counts))), "BLEU") for split in others)
    yield f"{first.name} chrF", float(chrf(summed(first.chrf_counts))), ""
    whole = float(word_accuracy(summed(first.whole_counts)))
    yield f"{first.name}, whole sentence right", 100 * whole, "%"

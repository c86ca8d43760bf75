"""The road of taggers, from a recipe and its corpus to the report."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console

from seqkit.data.shares import share_of
from seqkit.data.vocabulary import Vocabulary
from seqkit.errors import UserError
from seqkit.models.tagger import Tagger
from seqkit.recipe import Recipe, TaggingRecipe
from seqkit.report.report import Report
from seqkit.report.terminal import print_report
from seqkit.report.write import write_report
from seqkit.run.corpora import Sources
from seqkit.run.folders import model_folder
from seqkit.run.tagging.corpus import CorpusData, load_corpus
from seqkit.run.tagging.evaluate import Evaluation, evaluate_tagger
from seqkit.run.tagging.model import TrainedTagger
from seqkit.run.tagging.report import tagging_report
from seqkit.run.tagging.train import Trained, model_name, train_tagger
from seqkit.run.training import TrainingFacts

OFFICIAL_SURFACE_F1 = ("ner/wnut17",)  # corpora whose shared task scores surface forms too


class TaggingRoad:
    """A tagging recipe with its corpus read."""

    def __init__(self, recipe: TaggingRecipe, sources: Sources, console: Console | None = None) -> None:
        self.recipe = recipe
        self.corpus = load_corpus(recipe.corpus, sources, console=console).listing(recipe.augment.names)
        if recipe.fraction < 1:
            self.corpus.sentences["train"] = share_of(self.corpus.sentences["train"], recipe.fraction)

    @property
    def corpus_name(self) -> str:
        """Of the card, or of the user's own data."""
        return self.corpus.name

    @property
    def has_test(self) -> bool:
        """Whether there is a test split."""
        return "test" in self.corpus.sentences

    def parameters(self, recipe: Recipe) -> int:
        """How many weights the model of a tagging recipe would have on this corpus."""
        assert isinstance(recipe, TaggingRecipe), "rivals share the task"
        words = [sentence.tokens for sentence in self.corpus.sentences["train"]]
        sizes = Vocabulary.fit(recipe.tokenizer, words).sizes
        return sum(weight.numel() for weight in Tagger(recipe.model, sizes, self.corpus.tags).parameters())

    def batches_per_epoch(self, recipe: Recipe) -> int:
        """How many updates a tagging recipe makes in one pass over this corpus."""
        return -(-len(self.corpus.sentences["train"]) // recipe.train.batch_size)

    def fit(self, folder: Path, device: torch.device, console: Console, *, resume: bool = False) -> Trained:
        """Train in a folder, which then holds the model."""
        for split, reading in self.corpus.readings.items():
            console.print(f"{split:5} {reading.describe()}", style="dim")
        return train_tagger(self.recipe, self.corpus, folder, device=device, console=console, resume=resume)

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
        corpus = self.corpus
        trained = self.fit(folder, device, console, resume=resume)
        split = "test" if self.has_test else "dev"
        evaluation = evaluate_tagger(trained.tagger, corpus.sentences[split], split=split, training=corpus.sentences["train"])
        keep_predictions(folder, trained.tagger, evaluation, trained.facts)
        if brief:
            return
        report = tagging_report(
            trained.tagger,
            evaluation,
            title=f"{corpus.name}: {model_name(self.recipe)}",
            subtitle=self.recipe.about,
            facts=trained.facts,
            command=command,
            events=folder / "metrics.jsonl",
            reading=[reading.describe() for reading in corpus.readings.values()],
            official=corpus.name in OFFICIAL_SURFACE_F1,
        )
        write_report(report, folder)
        say_result(report, trained.tagger, folder, console)


def say_result(report: Report, tagger: TrainedTagger, folder: Path, console: Console) -> None:
    """The last lines of a training run."""
    print_report(report, console)
    console.print()
    console.print(f"model   {folder / 'model'}", soft_wrap=True)
    console.print(f"report  {folder / 'report.html'}", soft_wrap=True)
    if tagger.predictor.entities:
        console.print('try it  echo "Ada Lovelace wrote to Charles Babbage in London." | seqkit tag')


def evaluate_tagging(
    tagger: TrainedTagger,
    run: Path,
    split: str,
    corpus_name: str | None,
    sources: Sources,
    console: Console,
    out: Path | None,
    command: str,
) -> Path:
    """Evaluate a trained tagger on a labelled split and report; returns the report's folder.

    Args:
        run: where the tagger was loaded from.
        corpus_name: another corpus than the one it was trained on.

    Raises:
        UserError: no such split, or labels the tagger cannot predict.
    """
    name = corpus_name or str(tagger.about.get("corpus", ""))
    # A file given for the split alone leaves no training split to tell seen entities from new ones.
    lone = corpus_name is not None or (split in sources.own.files and "train" not in sources.own.files)
    corpus = load_corpus(name, sources, splits=(split,) if lone else ("train", split), console=console)
    if lone and sources.own:
        name = str(sources.own.files[split])
    if split not in corpus.sentences:
        raise UserError(f"{name}: no {split} split")
    check_known_labels(tagger.tags, corpus, split)
    console.print(f"{split:5} {corpus.readings[split].describe()}", style="dim")
    evaluation = evaluate_tagger(tagger, corpus.sentences[split], split=split, training=corpus.sentences.get("train"))
    report = tagging_report(
        tagger,
        evaluation,
        title=f"{name}: {run}",
        subtitle=f"{split} split",
        command=command,
        reading=[corpus.readings[split].describe()],
        official=name in OFFICIAL_SURFACE_F1,
    )
    out = out or model_folder(run).parent / f"evaluation-{split}"
    out.mkdir(parents=True, exist_ok=True)
    write_report(report, out)
    keep_predictions(out, tagger, evaluation, None)
    print_report(report, console)
    console.print(f"\nreport  {out / 'report.html'}", soft_wrap=True)
    return out


def check_known_labels(tags: Sequence[str], corpus: CorpusData, split: str) -> None:
    """Refuse gold labels the model can never predict.

    Raises:
        UserError: names them.
    """
    found = {tag for sentence in corpus.sentences[split] for tag in sentence.tags}
    if unknown := sorted(found - set(tags)):
        raise UserError(
            f"{corpus.readings[split].path}: the model cannot predict {', '.join(unknown[:6])}"
            f"{' …' if len(unknown) > 6 else ''} (it knows: {', '.join(tag for tag in tags if tag[:2] != 'I-')})"
        )


def keep_predictions(folder: Path, tagger: TrainedTagger, evaluation: Evaluation, facts: TrainingFacts | None) -> None:
    """`predictions.conll` (token, gold, predicted) and `measured.json` (counts by sentence, speed), for comparisons."""
    with (folder / "predictions.conll").open("w", encoding="utf-8") as file:
        for sentence, prediction in zip(evaluation.sentences, evaluation.predictions, strict=True):
            for row in zip(sentence.tokens, sentence.tags, prediction.tags, strict=True):
                file.write("\t".join(row) + "\n")
            file.write("\n")
    speed = evaluation.speed
    measured = {
        "measure": "f1" if evaluation.entities else "accuracy",
        "split": evaluation.split,
        "parameters": tagger.parameters,
        "bytes": sum(map(len, tagger.files().values())),
        "units": evaluation.units_NC.tolist(),
        "lengths": [len(sentence.tokens) for sentence in evaluation.sentences],
        "speeds": [
            ("prediction, batch 64", speed.batched, "words/s"),
            ("prediction, batch 1", speed.single, "words/s"),
            ("one sentence alone", speed.single_milliseconds, "ms"),
        ]
        if speed
        else [],
        "training": asdict(facts) if facts else None,
    }
    (folder / "measured.json").write_text(json.dumps(measured), encoding="utf-8")

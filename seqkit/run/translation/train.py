"""Training a translator: from a recipe and pairs to a trained model."""

from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from seqkit.data.pairs import PairCorpus
from seqkit.data.tokenizers.pairs import PairTokenizer
from seqkit.errors import UserError
from seqkit.models.translator import RecurrentTranslatorConfig, Translator
from seqkit.recipe import TranslationRecipe
from seqkit.run.display import Shown
from seqkit.run.machine import device_name
from seqkit.run.training import TrainingFacts, follow, restore, warn_of_precision
from seqkit.run.translation.model import TrainedTranslator
from seqkit.tasks.translation.familiar import Familiar
from seqkit.tasks.translation.task import TranslationTask
from seqkit.training.loop import TrainState

CELLS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


@dataclass(frozen=True)
class Trained:
    """What a training run leaves.

    Args:
        model: carries the weights that scored best on dev.
        facts: how the training went, for the report.
    """

    model: TrainedTranslator
    facts: TrainingFacts


def train_translator(
    recipe: TranslationRecipe,
    corpus: PairCorpus,
    tokenizer: PairTokenizer,
    folder: Path,
    *,
    device: torch.device,
    console: Console,
    resume: bool = False,
) -> Trained:
    """Train in `folder`, which holds the recipe, checkpoints, metrics.jsonl, then the model and the report.

    Raises:
        UserError: no pair is short enough, the loss is not a number, the disk refuses, or there is nothing to resume.
        Stopped: Ctrl-C or SIGTERM; a checkpoint was saved.
    """
    torch.manual_seed(recipe.train.seed)
    model = new_model(recipe, tokenizer).to(device)
    task = new_task(recipe, corpus, tokenizer, model)
    if task.left_out:
        console.print(f"{task.left_out:,} training pairs of more than {recipe.longest} symbols a side left out", style="dim")
    if not task.train:
        raise UserError(f"{corpus.name}: every training pair has more than longest = {recipe.longest} symbols a side")
    warn_of_precision(recipe.train, device, console)
    state = TrainState(model, recipe.train)
    if resume:
        restore(folder, task, state)
    console.print(describe(recipe, corpus, tokenizer, model, device), highlight=False)
    shown = Shown("nats/symbol", factor=-1.0, digits=3, unit="target symbols")
    facts = follow(task, state, folder, console=console, shown=shown, resume=resume)
    about = {
        "task": recipe.task,
        "corpus": corpus.name,
        "source": corpus.source,
        "target": corpus.target,
        "direction": recipe.direction,
        "fingerprint": recipe.fingerprint(),
        "seed": recipe.train.seed,
        "familiar": Familiar.of(tokenizer, task.train, task.longest_source).to_dict(),
    }
    trained = TrainedTranslator(model, recipe.model, tokenizer, about)
    trained.save(folder / "model")
    return Trained(trained, facts)


def new_model(recipe: TranslationRecipe, tokenizer: PairTokenizer) -> Translator:
    """An untrained model.

    Raises:
        UserError: its sizes do not fit together.
    """
    try:
        return Translator(recipe.model, tokenizer.source.size, tokenizer.target.size, joint=tokenizer.joint)
    except ValueError as error:
        raise UserError(f"[model]: {error}") from error


def new_task(recipe: TranslationRecipe, corpus: PairCorpus, tokenizer: PairTokenizer, model: Translator) -> TranslationTask:
    """The recipe's batches."""
    return TranslationTask(
        model,
        tokenizer,
        corpus.splits["train"],
        corpus.splits["dev"],
        batch_size=recipe.train.batch_size,
        batch_tokens=recipe.train.batch_tokens,
        longest=recipe.longest,
        precision=recipe.train.matrix_dtype,
        seed=recipe.train.seed,
        sampling=recipe.tokenizer.sampling,
        augment=recipe.augment,
    )


def describe(
    recipe: TranslationRecipe, corpus: PairCorpus, tokenizer: PairTokenizer, model: Translator, device: torch.device
) -> str:
    """`phrasebook en → de · 24,000 pairs, 1,500 symbols · LSTM, matrix bridge, 1.70 M parameters · cpu, 2 threads`."""
    joint = tokenizer.joint
    symbols = f"{tokenizer.target.size:,}" if joint else f"{tokenizer.source.size:,} and {tokenizer.target.size:,}"
    return (
        f"{corpus.name.split('/')[-1]} {corpus.source} → {corpus.target} · {len(corpus.splits['train']):,} pairs, "
        f"{symbols} symbols · {model_name(recipe)}, {model.parameter_count / 1e6:.2f} M parameters · {device_name(device)}"
    )


def model_name(recipe: TranslationRecipe) -> str:
    """`LSTM, matrix bridge`, `Transformer`."""
    if isinstance(recipe.model, RecurrentTranslatorConfig):
        return f"{CELLS[recipe.model.family]}, {recipe.model.bridge} bridge"
    return "Transformer"

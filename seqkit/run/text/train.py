"""Training a language model: from a recipe and running text to a trained model."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from seqkit.data.examples import Text
from seqkit.data.token_store import Tokens
from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.errors import UserError
from seqkit.models.language_model import LanguageModel
from seqkit.recipe import TextRecipe
from seqkit.run.display import Shown
from seqkit.run.machine import device_name
from seqkit.run.text.model import TrainedLanguageModel
from seqkit.run.training import TrainingFacts, follow, restore, warn_of_precision
from seqkit.tasks.language_modeling.task import LanguageModelingTask
from seqkit.training.loop import TrainState


@dataclass(frozen=True)
class Trained:
    """What a training run leaves.

    Args:
        model: carries the weights that scored best on dev.
        facts: how the training went, for the report.
    """

    model: TrainedLanguageModel
    facts: TrainingFacts


def train_language_model(
    recipe: TextRecipe,
    corpus: str,
    tokenizer: Tokenizer,
    train: Tokens,
    dev: Tokens,
    folder: Path,
    *,
    device: torch.device,
    console: Console,
    resume: bool = False,
) -> Trained:
    """Train in `folder`, which holds the recipe, checkpoints, metrics.jsonl, then the model and the report.

    Args:
        corpus: its name.

    Raises:
        UserError: the text is too short, the loss is not a number, the disk refuses, or there is nothing to resume.
        Stopped: Ctrl-C or SIGTERM; a checkpoint was saved.
    """
    torch.manual_seed(recipe.train.seed)
    model = new_model(recipe, tokenizer).to(device)
    unit = recipe.tokenizer.kind
    task = new_task(recipe, model, train, dev)
    warn_of_precision(recipe.train, device, console)
    state = TrainState(model, recipe.train)
    if resume:
        restore(folder, task, state)
    console.print(describe(recipe, corpus, len(train), tokenizer, model, device), highlight=False)
    shown = Shown(f"nats/{unit.removesuffix('s')}", factor=-1.0, digits=3, unit=unit)
    facts = follow(task, state, folder, console=console, shown=shown, resume=resume)
    about = {
        "task": recipe.task,
        "unit": unit,
        "corpus": corpus,
        "fingerprint": recipe.fingerprint(),
        "seed": recipe.train.seed,
    }
    trained = TrainedLanguageModel(model, recipe.model, tokenizer, about)
    trained.save(folder / "model")
    return Trained(trained, facts)


def new_model(recipe: TextRecipe, tokenizer: Tokenizer) -> LanguageModel:
    """An untrained model.

    Raises:
        UserError: its sizes do not fit together.
    """
    try:
        return LanguageModel(recipe.model, tokenizer.size)
    except ValueError as error:
        raise UserError(f"[model]: {error}") from error


def new_task(recipe: TextRecipe, model: LanguageModel, train: Tokens, dev: Tokens) -> LanguageModelingTask:
    """The recipe's batches."""
    return LanguageModelingTask(
        model,
        train,
        dev,
        batch_size=recipe.train.batch_size,
        window=recipe.batches.window,
        precision=recipe.train.matrix_dtype,
        seed=recipe.train.seed,
    )


def encode(tokenizer: Tokenizer, texts: Iterable[Text]) -> Iterator[NDArray[np.int32]]:
    """The tokens of a split, an `end` between documents."""
    boundary = np.array([tokenizer.end], dtype=np.int32)
    for number, text in enumerate(texts):
        if text.opens and number:
            yield boundary
        yield tokenizer.encode(text.text)


def describe(
    recipe: TextRecipe, corpus: str, tokens: int, tokenizer: Tokenizer, model: LanguageModel, device: torch.device
) -> str:
    """`tinyshakespeare · 1,003,854 characters, 82 symbols · LSTM, 2 × 220, 0.79 M parameters · cpu, 1 thread`."""
    names = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "mingru": "minGRU", "transformer": "Transformer"}
    return (
        f"{corpus.split('/')[-1]} · {tokens:,} {recipe.tokenizer.kind}, {tokenizer.size:,} symbols · "
        f"{names[recipe.model.family]} {recipe.model.layers} × {recipe.model.width}, "
        f"{model.parameter_count / 1e6:.2f} M parameters · {device_name(device)}"
    )

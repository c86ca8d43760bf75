"""`seqkit train`: from a recipe and a corpus to a trained model, its measurements and its report."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from seqkit.data.vocabulary import Vocabulary
from seqkit.errors import UserError
from seqkit.models.tagger import Tagger
from seqkit.models.vectors import load_vectors
from seqkit.recipe import Recipe
from seqkit.run.corpora import CorpusData
from seqkit.run.display import EventLog, TrainingDisplay
from seqkit.run.evaluate import TrainingFacts
from seqkit.run.machine import device_name, peak_memory
from seqkit.run.saved import TrainedTagger
from seqkit.run.signals import Stopped, StopRequest, listening
from seqkit.tasks.ner.task import TaggingTask
from seqkit.training.checkpoint import restore_checkpoint, save_checkpoint
from seqkit.training.loop import Evaluated, TrainState, train

CHECKPOINT_EVERY = 15.0  # seconds between checkpoints, at least


@dataclass(frozen=True)
class Trained:
    """What a training run leaves.

    Args:
        tagger: carries the weights that scored best on dev.
        facts: how the training went, for the report.
    """

    tagger: TrainedTagger
    facts: TrainingFacts


def train_tagger(
    recipe: Recipe,
    corpus: CorpusData,
    folder: Path,
    *,
    device: torch.device,
    console: Console,
    resume: bool = False,
) -> Trained:
    """Train in `folder`, which holds the recipe, checkpoints, metrics.jsonl, then the model and the report.

    Raises:
        UserError: the loss is not a number, the disk refuses, or there is nothing to resume.
        Stopped: Ctrl-C or SIGTERM; a checkpoint was saved.
    """
    torch.manual_seed(recipe.train.seed)
    tagger = new_tagger(recipe, corpus, device)
    task = TaggingTask(
        tagger.model,
        tagger.vocabulary,
        tagger.tags,
        corpus.sentences["train"],
        corpus.sentences["dev"],
        batch_size=recipe.train.batch_size,
        precision=torch.bfloat16 if recipe.train.precision == "bf16" else torch.float32,
        seed=recipe.train.seed,
        lean=recipe.model.lean,
        augment=recipe.augment,
    )
    state = TrainState(tagger.model, recipe.train)
    checkpoints = folder / "checkpoints"
    if resume:
        restore_checkpoint(checkpoints, state)
    console.print(describe(recipe, corpus, tagger, device), highlight=False)
    score = "F1" if tagger.predictor.entities else "accuracy"
    display = TrainingDisplay(console, recipe.train, task.batches_per_epoch(), score)
    started = time.perf_counter()
    with (
        EventLog(folder / "metrics.jsonl", upto=state.step if resume else None) as log,
        listening() as request,
        display.showing(),
    ):
        saved_at = time.monotonic()
        for event in () if out_of_patience(state) else train(task, state):
            display(event)
            log(event)
            if request.signal is not None:
                leave(request, checkpoints, state, folder)
            if isinstance(event, Evaluated):
                if time.monotonic() - saved_at > CHECKPOINT_EVERY:
                    save_checkpoint(checkpoints, state)
                    saved_at = time.monotonic()
                if out_of_patience(state):
                    break
    wall = time.perf_counter() - started
    save_checkpoint(checkpoints, state)
    with torch.no_grad():
        for name, weight in tagger.model.named_parameters():
            weight.copy_(state.best[name])
    # A fresh wrapper: the predictor of the untrained model kept its vectors.
    tagger = TrainedTagger(tagger.model.eval(), tagger.config, tagger.vocabulary, tagger.tags, tagger.about)
    tagger.save(folder / "model")
    facts = TrainingFacts(
        seconds=wall,
        words_per_second=display.words / max(display.training_seconds, 1e-9),
        peak_memory=peak_memory(),
        best_epoch=state.best_epoch,
        epochs=state.epoch,
        best_score=state.best_score,
    )
    return Trained(tagger, facts)


def out_of_patience(state: TrainState) -> bool:
    """Whether to stop early; a run resumed from its very last checkpoint must not train on."""
    return 0 < state.config.patience <= state.stalled


def new_tagger(recipe: Recipe, corpus: CorpusData, device: torch.device) -> TrainedTagger:
    """An untrained tagger, its vocabulary taken from the training split alone."""
    vocabulary = Vocabulary.fit(recipe.tokenizer, [sentence.tokens for sentence in corpus.sentences["train"]])
    try:
        model = Tagger(recipe.model, vocabulary.sizes, corpus.tags)
    except ValueError as error:
        raise UserError(f"[model]: {error}") from error
    if recipe.model.words.vectors and recipe.model.words.word_width:
        for member in model.each_member():
            assert member.words.word is not None, "word_width is not 0"
            load_vectors(Path(recipe.model.words.vectors), vocabulary, member.words.word)
    about = {
        "corpus": corpus.name,
        "language": corpus.language,
        "fingerprint": recipe.fingerprint(),
        "seed": recipe.train.seed,
    }
    return TrainedTagger(model.to(device), recipe.model, vocabulary, corpus.tags, about)


def describe(recipe: Recipe, corpus: CorpusData, tagger: TrainedTagger, device: torch.device) -> str:
    """`newsdesk · 1,240 sentences, 4 types · BiLSTM-CRF, 0.62 M parameters · cpu, 2 threads`."""
    kinds = len({tag[2:] for tag in tagger.tags if tag != "O"}) if tagger.predictor.entities else len(tagger.tags)
    kind = "types" if tagger.predictor.entities else "tags"
    return (
        f"{corpus.name.split('/')[-1]} · {len(corpus.sentences['train']):,} sentences, {kinds} {kind} · "
        f"{model_name(recipe)}, {tagger.parameters / 1e6:.2f} M parameters · {device_name(device)}"
    )


def model_name(recipe: Recipe) -> str:
    """`BiLSTM-CRF`, `GRU-softmax`, `Transformer-CRF`."""
    names = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "transformer": "Transformer"}
    both = "Bi" if getattr(recipe.model, "bidirectional", False) else ""
    return f"{both}{names[recipe.model.family]}-{'CRF' if recipe.model.output == 'crf' else 'softmax'}"


def leave(request: StopRequest, checkpoints: Path, state: TrainState, folder: Path) -> None:
    """Save and stop.

    Raises:
        Stopped: always.
    """
    save_checkpoint(checkpoints, state)
    raise Stopped(
        request.signal or 0,
        f"stopped at epoch {state.epoch + 1}, step {state.step}; saved. Go on with: seqkit train --resume {folder}",
    )

"""Training a tagger: from a recipe and a corpus to a trained model."""

from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from seqkit.data.vocabulary import Vocabulary
from seqkit.errors import UserError
from seqkit.models.tagger import Tagger
from seqkit.models.vectors import load_vectors
from seqkit.recipe import TaggingRecipe
from seqkit.run.display import Shown
from seqkit.run.machine import device_name, return_large_blocks
from seqkit.run.tagging.corpus import CorpusData
from seqkit.run.tagging.model import TrainedTagger
from seqkit.run.training import TrainingFacts, follow, restore, warn_of_precision
from seqkit.tasks.ner.augment import Augmenter
from seqkit.tasks.ner.shift import log_rate_ratios
from seqkit.tasks.ner.task import TaggingTask
from seqkit.training.loop import TrainState


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
    recipe: TaggingRecipe,
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
    return_large_blocks()
    torch.manual_seed(recipe.train.seed)
    tagger = new_tagger(recipe, corpus, device)
    task = TaggingTask(
        tagger.model,
        tagger.vocabulary,
        tagger.tags,
        corpus.sentences["train"],
        corpus.sentences["dev"],
        batch_size=recipe.train.batch_size,
        precision=recipe.train.matrix_dtype,
        seed=recipe.train.seed,
        lean=recipe.model.lean,
        augment=Augmenter(recipe.augment, corpus.sentences["train"], corpus.names),
    )
    warn_of_precision(recipe.train, device, console)
    state = TrainState(tagger.model, recipe.train)
    if resume:
        restore(folder, task, state)
    console.print(describe(recipe, corpus, tagger, device), highlight=False)
    score = "F1" if tagger.predictor.entities else "accuracy"
    facts = follow(task, state, folder, console=console, shown=Shown(score), resume=resume)
    # A fresh wrapper: the predictor of the untrained model kept its vectors.
    tagger = TrainedTagger(tagger.model, tagger.config, tagger.vocabulary, tagger.tags, tagger.about)
    tagger.save(folder / "model")
    return Trained(tagger, facts)


def new_tagger(recipe: TaggingRecipe, corpus: CorpusData, device: torch.device) -> TrainedTagger:
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
    if model.shift_K is not None and model.outside is not None:
        ratios = log_rate_ratios(corpus.sentences["train"], corpus.sentences["dev"], corpus.tags)
        model.shift_K.copy_(recipe.model.shift * torch.tensor(ratios))
    about = {
        "corpus": corpus.name,
        "language": corpus.language,
        "fingerprint": recipe.fingerprint(),
        "seed": recipe.train.seed,
    }
    return TrainedTagger(model.to(device), recipe.model, vocabulary, corpus.tags, about)


def describe(recipe: TaggingRecipe, corpus: CorpusData, tagger: TrainedTagger, device: torch.device) -> str:
    """`newsdesk · 1,240 sentences, 4 types · BiLSTM-CRF, 0.62 M parameters · cpu, 2 threads`."""
    kinds = len({tag[2:] for tag in tagger.tags if tag != "O"}) if tagger.predictor.entities else len(tagger.tags)
    kind = "types" if tagger.predictor.entities else "tags"
    return (
        f"{corpus.name.split('/')[-1]} · {len(corpus.sentences['train']):,} sentences, {kinds} {kind} · "
        f"{model_name(recipe)}, {tagger.parameters / 1e6:.2f} M parameters · {device_name(device)}"
    )


def model_name(recipe: TaggingRecipe) -> str:
    """`BiLSTM-CRF`, `GRU-softmax`, `Transformer-CRF`."""
    names = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "mingru": "MinGRU", "transformer": "Transformer"}
    both = "Bi" if getattr(recipe.model, "bidirectional", False) else ""
    return f"{both}{names[recipe.model.family]}-{'CRF' if recipe.model.output == 'crf' else 'softmax'}"

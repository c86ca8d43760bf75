"""The task of taggers, its parts put together."""

from collections.abc import Collection, Mapping
from pathlib import Path
from shlex import quote

import torch
from rich.console import Console

from seqkit.architecture.families import FAMILIES
from seqkit.data.sources import Sources
from seqkit.data.vocabulary import Vocabulary
from seqkit.inspection.findings import Findings
from seqkit.models.tagger import Tagger
from seqkit.models.vectors import load_vectors
from seqkit.tasks.scores import Scores
from seqkit.tasks.tagging.augment import Augmenter
from seqkit.tasks.tagging.batches import TaggingBatches
from seqkit.tasks.tagging.corpus import TaggedCorpus, load_corpus
from seqkit.tasks.tagging.evaluation import TaggedSplit, evaluate_tagger
from seqkit.tasks.tagging.inspection import inspect_tagger
from seqkit.tasks.tagging.label_shift import log_rate_ratios
from seqkit.tasks.tagging.prediction import names_entities
from seqkit.tasks.tagging.recipe import TaggingRecipe
from seqkit.tasks.tagging.report import predictions, scores, summary
from seqkit.tasks.tagging.trained import TrainedTagger
from seqkit.tasks.tagging.workload import TaggingWorkload
from seqkit.tasks.task import Summary, Task
from seqkit.training.dev_score import DevScore
from seqkit.training.loop import Trainable
from seqkit.training.memory import return_large_blocks


class Tagging(Task[TaggingRecipe, TaggedCorpus, Vocabulary, Tagger, TrainedTagger, TaggedSplit]):
    """Named entities, parts of speech and other labels of words."""

    recipe = TaggingRecipe
    trained = TrainedTagger
    noun = "a tagger; see: seqkit tag"

    def read(self, recipe: TaggingRecipe, sources: Sources, console: Console | None = None) -> TaggedCorpus:
        """Labelled sentences, and the lists of names that augmentation draws from."""
        return load_corpus(recipe.corpus, sources, console).listing(recipe.augment.names).reduced(recipe.fraction)

    def fit_tokenizer(self, recipe: TaggingRecipe, corpus: TaggedCorpus) -> Vocabulary:
        """Words, characters and affixes."""
        return Vocabulary.fit(recipe.tokenizer, [sentence.tokens for sentence in corpus.splits["train"]])

    def build(self, recipe: TaggingRecipe, corpus: TaggedCorpus, tokenizer: Vocabulary) -> Tagger:
        """A tagger of the corpus's tags."""
        return Tagger(recipe.model, tokenizer.sizes, corpus.tags)

    def prepare(self, model: Tagger, recipe: TaggingRecipe, corpus: TaggedCorpus, tokenizer: Vocabulary) -> None:
        """Word vectors from a file, and the shift of labels between train and dev."""
        return_large_blocks()
        if recipe.model.words.vectors and recipe.model.words.word_width:
            for member in model.each_member():
                assert member.words.word is not None, "word_width is not 0"
                load_vectors(Path(recipe.model.words.vectors), tokenizer, member.words.word)
        if model.label_shift_K is not None and model.outside is not None:
            ratios = log_rate_ratios(corpus.splits["train"], corpus.splits["dev"], corpus.tags)
            model.label_shift_K.copy_(recipe.model.label_shift * torch.tensor(ratios))

    def trainable(
        self, recipe: TaggingRecipe, corpus: TaggedCorpus, tokenizer: Vocabulary, model: Tagger, folder: Path
    ) -> TaggingBatches:
        """Sentences, augmented as the recipe says."""
        return TaggingBatches(
            model,
            tokenizer,
            corpus.tags,
            corpus.splits["train"],
            corpus.splits["dev"],
            batch_size=recipe.train.batch_size,
            precision=recipe.train.matrix_dtype,
            seed=recipe.train.seed,
            choose_bias=recipe.model.outside_bias,
            augment=Augmenter(recipe.augment, corpus.splits["train"], corpus.names),
        )

    def dev_score(self, recipe: TaggingRecipe, corpus: TaggedCorpus) -> DevScore:
        """Strict F1 of entities, or accuracy of labels."""
        return DevScore("F1" if names_entities(corpus.tags) else "accuracy")

    def model_name(self, recipe: TaggingRecipe) -> str:
        """`BiLSTM-CRF`, `GRU-softmax`, `Transformer-CRF`."""
        both = "Bi" if getattr(recipe.model, "bidirectional", False) else ""
        return f"{both}{FAMILIES[recipe.model.family]}-{'CRF' if recipe.model.output == 'crf' else 'softmax'}"

    def describe(self, recipe: TaggingRecipe, corpus: TaggedCorpus, tokenizer: Vocabulary, trainable: Trainable) -> str:
        """`newsdesk · 932 sentences, 4 types · BiLSTM-CRF`."""
        kinds = f"{len(corpus.types)} types" if corpus.types else f"{len(corpus.tags)} tags"
        return f"{corpus.name.split('/')[-1]} · {len(corpus.splits['train']):,} sentences, {kinds} · {self.model_name(recipe)}"

    def finish(
        self, recipe: TaggingRecipe, corpus: TaggedCorpus, tokenizer: Vocabulary, model: Tagger, trainable: Trainable
    ) -> TrainedTagger:
        """With its tags and the corpus's language."""
        metadata = recipe.metadata(corpus.name) | {"tags": corpus.tags, "language": corpus.language}
        return TrainedTagger(model, recipe.model, tokenizer, metadata)

    def evaluate(
        self, trained: TrainedTagger, corpus: TaggedCorpus, split: str, recipe: TaggingRecipe, *, trained_on: bool
    ) -> TaggedSplit:
        """Tag every sentence of a split."""
        return evaluate_tagger(trained, corpus, split, training=corpus.splits.get("train") if trained_on else None)

    def scores(self, trained: TrainedTagger, measured: TaggedSplit) -> Scores:
        """Entities or tokens by sentence."""
        return scores(measured)

    def summary(self, trained: TrainedTagger, measured: TaggedSplit) -> Summary:
        """Scores by reading, type, length and kind of error; confidence; the worst errors."""
        return summary(measured, language=str(trained.metadata.get("language", "")))

    def outputs(self, measured: TaggedSplit) -> Mapping[str, str]:
        """`predictions.conll`: token, gold tag, predicted tag."""
        return {"predictions.conll": predictions(measured)}

    def hint(self, recipe: TaggingRecipe, corpus: TaggedCorpus) -> str:
        """A sentence of the training's own kind."""
        sentence = (
            "Ada Lovelace wrote to Charles Babbage in London." if corpus.types else " ".join(corpus.splits["dev"][0].tokens)
        )
        return f"echo {quote(sentence)} | seqkit tag"

    def workload(self, trained: TrainedTagger) -> TaggingWorkload:
        """One sentence."""
        return TaggingWorkload(trained)

    def inspect(self, trained: TrainedTagger, text: str, target: str | None, layers: Collection[int]) -> Findings:
        """Why each word has its tag."""
        return inspect_tagger(trained, text, layers)


TASK = Tagging()

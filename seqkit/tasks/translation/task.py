"""The task of translators, its parts put together."""

from collections.abc import Collection, Mapping
from pathlib import Path
from shlex import quote

from rich.console import Console

from seqkit.architecture.families import FAMILIES
from seqkit.architecture.translator import RecurrentTranslatorConfig
from seqkit.data.pairs import PairCorpus
from seqkit.data.sources import Sources
from seqkit.data.tokenizers.pairs import PairTokenizer
from seqkit.errors import UserError
from seqkit.inspection.findings import Findings
from seqkit.models.translator import Translator
from seqkit.tasks.scores import Scores
from seqkit.tasks.task import Summary, Task
from seqkit.tasks.translation.batches import PairBatches
from seqkit.tasks.translation.corpus import read_corpus
from seqkit.tasks.translation.coverage import SourceCoverage
from seqkit.tasks.translation.evaluation import TranslationEvaluation, chosen_splits, evaluate_translator
from seqkit.tasks.translation.inspection import inspect_translator
from seqkit.tasks.translation.recipe import TranslationRecipe
from seqkit.tasks.translation.report import scores, summary
from seqkit.tasks.translation.trained import TrainedTranslator
from seqkit.tasks.translation.workload import TranslationWorkload
from seqkit.training.dev_score import DevScore
from seqkit.training.loop import Trainable


class Translation(Task[TranslationRecipe, PairCorpus, PairTokenizer, Translator, TrainedTranslator, TranslationEvaluation]):
    """One text into another: translations, pronunciations, inflected forms."""

    recipe = TranslationRecipe
    trained = TrainedTranslator
    noun = "a translator; see: seqkit translate"
    reads_target = True

    def read(self, recipe: TranslationRecipe, sources: Sources, console: Console | None = None) -> PairCorpus:
        """Pairs in the recipe's direction, with the tests that it names."""
        corpus = read_corpus(recipe.corpus, recipe.direction, sources, console).reduced(recipe.fraction)
        if tests := named_tests(recipe, corpus):
            chosen_splits(corpus, "+".join(tests), tests)
        return corpus

    def fit_tokenizer(self, recipe: TranslationRecipe, corpus: PairCorpus) -> PairTokenizer:
        """Of both sides, apart or together."""
        return PairTokenizer.fit(recipe.tokenizer, corpus.splits["train"])

    def build(self, recipe: TranslationRecipe, corpus: PairCorpus, tokenizer: PairTokenizer) -> Translator:
        """An encoder-decoder of the tokenizer's symbols."""
        return Translator(recipe.model, tokenizer.source.size, tokenizer.target.size, joint=tokenizer.joint)

    def trainable(
        self, recipe: TranslationRecipe, corpus: PairCorpus, tokenizer: PairTokenizer, model: Translator, folder: Path
    ) -> PairBatches:
        """Pairs alike in length, cut anew in every epoch where the recipe says so."""
        batches = PairBatches(
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
        if not batches.train:
            raise UserError(f"{corpus.name}: every training pair has more than longest = {recipe.longest} symbols a side")
        return batches

    def dev_score(self, recipe: TranslationRecipe, corpus: PairCorpus) -> DevScore:
        """Nats a target symbol."""
        return DevScore("nats/symbol", factor=-1.0, digits=3, unit="target symbols")

    def model_name(self, recipe: TranslationRecipe) -> str:
        """`LSTM, matrix bridge`, `Transformer`."""
        model, name = recipe.model, FAMILIES[recipe.model.family]
        return f"{name}, {model.bridge} bridge" if isinstance(model, RecurrentTranslatorConfig) else name

    def describe(self, recipe: TranslationRecipe, corpus: PairCorpus, tokenizer: PairTokenizer, trainable: Trainable) -> str:
        """`phrasebook en → de · 24,000 pairs, 1,500 symbols · LSTM, matrix bridge`."""
        assert isinstance(trainable, PairBatches)
        sizes = f"{tokenizer.source.size:,} and {tokenizer.target.size:,}"
        symbols = f"{tokenizer.target.size:,}" if tokenizer.joint else sizes
        long = f" ({trainable.left_out:,} of more than {recipe.longest} symbols a side left out)" * bool(trainable.left_out)
        return (
            f"{corpus.name.split('/')[-1]} {corpus.source} → {corpus.target} · {len(corpus.splits['train']):,} pairs{long}, "
            f"{symbols} symbols · {self.model_name(recipe)}"
        )

    def finish(
        self,
        recipe: TranslationRecipe,
        corpus: PairCorpus,
        tokenizer: PairTokenizer,
        model: Translator,
        trainable: Trainable,
    ) -> TrainedTranslator:
        """With its direction, and what it knows of sources."""
        assert isinstance(trainable, PairBatches)
        coverage = SourceCoverage.of(tokenizer, trainable.train, trainable.longest_source)
        metadata = recipe.metadata(corpus.name) | {
            "source": corpus.source,
            "target": corpus.target,
            "direction": recipe.direction,
            "source_coverage": coverage.to_dict(),
        }
        return TrainedTranslator(model, recipe.model, tokenizer, metadata)

    def evaluate(
        self, trained: TrainedTranslator, corpus: PairCorpus, split: str, recipe: TranslationRecipe, *, trained_on: bool
    ) -> TranslationEvaluation:
        """Translate every source of the splits."""
        return evaluate_translator(trained, chosen_splits(corpus, split, named_tests(recipe, corpus)), recipe.evaluation)

    def scores(self, trained: TrainedTranslator, measured: TranslationEvaluation) -> Scores:
        """Counts by sentence of the first split."""
        return scores(measured)

    def summary(self, trained: TrainedTranslator, measured: TranslationEvaluation) -> Summary:
        """Scores by split and length, what is kept of a source, examples."""
        return summary(measured)

    def outputs(self, measured: TranslationEvaluation) -> Mapping[str, str]:
        """`translations.txt`: those of the first split, a line each."""
        return {"translations.txt": "".join(f"{text}\n" for text in measured.splits[0].outputs)}

    def warnings(self, trained: TrainedTranslator, measured: TranslationEvaluation) -> list[str]:
        """Of splits whose sources are unlike those of training."""
        encode = trained.tokenizer.encode_source
        warnings = {one.name: trained.unlike_training(encode(pair.source) for pair in one.pairs) for one in measured.splits}
        return [f"{name}: {warning}" for name, warning in warnings.items() if warning]

    def hint(self, recipe: TranslationRecipe, corpus: PairCorpus) -> str:
        """A sentence of dev."""
        return f"echo {quote(corpus.splits['dev'][0].source)} | seqkit translate"

    def workload(self, trained: TrainedTranslator) -> TranslationWorkload:
        """One source."""
        return TranslationWorkload(trained)

    def inspect(self, trained: TrainedTranslator, text: str, target: str | None, layers: Collection[int]) -> Findings:
        """Which words of the source each word of the translation comes from."""
        return inspect_translator(trained, text, target, layers)


def named_tests(recipe: TranslationRecipe, corpus: PairCorpus) -> tuple[str, ...]:
    """The tests that the recipe names, which are those of its own corpus; none on other data."""
    return recipe.evaluation.tests if corpus.name == recipe.corpus else ()


TASK = Translation()

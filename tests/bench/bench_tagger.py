"""Speeds of a tagger on text of WNUT-17's shape: `python tests/bench/bench_tagger.py [THREADS]`. Prints, asserts nothing.

Training words/s by cell and precision, prediction words/s at batch 64 and 1, and sentence by sentence without PyTorch as
`seqkit tag` does, no word known at the start of a turn, and padding shares. The text is random words with the corpus's
lengths, so the figures need no download; an untrained model costs what a trained one does.
"""

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from seqkit.architecture.tagger import RecurrentTaggerConfig, TransformerTaggerConfig
from seqkit.data.batches import padding_share, pooled_batches
from seqkit.data.examples import Tagged
from seqkit.data.vocabulary import Vocabulary, VocabularyConfig
from seqkit.engine.tagger import Tagger as Engine
from seqkit.engine.weights import Weights
from seqkit.models.tagger import Tagger
from seqkit.models.weights import arrays
from seqkit.tasks.tagging.batches import TaggingBatches
from seqkit.tasks.tagging.predict import Predictor
from seqkit.tasks.tagging.single import SentencePredictor
from seqkit.training.loop import TrainConfig, TrainState, update

TYPES = ("corporation", "creative-work", "group", "location", "person", "product")
TURNS = 5  # of which the median counts
TAGS = ("O", *(f"{prefix}-{label}" for label in TYPES for prefix in "BI"))


def sentences(count: int) -> list[Tagged]:
    """Random words: lengths like WNUT-17's (mean 18.5), a Zipf vocabulary of 12,000."""
    random = np.random.default_rng(0)
    words = ["".join(chr(97 + c) for c in random.integers(0, 26, size=random.integers(1, 11))) for _ in range(12_000)]
    made: list[Tagged] = []
    for length in np.clip(random.gamma(3.0, 6.2, size=count), 1, 60).astype(int):
        picks = np.minimum(random.zipf(1.3, size=length), len(words)) - 1
        made.append(Tagged(tuple(words[pick] for pick in picks), ("O",) * int(length)))
    return made


def main() -> None:
    """Print the table."""
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    data = sentences(3394)
    vocabulary = Vocabulary.fit(VocabularyConfig(), [sentence.tokens for sentence in data])
    lengths = [len(sentence.tokens) for sentence in data]
    random = np.random.default_rng(0).permutation(len(data)).tolist()
    loose = padding_share(lengths, iter([random[i : i + 32] for i in range(0, len(random), 32)]))
    pooled = padding_share(lengths, pooled_batches(lengths, 32, seed=1, epoch=0))
    print(f"padding at batch 32: random {loose:.1%}, pooled {pooled:.1%}")
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print(f"{'model':32} {'train w/s':>10} {'batch 64':>10} {'batch 1':>10} {'light':>10}")
    for family in ("lstm", "gru", "rnn", "transformer"):
        for output in ("softmax", "crf"):
            for precision in ("fp32", "bf16"):
                measure(family, output, precision, vocabulary, data)


def measure(family: str, output: str, precision: str, vocabulary: Vocabulary, data: list[Tagged]) -> None:
    """One row."""
    config = (
        TransformerTaggerConfig(output=output, layers=3, width=128, heads=8, positions="rotary")
        if family == "transformer"
        else RecurrentTaggerConfig(family=family, output=output)
    )
    model = Tagger(config, vocabulary.sizes, TAGS)
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    task = TaggingBatches(model, vocabulary, TAGS, data, data[:10], batch_size=16, precision=dtype, seed=1)
    state = TrainState(model, TrainConfig(batch_size=16))
    model.train()
    steps = [update(task, state, batch, 1000) for _, batch in zip(range(120), task.batches(0), strict=False)][20:]
    trained = sum(step.tokens for step in steps) / sum(step.seconds for step in steps)
    texts = [sentence.tokens for sentence in data[:1300]]
    few = texts[:200]
    rates = [
        words_per_second(texts, lambda: Predictor(model, vocabulary, TAGS)(texts)),
        words_per_second(few, lambda: one_by_one(Predictor(model, vocabulary, TAGS), few)),
    ]
    tagger = Engine(config, Weights(arrays(model)), vocabulary.sizes, TAGS)
    with threadpool_limits(limits=1, user_api="blas"):  # as `seqkit tag`
        rates.append(words_per_second(few, lambda: SentencePredictor(tagger, vocabulary, TAGS)(few)))
    print(f"{f'{family}, {output}, {precision}':32} {trained:10,.0f}", *(f"{rate:10,.0f}" for rate in rates))


def one_by_one(predictor: Predictor, texts: Sequence[Sequence[str]]) -> None:
    """Tag at batch 1."""
    for text in texts:
        predictor([text])


def words_per_second(texts: Sequence[Sequence[str]], tag: Callable[[], object]) -> float:
    """The median of TURNS calls, after one to warm up."""
    tag()
    seconds: list[float] = []
    for _ in range(TURNS):
        started = time.perf_counter()
        tag()
        seconds.append(time.perf_counter() - started)
    return sum(map(len, texts)) / float(np.median(seconds))


if __name__ == "__main__":
    main()

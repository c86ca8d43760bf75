"""From sentences to tags: batches sorted by length, word vectors kept, long sentences read through overlapping windows.

Axes: B sentences, T tokens, D features, K tags.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from seqkit.data.batches import sorted_batches
from seqkit.data.schemes import spans
from seqkit.data.vocabulary import PADDING, Vocabulary, WordRows
from seqkit.data.word_table import WordTable
from seqkit.engine.linear_chain import LinearChain
from seqkit.models.tagger import Tagger
from seqkit.models.words import WordTensors
from seqkit.tasks.tagging.prediction import MOST_WORDS, WINDOW, Prediction, chain_questions, names_entities, windows

BIASES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)  # nats tried by `choose_outside_bias`
READ_AHEAD = 16  # batches sorted together when predicting from a stream


class Predictor:
    """Tags sentences with a model as it stands; make a new one after its weights change."""

    def __init__(self, model: Tagger, vocabulary: Vocabulary, tags: Sequence[str], *, table: WordTable | None = None) -> None:
        self.model = model
        self.tags = tuple(tags)
        self.entities = names_entities(tags)
        self.device = model.outside_bias.device
        self._vocabulary = vocabulary
        self._table = table or WordTable(vocabulary)
        # Rows of the table's words, the first `_computed` of them filled; doubled when full, so that growing costs little.
        self._vector_ND = torch.empty(0, model.vector_width, device=self.device)
        self._computed = 0
        self._lock = Lock()  # the table and its vectors grow together
        self._number = {tag: number for number, tag in enumerate(self.tags)}

    def stream(
        self, sentences: Iterable[Sequence[str]], *, batch_size: int = 64, confidence: bool = False
    ) -> Iterator[Prediction]:
        """Predictions in the order of the sentences, in bounded memory."""
        waiting = iter(sentences)
        while some := list(islice(waiting, batch_size * READ_AHEAD)):
            yield from self(some, batch_size=batch_size, confidence=confidence)

    @torch.inference_mode()
    def __call__(
        self, sentences: Sequence[Sequence[str]], *, batch_size: int = 64, confidence: bool = False
    ) -> list[Prediction]:
        """Tag sentences; an empty one gets no tags. Threads take turns."""
        found: list[Prediction] = [Prediction(())] * len(sentences)
        with self._lock:
            for batch, emission_BTK, length_B in self._batches(sentences, batch_size):
                predictions = self._predict(emission_BTK, length_B, confidence=confidence)
                for place, prediction in zip(batch, predictions, strict=True):
                    found[place] = prediction
        return found

    @torch.inference_mode()
    def choose_outside_bias(self, sentences: Sequence[Sequence[str]], score: Callable[[list[Prediction]], float]) -> float:
        """Set the model's `outside_bias` to the value of BIASES that scores best on labelled sentences; returns that score."""
        batches = list(self._batches(sentences, batch_size=64))
        best = (-1.0, 0.0)
        for bias in BIASES:
            self.model.outside_bias.fill_(bias)
            found: list[Prediction] = [Prediction(())] * len(sentences)
            for batch, emission_BTK, length_B in batches:
                for place, one in zip(batch, self._predict(emission_BTK, length_B, confidence=False), strict=True):
                    found[place] = one
            best = max(best, (score(found), -bias))
        self.model.outside_bias.fill_(-best[1])
        return best[0]

    def _batches(self, sentences: Sequence[Sequence[str]], batch_size: int) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Places, emission_BTK and length_B of batches of sentences of like length; empty sentences are left out."""
        if self.model.training:
            self.model.eval()
        if len(self._table) > MOST_WORDS:
            self._table = WordTable(self._vocabulary)
            self._computed = 0
        numbers = [np.array(self._table.numbers(words), dtype=np.int64) for words in sentences]
        self._extend_vectors()
        lengths = [len(words) for words in sentences]
        for batch in sorted_batches(lengths, batch_size):
            if real := [place for place in batch if lengths[place]]:
                yield real, *self._emissions([numbers[place] for place in real])

    def _extend_vectors(self) -> None:
        """Compute the vectors of words not met before."""
        words = len(self._table)
        if words > len(self._vector_ND):
            kept_ND = self._vector_ND[: self._computed]
            self._vector_ND = kept_ND.new_empty(max(words, 2 * len(self._vector_ND)), self.model.vector_width)
            self._vector_ND[: self._computed] = kept_ND
        for first in range(self._computed, words, 4096):
            end = min(first + 4096, words)
            new = tensors(self._table.rows(np.arange(first, end)), self.device)
            self._vector_ND[first:end] = self.model.distinct_vectors(new)
        self._computed = words

    def _emissions(self, numbers: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """emission_BTK and length_B of sentences given as word numbers."""
        length_B = torch.tensor([len(row) for row in numbers], device=self.device)
        place_BT = torch.from_numpy(pad(numbers)).to(self.device)
        if place_BT.shape[1] <= WINDOW:
            return self.model(self._vector_ND[place_BT], length_B), length_B
        windowed = [self._windowed(row_T[:length]) for row_T, length in zip(place_BT, length_B.tolist(), strict=True)]
        return torch.nn.utils.rnn.pad_sequence(windowed, batch_first=True), length_B

    def _predict(self, emission_BTK: Tensor, length_B: Tensor, *, confidence: bool) -> list[Prediction]:
        found: list[Prediction] = []
        for row, length in zip(self._best(emission_BTK, length_B), length_B.tolist(), strict=True):
            tags = tuple(self.tags[tag] for tag in row[:length])
            found.append(Prediction(tags, tuple(spans(tags)) if self.entities else ()))
        if confidence and self.entities:
            scores = self._confidences(emission_BTK, length_B, found)
            found = [Prediction(one.tags, one.spans, tuple(score)) for one, score in zip(found, scores, strict=True)]
        return found

    @cached_property
    def _chain(self) -> LinearChain | None:
        """Of the model as it stands when it is first asked for."""
        return self.model.crf.chain() if self.model.crf is not None else None

    def _best(self, emission_BTK: Tensor, length_B: Tensor) -> list[list[int]]:
        """The tags of each sentence, and anything after its end."""
        if len(emission_BTK) == 1 and self._chain is not None:
            return [self._chain.best(self.model.biased(emission_BTK)[0].numpy(force=True))[0]]
        return self.model.decode(emission_BTK, length_B).tolist()

    def _windowed(self, place_T: Tensor) -> Tensor:
        """emission_TK of one sentence of any length."""
        parts: list[Tensor] = []
        for read, kept in windows(len(place_T)):
            window_1TD = self._vector_ND[place_T[read]][None]
            length_1 = torch.tensor([window_1TD.shape[1]], device=self.device)
            parts.append(self.model(window_1TD, length_1)[0, kept])
        return torch.cat(parts)

    def _confidences(self, emission_BTK: Tensor, length_B: Tensor, predictions: Sequence[Prediction]) -> list[list[float]]:
        if self.model.crf is not None:
            wanted = [chain_questions(one, self._number) for one in predictions]
            return self.model.crf.span_probability(emission_BTK, length_B, wanted)
        # Tokens are independent under a softmax: a span is as likely as all its tags together.
        p_BTK = emission_BTK.softmax(dim=-1)
        return [
            [
                float(np.prod([p_TK[t, self._number[one.tags[t]]].item() for t in range(span.start, span.end)]))
                for span in one.spans
            ]
            for p_TK, one in zip(p_BTK, predictions, strict=True)
        ]


def tensors(rows: WordRows, device: torch.device) -> WordTensors:
    """`WordRows` on a device, character columns cut to the longest word."""
    longest = int((rows.char_UC != PADDING).sum(axis=1).max(initial=1))
    fields = vars(rows) | {"char_UC": rows.char_UC[:, :longest]}
    return WordTensors(**{name: torch.from_numpy(value).to(device, non_blocking=True) for name, value in fields.items()})


def pad(rows: Sequence[np.ndarray]) -> np.ndarray:
    """rows side by side, zeros after the end of each."""
    padded = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for place, row in enumerate(rows):
        padded[place, : len(row)] = row
    return padded

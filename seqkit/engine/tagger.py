"""A tagger's scores of one sentence.

Axes: U words, T tokens, D features, K tags, S = K + 1 states of the chain.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from seqkit.architecture.encoders import RecurrentConfig
from seqkit.architecture.tagger import AnyTaggerConfig
from seqkit.data.schemes import may_follow
from seqkit.data.vocabulary import WordRows
from seqkit.engine.layers import Product, linear
from seqkit.engine.linear_chain import LinearChain
from seqkit.engine.recurrent import RecurrentEncoder
from seqkit.engine.transformer import TransformerEncoder
from seqkit.engine.weights import Array, Weights
from seqkit.engine.words import WordEncoder


class Tagger:
    """Scores and decodes the tags of one sentence, as `models.tagger.Tagger` in evaluation.

    Args:
        weights: named as its parameters.
        sizes: rows of the word tables, as `Vocabulary.sizes`.
        tags: the K tags, in the order of the output.

    Raises:
        ValueError: the weights are not those of such a model.
    """

    def __init__(self, config: AnyTaggerConfig, weights: Weights, sizes: Mapping[str, int], tags: Sequence[str]) -> None:
        members = [weights.part(f"members.{number}") for number in range(config.ensemble_size)]
        self.words = [WordEncoder(config.words, member.part("words"), sizes) for member in members]
        width = self.words[0].output_width
        self.encoders = [
            RecurrentEncoder(config, member.part("encoder"), width)
            if isinstance(config, RecurrentConfig)
            else TransformerEncoder(config, member.part("encoder"), width)
            for member in members
        ]
        self.emit = [Product(*linear(member.part("emit"), config.width, len(tags))) for member in members]
        bias = weights.take("outside_bias")
        self.outside_bias_K = np.array([bias if tag == "O" else 0.0 for tag in tags], bias.dtype)
        self.label_shift_K = weights.take("label_shift_K", len(tags)) if config.label_shift else bias.dtype.type(0)
        self.chain = None
        if config.output == "crf":
            legal_SS = np.array([[*(may_follow(last, tag) for tag in tags), True] for last in (*tags, None)])
            self.chain = LinearChain(weights.take("crf.weight_SS", len(tags) + 1, len(tags) + 1), legal_SS)
        weights.finish()

    def vectors(self, rows: WordRows) -> Array:
        """x_UD of distinct words, the members' features side by side."""
        return np.concatenate([words(rows) for words in self.words], axis=1)

    def emissions(self, x_TD: Array) -> Array:
        """emission_TK, the mean over the members, moved by the tagger's label shift."""
        parts = np.split(x_TD[None], len(self.encoders), axis=2)
        emissions = [
            emit(encoder(part_1TD))[0] for emit, encoder, part_1TD in zip(self.emit, self.encoders, parts, strict=True)
        ]
        return (np.mean(emissions, axis=0) if len(emissions) > 1 else emissions[0]) + self.label_shift_K

    def decode(self, emission_TK: Array) -> list[int]:
        """The best sequence under the CRF, or each token's best tag; `outside_bias` nats are taken from O first."""
        emission_TK = emission_TK - self.outside_bias_K
        return emission_TK.argmax(axis=1).tolist() if self.chain is None else self.chain.best(emission_TK)[0]

"""A recurrent tagger's scores of one sentence.

Axes: U words, T tokens, D features, K tags.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqkit.data.schemes import may_follow
from seqkit.data.vocabulary import WordRows
from seqkit.models.light.chain import Chain
from seqkit.models.light.recurrent import Floats, LightEncoder, Weights, part
from seqkit.models.light.words import LightWords


class LightTagger:
    """Scores and decodes the tags of one sentence; reads nothing but its arguments.

    Args:
        config: the `[model]` table that the tagger was trained with, every key present; its family one of `FAMILIES`.
        weights: named as the parameters of `models.tagger.Tagger`.
        tags: the K tags, in the order of the output.

    Raises:
        KeyError, ValueError: the weights are not those of such a model.
    """

    def __init__(self, config: Mapping[str, Any], weights: Weights, tags: Sequence[str]) -> None:
        members = [
            part(weights, f"members.{number}") for number in range(config.get("ensemble_size", config.get("members", 1)))
        ]
        self.words = [LightWords(config["words"]["chars"], part(member, "words")) for member in members]
        residual = config.get("residual", False)  # the key is younger than the format
        self.encoders = [LightEncoder(config["family"], part(member, "encoder"), residual=residual) for member in members]
        self.emit = [(member["emit.weight"].T.copy(), member["emit.bias"]) for member in members]
        self.outside_bias = np.zeros(len(tags), dtype=np.float32)
        if "O" in tags:
            self.outside_bias[list(tags).index("O")] = weights["outside_bias"]
        self.label_shift_K = weights.get("label_shift_K", np.float32(0.0))
        self.chain = None
        if config["output"] == "crf":
            legal_SS = np.array([[*(may_follow(last, tag) for tag in tags), True] for last in (*tags, None)])
            self.chain = Chain(weights["crf.weight_SS"], legal_SS)

    def vectors(self, rows: WordRows) -> Floats:
        """x_UD of distinct words, the members' features side by side."""
        return np.concatenate([words(rows) for words in self.words], axis=1)

    def emissions(self, x_TD: Floats) -> Floats:
        """emission_TK, the mean over the members, moved by the tagger's label shift."""
        parts = np.split(x_TD, len(self.encoders), axis=1)
        emissions = [
            encoder(part_TD) @ weight_DK + bias_K
            for encoder, part_TD, (weight_DK, bias_K) in zip(self.encoders, parts, self.emit, strict=True)
        ]
        return np.asarray(np.mean(emissions, axis=0) + self.label_shift_K, dtype=np.float32)

    def decode(self, emission_TK: Floats) -> list[int]:
        """The best sequence under the CRF, or each token's best tag; `outside_bias` nats are taken from O first."""
        emission_TK = emission_TK - self.outside_bias
        return emission_TK.argmax(axis=1).tolist() if self.chain is None else self.chain.best(emission_TK)[0]

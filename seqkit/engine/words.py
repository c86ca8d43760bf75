"""From the views of words to their vectors, as `models.words` in evaluation.

Axes: U words, C characters, E character features, A affixes, D features.
"""

from collections.abc import Mapping

import numpy as np

from seqkit.architecture.encoders import RecurrentConfig
from seqkit.architecture.tagger import WordConfig
from seqkit.data.vocabulary import PADDING, WordRows
from seqkit.engine.layers import Product, linear
from seqkit.engine.recurrent import RecurrentEncoder
from seqkit.engine.weights import Array, Weights


class WordEncoder:
    """`words(rows) -> x_UD`: words, characters, affixes and shapes side by side.

    Args:
        sizes: rows of the word tables, as `Vocabulary.sizes`.
    """

    def __init__(self, config: WordConfig, weights: Weights, sizes: Mapping[str, int]) -> None:
        def table(name: str, rows: int, width: int) -> Array | None:
            return weights.take(f"{name}.weight", rows, width) if width else None

        self.word_VD = table("word", sizes["words"], config.word_width)
        self.affix_VD = table("affix", sizes["affixes"], config.affix_width)
        self.shape_VD = table("shape", sizes["shapes"], config.shape_width)
        spell = weights.part("chars")
        match config.chars:
            case "cnn":
                self.spell = CharacterCNN(config, spell, sizes["chars"])
            case "lstm":
                self.spell = CharacterLSTM(config, spell, sizes["chars"])
            case "none":
                self.spell = None
        spelled = self.spell.width if self.spell else 0
        self.output_width = config.word_width + spelled + config.affix_width + config.shape_width

    def __call__(self, rows: WordRows) -> Array:
        """x_UD."""
        parts: list[Array] = []
        if self.word_VD is not None:
            parts.append(self.word_VD[rows.word_U])
        if self.spell is not None:
            parts.append(self.spell(rows.char_UC))
        if self.affix_VD is not None:
            parts.append(self.affix_VD[rows.affix_UA].sum(axis=1))
        if self.shape_VD is not None:
            parts.append(self.shape_VD[rows.shape_U])
        return np.concatenate(parts, axis=1)


class CharacterCNN:
    """Convolution over characters and the maximum over places."""

    def __init__(self, config: WordConfig, weights: Weights, chars: int) -> None:
        self.width, self.window = config.char_output, config.char_window
        self.embed_VE = weights.take("embed.weight", chars, config.char_width)
        self.mix = Product(*linear(weights.part("mix"), config.char_window * config.char_width, config.char_output))

    def __call__(self, char_UC: np.ndarray) -> Array:
        """A window centred on padding does not count."""
        longest = max(int((char_UC != PADDING).sum(axis=1).max(initial=0)), 1)
        char_UC = char_UC[:, :longest]
        before, after = (self.window - 1) // 2, self.window // 2
        x_UCE = self.embed_VE[np.pad(char_UC, ((0, 0), (before, after)), constant_values=PADDING)]
        windows_UCX = np.concatenate([x_UCE[:, shift : shift + longest] for shift in range(self.window)], axis=2)
        y_UCD = self.mix(windows_UCX)
        y_UCD[char_UC == PADDING] = 0.0
        return np.maximum(y_UCD.max(axis=1), 0.0)


class CharacterLSTM:
    """The last states of a bidirectional LSTM over characters."""

    def __init__(self, config: WordConfig, weights: Weights, chars: int) -> None:
        self.width = config.char_output
        self.embed_VE = weights.take("embed.weight", chars, config.char_width)
        layer = RecurrentConfig(family="lstm", width=config.char_output, dropout=0.0)
        self.read = RecurrentEncoder(layer, weights.part("read"), config.char_width)

    def __call__(self, char_UC: np.ndarray) -> Array:
        """The forward state at the last character, the backward state at the first; words of one length together."""
        length_U = np.maximum((char_UC != PADDING).sum(axis=1), 1)
        x_UD = np.empty((len(char_UC), self.width), self.embed_VE.dtype)
        for length in set(length_U.tolist()):
            alike_U = length_U == length
            ahead_UCH, back_UCH = np.split(self.read(self.embed_VE[char_UC[alike_U, :length]]), 2, axis=2)
            x_UD[alike_U] = np.concatenate([ahead_UCH[:, -1], back_UCH[:, 0]], axis=1)
        return x_UD

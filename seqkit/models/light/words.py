"""From the views of words to their vectors, as `models.words` in evaluation.

Axes: U words, C characters, E character features, A affixes, D features.
"""

import numpy as np

from seqkit.data.vocabulary import PADDING, WordRows
from seqkit.models.light.recurrent import Floats, LightEncoder, Weights, part


class LightWords:
    """`words(rows) -> x_UD`.

    Args:
        chars: `cnn`, `lstm` or `none`.
        weights: of the word encoder, named as its parameters.
    """

    def __init__(self, chars: str, weights: Weights) -> None:
        self.word_VD, self.affix_VD, self.shape_VD = (weights.get(f"{view}.weight") for view in ("word", "affix", "shape"))
        spell = part(weights, "chars")
        self.spell = None if chars == "none" else LightCNN(spell) if chars == "cnn" else LightSpeller(spell)

    def __call__(self, rows: WordRows) -> Floats:
        """Words, characters, affixes and shapes side by side."""
        parts: list[Floats] = []
        if self.word_VD is not None:
            parts.append(self.word_VD[rows.word_U])
        if self.spell is not None:
            parts.append(self.spell(rows.char_UC))
        if self.affix_VD is not None:
            parts.append(self.affix_VD[rows.affix_UA].sum(axis=1))
        if self.shape_VD is not None:
            parts.append(self.shape_VD[rows.shape_U])
        return np.concatenate(parts, axis=1)


class LightCNN:
    """Convolution over characters and the maximum over places."""

    def __init__(self, weights: Weights) -> None:
        self.embed_VE, self.mix_DX, self.mix_D = weights["embed.weight"], weights["mix.weight"], weights["mix.bias"]
        self.window = self.mix_DX.shape[1] // self.embed_VE.shape[1]

    def __call__(self, char_UC: np.ndarray) -> Floats:
        """A window centred on padding does not count."""
        longest = max(int((char_UC != PADDING).sum(axis=1).max(initial=0)), 1)
        char_UC = char_UC[:, :longest]
        before, after = (self.window - 1) // 2, self.window // 2
        x_UCE = self.embed_VE[np.pad(char_UC, ((0, 0), (before, after)), constant_values=PADDING)]
        windows_UCX = np.concatenate([x_UCE[:, shift : shift + longest] for shift in range(self.window)], axis=2)
        y_UCD = windows_UCX @ self.mix_DX.T + self.mix_D
        y_UCD[char_UC == PADDING] = 0.0
        return np.maximum(y_UCD.max(axis=1), 0.0)


class LightSpeller:
    """The last states of a bidirectional LSTM over characters."""

    def __init__(self, weights: Weights) -> None:
        self.embed_VE = weights["embed.weight"]
        self.read = LightEncoder("lstm", part(weights, "read"))

    def __call__(self, char_UC: np.ndarray) -> Floats:
        """The forward state at the last character, the backward state at the first; word by word."""
        vectors: list[Floats] = []
        for char_C in char_UC:
            y_CD = self.read(self.embed_VE[char_C[: max(int((char_C != PADDING).sum()), 1)]])
            ahead_H, back_H = np.split(y_CD[-1], 2)[0], np.split(y_CD[0], 2)[1]
            vectors.append(np.concatenate([ahead_H, back_H]))
        return np.stack(vectors)

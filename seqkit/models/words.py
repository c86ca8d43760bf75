"""From the four views of a word to one vector.

Axes: B sentences, T tokens, U distinct words of a batch, C characters, A affixes, D features.

A word's vector does not depend on its neighbours, so it is computed once for each distinct word of a batch; a trained tagger
keeps the vectors of the words it has met.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqkit.architecture.encoders import RecurrentConfig
from seqkit.architecture.tagger import WordConfig
from seqkit.data.vocabulary import PADDING, UNKNOWN
from seqkit.models.recurrent import RecurrentEncoder


class WordTensors(NamedTuple):
    """`WordRows` as tensors on the model's device."""

    word_U: Tensor
    char_UC: Tensor
    affix_UA: Tensor
    shape_U: Tensor
    count_U: Tensor


class WordEncoder(nn.Module):
    """`encoder(words, place_BT) -> x_BTD`: the vectors of the distinct words, laid out over the sentences."""

    def __init__(self, config: WordConfig, sizes: dict[str, int]) -> None:
        super().__init__()
        self.unknown = config.unknown
        self.word = nn.Embedding(sizes["words"], config.word_width) if config.word_width else None
        self.affix = nn.Embedding(sizes["affixes"], config.affix_width) if config.affix_width else None
        self.shape = nn.Embedding(sizes["shapes"], config.shape_width) if config.shape_width else None
        match config.chars:
            case "cnn":
                self.chars = CharacterCNN(config, sizes["chars"])
            case "lstm":
                self.chars = CharacterLSTM(config, sizes["chars"])
            case "none":
                self.chars = None
        for table in filter(None, (self.word, self.affix, self.shape)):
            nn.init.normal_(table.weight, std=table.embedding_dim**-0.5)
        spelling = config.affix_width + config.shape_width + (config.char_output if self.chars else 0)
        self.output_width = config.word_width + spelling
        if not self.output_width:
            raise ValueError("a word needs at least one view: words, characters, affixes or shapes")

    def forward(self, words: WordTensors, place_BT: Tensor) -> Tensor:
        """Encode; `place_BT` says which of the distinct words stands where."""
        parts: list[Tensor] = []
        if self.word is not None:
            parts.append(self._word(self.word, words, place_BT))
        spelled_UD = self.spelling(words)
        if spelled_UD is not None:
            parts.append(nn.functional.embedding(place_BT, spelled_UD))
        return torch.cat(parts, dim=-1)

    def distinct(self, words: WordTensors) -> Tensor:
        """x_UD: each distinct word once; as `forward` does in evaluation."""
        known = [self.word(words.word_U)] if self.word is not None else []
        spelled_UD = self.spelling(words)
        return torch.cat(known if spelled_UD is None else [*known, spelled_UD], dim=-1)

    def spelling(self, words: WordTensors) -> Tensor | None:
        """spelled_UD: what a word's letters say, apart from whether the word is known."""
        parts: list[Tensor] = []
        if self.chars is not None:
            parts.append(self.chars(words.char_UC))
        if self.affix is not None:
            parts.append(self.affix(words.affix_UA).sum(dim=1))
        if self.shape is not None:
            parts.append(self.shape(words.shape_U))
        return torch.cat(parts, dim=-1) if parts else None

    def _word(self, table: nn.Embedding, words: WordTensors, place_BT: Tensor) -> Tensor:
        row_BT = words.word_U[place_BT]
        if self.training and self.unknown:
            count_BT = words.count_U[place_BT]
            forget_BT = torch.rand(row_BT.shape, device=row_BT.device) * (self.unknown + count_BT) < self.unknown
            row_BT = row_BT.masked_fill(forget_BT, UNKNOWN)
        return table(row_BT)


class CharacterCNN(nn.Module):
    """Convolution over characters and the maximum over places (Ma & Hovy 2016). chars_UC -> D features a word."""

    def __init__(self, config: WordConfig, chars: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(chars, config.char_width, padding_idx=PADDING)
        self.window = config.char_window
        self.mix = nn.Linear(config.char_window * config.char_width, config.char_output)

    def forward(self, char_UC: Tensor) -> Tensor:
        """Windows reach over both ends of the word; windows centred on padding do not count."""
        before, after = (self.window - 1) // 2, self.window // 2
        padded_UC = nn.functional.pad(char_UC, (before, after), value=PADDING)
        x_UCE = self.embed(padded_UC)
        # A window of neighbours as one matrix product: quicker here than nn.Conv1d, which wants (U, E, C).
        windows_UCX = torch.cat([x_UCE[:, shift : shift + char_UC.shape[1]] for shift in range(self.window)], dim=-1)
        # Zero is what `relu` gives at least, so padding set to it never counts.
        y_UCD = self.mix(windows_UCX).masked_fill((char_UC == PADDING)[:, :, None], 0.0)
        return torch.relu(y_UCD.amax(dim=1))


class CharacterLSTM(nn.Module):
    """The last states of a bidirectional LSTM over characters (Lample et al. 2016). chars_UC -> D features a word."""

    def __init__(self, config: WordConfig, chars: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(chars, config.char_width, padding_idx=PADDING)
        layer = RecurrentConfig(family="lstm", width=config.char_output, dropout=0.0)
        self.read = RecurrentEncoder(layer, config.char_width)

    def forward(self, char_UC: Tensor) -> Tensor:
        """The forward state at the last character, the backward state at the first."""
        length_U = (char_UC != PADDING).sum(dim=1).clamp(min=1)
        y_UCD = self.read(self.embed(char_UC), length_U)
        ahead_UCH, back_UCH = y_UCD.chunk(2, dim=-1)
        last_UH = ahead_UCH[torch.arange(len(char_UC), device=char_UC.device), length_U - 1]
        return torch.cat([last_UH, back_UCH[:, 0]], dim=-1)

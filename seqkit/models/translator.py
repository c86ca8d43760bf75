"""Encoder-decoders of both families: a source is read once, then a target is predicted symbol by symbol.

Axes: B sentences, S source tokens, T target tokens, E embedding features, D features of the decoder, X features of the source,
V symbols of the target, N real target tokens of a batch.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import linear

from seqkit.architecture.translator import (
    AnyTranslatorConfig,
    RecurrentTranslatorConfig,
    TransformerTranslatorConfig,
)
from seqkit.models.bridges import Source
from seqkit.models.build import build_encoder
from seqkit.models.causal_transformer import CausalTransformer
from seqkit.models.decoder import RecurrentDecoder
from seqkit.models.dropout import Dropout
from seqkit.models.nll import real_places, summed_nll
from seqkit.models.precision import products_in
from seqkit.models.recurrent import gather_time, reversal
from seqkit.models.state import State

INITIAL = 0.25
"""Standard deviation of the scores of normalised features before training."""


class Translator(nn.Module):
    """`start(source) -> State`, then `scan` as a language model's: search and training need not know the source.

    Args:
        source_symbols: of the source vocabulary.
        target_symbols: V.
        joint: both languages share one vocabulary, so one table of embeddings reads both.
    """

    def __init__(self, config: AnyTranslatorConfig, source_symbols: int, target_symbols: int, *, joint: bool) -> None:
        super().__init__()
        if joint and source_symbols != target_symbols:
            raise ValueError("a joint vocabulary has one size")
        self.config = config
        width = config.embedding_width or config.width
        self.target = nn.Embedding(target_symbols, width)
        self.source = self.target if joint else nn.Embedding(source_symbols, width)
        locked = isinstance(config, RecurrentTranslatorConfig) and config.locked
        self.input_dropout = Dropout(config.input_dropout, locked=locked)
        self.output_dropout = Dropout(config.output_dropout, locked=locked)
        self.encoder = build_encoder(config.encoder(), width)
        self.decoder = build_decoder(config, width, self.encoder.output_width)
        output_width = width if config.tied else config.width
        self.project = nn.Identity() if output_width == config.width else nn.Linear(config.width, output_width)
        self.output_weight = self.target.weight if config.tied else nn.Parameter(torch.empty(target_symbols, output_width))
        self.output_bias = nn.Parameter(torch.zeros(target_symbols))
        for table in (self.source.weight, self.target.weight):
            nn.init.normal_(table, std=INITIAL * width**-0.5)
        nn.init.normal_(self.output_weight, std=INITIAL * output_width**-0.5)

    @property
    def parameter_count(self) -> int:
        """Trained numbers; tied ones count once."""
        return sum(weight.numel() for weight in self.parameters() if weight.requires_grad)

    def start(self, source_BS: Tensor, length_B: Tensor) -> State:
        """Read padded sources; all that the decoder will know of them is in the state."""
        length_B = length_B.to(source_BS.device, non_blocking=True)
        x_BSE = self.input_dropout(embed(self.source, source_BS))
        if isinstance(self.config, RecurrentTranslatorConfig) and self.config.reverse:
            x_BSE = gather_time(x_BSE, reversal(length_B, x_BSE.shape[1]))
        y_BSD = self.encoder(x_BSE, length_B)
        if isinstance(self.decoder, CausalTransformer):
            source = Source(y_BSD, length_B, y_BSD[:, 0])
            state = self.decoder.start(len(y_BSD))
            looks = [block.look for block in self.decoder.each_block()]
            memory = {f"{n}.{name}": part for n, look in enumerate(looks) if look for name, part in look.write(source).items()}
            return State(state.carry, state.caches, memory)
        both = isinstance(self.config, RecurrentTranslatorConfig) and self.config.bidirectional
        ends_BD = ends(y_BSD, length_B, both_directions=both)
        return self.decoder.start(Source(torch.cat([y_BSD, x_BSE], dim=-1), length_B, ends_BD))

    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """logit_BTV of the symbol after each token, and the state after the last one."""
        y_BTD, state = self.decode(token_BT, state)
        return self._output(y_BTD), state

    def decode(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """y_BTD of the decoder after each token, and the state after the last one."""
        y_BTD, state = self.decoder.scan(self.input_dropout(embed(self.target, token_BT)), state)
        return self.output_dropout(y_BTD), state

    def _output(self, y_BTD: Tensor) -> Tensor:
        return linear(self.project(y_BTD), self.output_weight, self.output_bias)

    def loss(
        self,
        source_BS: Tensor,
        source_length_B: Tensor,
        token_BT: Tensor,
        target_BT: Tensor,
        target_length_B: Tensor,
        *,
        precision: torch.dtype,
    ) -> tuple[Tensor, int]:
        """Negative log-likelihood in nats, summed over the real targets, and their number; smoothed labels in training.

        Args:
            token_BT: the target without its last symbol, after a start symbol.
            target_BT: the symbol that follows each token.
            target_length_B: on the CPU it is read without holding up a GPU.
            precision: of the matrix products; bfloat16 runs them under autocast where the device can.
        """
        place_N = real_places(target_length_B, token_BT.shape[1]).to(token_BT.device, non_blocking=True)
        target_N = target_BT.flatten()[place_N]
        with products_in(precision, token_BT.device.type):
            y_BTD, _ = self.decode(token_BT, self.start(source_BS, source_length_B))
            y_NE = self.project(y_BTD.flatten(0, 1)[place_N])  # padding is predicted by nobody
            logit_NV = linear(y_NE, self.output_weight, self.output_bias)
        nats = summed_nll(logit_NV, target_N)
        if self.training and self.config.label_smoothing:
            nats = nats + self.config.label_smoothing * self._smoothing(y_NE, target_N)
        return nats, len(target_N)

    def _smoothing(self, y_NE: Tensor, target_N: Tensor) -> Tensor:
        """How far the targets' logits lie above the mean of all symbols', summed: what smoothed labels penalise.

        With labels (1 - ε) one-hot + ε uniform the cross-entropy is log Σ exp x - (1 - ε) x_target - ε mean(x), that of hard
        labels + ε (x_target - mean(x)). Both are read off the weights, without another pass over logit_NV.
        """
        y_NE = y_NE.to(self.output_weight.dtype)
        towards_NE = self.output_weight[target_N] - self.output_weight.mean(dim=0)
        return (y_NE * towards_NE).sum() + (self.output_bias[target_N] - self.output_bias.mean()).sum()


class Unpadded:
    """A translator that reads sources of one length, given as an array, as the engine's does."""

    def __init__(self, model: Translator) -> None:
        self.model, self.scan = model, model.scan

    @torch.no_grad()
    def start(self, source_SL: NDArray[np.int64]) -> State:
        """Read sources; all that the decoder will know of them is in the state."""
        source = torch.from_numpy(source_SL).to(self.model.output_bias.device, non_blocking=True)
        return self.model.start(source, torch.full((len(source_SL),), source_SL.shape[1]))


def build_decoder(config: AnyTranslatorConfig, width: int, encoder_width: int) -> RecurrentDecoder | CausalTransformer:
    """Of the configuration's family, weights at random.

    Args:
        width: features of an embedding.
    """
    match config:
        case RecurrentTranslatorConfig():
            return RecurrentDecoder(config, width, source_width=encoder_width + width, ends_width=encoder_width)
        case TransformerTranslatorConfig():
            return CausalTransformer(config.decoder(), width, encoder_width)


def embed(table: nn.Embedding, token_BT: Tensor) -> Tensor:
    """x_BTE, scaled to the size of other features (Vaswani et al. 2017, section 3.4)."""
    return table(token_BT) * table.embedding_dim**0.5


def ends(y_BSD: Tensor, length_B: Tensor, *, both_directions: bool) -> Tensor:
    """The encoder's output where it ended: at the last real token; of the backward half, at the first."""
    last_BD = y_BSD[torch.arange(len(y_BSD), device=y_BSD.device), length_B - 1]
    if not both_directions:
        return last_BD
    half = y_BSD.shape[-1] // 2
    return torch.cat([last_BD[:, :half], y_BSD[:, 0, half:]], dim=-1)

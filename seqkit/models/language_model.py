"""A causal language model: embeddings, a body of either family, and a softmax over the vocabulary.

Axes: B streams, T tokens, E embedding features, D features of the body, V symbols.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, linear

from seqkit.architecture.language_model import AnyLanguageModelConfig
from seqkit.models.build import build_causal
from seqkit.models.dropout import Dropout
from seqkit.models.nll import summed_nll
from seqkit.models.precision import products_in
from seqkit.models.state import State

INITIAL = 0.25
"""Standard deviation of the scores of normalised features before training."""


class LanguageModel(nn.Module):
    """Predicts each symbol from those before it, piece by piece, the past carried in a state.

    Args:
        vocabulary: number of symbols V.
    """

    def __init__(self, config: AnyLanguageModelConfig, vocabulary: int) -> None:
        super().__init__()
        self.config = config
        width = config.embedding_width or config.width
        self.embedding = nn.Embedding(vocabulary, width)
        self.embedding_dropout = config.embedding_dropout
        self.input_dropout = Dropout(config.input_dropout, locked=config.locked)
        self.body = build_causal(config, width)
        self.output_dropout = Dropout(config.output_dropout, locked=config.locked)
        features = width if config.tied else self.body.output_width
        self.project = nn.Identity() if features == self.body.output_width else nn.Linear(self.body.output_width, features)
        self.output_weight = self.embedding.weight if config.tied else nn.Parameter(torch.empty(vocabulary, features))
        self.output_bias = nn.Parameter(torch.zeros(vocabulary))
        # Scores are small at first, so every symbol is about equally likely and training starts at log V.
        nn.init.normal_(self.embedding.weight, std=INITIAL * width**-0.5)
        nn.init.normal_(self.output_weight, std=INITIAL * features**-0.5)

    @property
    def parameter_count(self) -> int:
        """Trained numbers; tied ones count once."""
        return sum(weight.numel() for weight in self.parameters() if weight.requires_grad)

    def start(self, batch: int) -> State:
        """The state before anything was read."""
        return self.body.start(batch)

    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """logit_BTV of the symbol after each token, and the state after the last one."""
        y_BTD, state = self.body.scan(self.input_dropout(self.embed(token_BT)), state)
        return linear(self.project(self.output_dropout(y_BTD)), self.output_weight, self.output_bias), state

    def embed(self, token_BT: Tensor) -> Tensor:
        """x_BTE, scaled to the size of other features (Vaswani et al. 2017, section 3.4); in training some symbols are zero."""
        x_BTE = self.embedding(token_BT) * self.embedding.embedding_dim**0.5
        if not self.training or self.embedding_dropout == 0:
            return x_BTE
        kept_V = dropout(torch.ones_like(self.output_bias), self.embedding_dropout)
        return x_BTE * kept_V[token_BT][:, :, None]

    def loss(self, token_BT: Tensor, target_BT: Tensor, state: State, *, precision: torch.dtype) -> tuple[Tensor, int, State]:
        """Negative log-likelihood of all targets, summed, in nats; their number B·T; and the state after them.

        Args:
            target_BT: the symbol that follows each token.
            precision: of the matrix products; bfloat16 runs them under autocast where the device can. The log-likelihood stays
                in float32.
        """
        with products_in(precision, token_BT.device.type):
            logit_BTV, state = self.scan(token_BT, state)
        return summed_nll(logit_BTV.flatten(0, 1), target_BT.flatten()), target_BT.numel(), state

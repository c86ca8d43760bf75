"""What is particular to language modelling in training: its batches, its loss, its score on dev.

Axes: B streams, T tokens.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from seqkit.data.streams import Window, contiguous_batches, contiguous_windows, shuffled_windows, window_batches
from seqkit.data.token_store import Tokens
from seqkit.models.language_model import LanguageModel
from seqkit.models.state import State
from seqkit.tasks.language_modeling.protocols import carried_in_streams

DEV_STREAMS = 16
WARM_UP = 256  # tokens read before each stream of dev is scored


class TextBatches:
    """Trains a `LanguageModel` on a stream of tokens.

    A state of constant size is carried from window to window over contiguous streams, gradients cut between them (truncated
    back-propagation through time). A state that grows is not: such a model gets whole windows in random order.
    """

    def __init__(
        self,
        model: LanguageModel,
        train: Tokens,
        dev: Tokens,
        *,
        batch_size: int,
        window: int,
        precision: torch.dtype,
        seed: int,
    ) -> None:
        self.model = model
        self.train = train
        self.dev = dev
        self.batch_size = batch_size
        self.window = window
        self.precision = precision
        self.seed = seed
        self.device = next(model.parameters()).device
        self.carries = not model.start(1).caches
        self.carried: dict[str, Tensor] = {}

    def batches_per_epoch(self) -> int:
        """Updates in one pass over the training text."""
        count = contiguous_batches if self.carries else window_batches
        return count(len(self.train), self.batch_size, self.window)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Window]:
        """The windows of an epoch, from batch `start` on."""
        read = contiguous_windows if self.carries else shuffled_windows
        return read(self.train, self.batch_size, self.window, seed=self.seed, epoch=epoch, start=start)

    def loss(self, batch: Window) -> tuple[Tensor, int]:
        """Negative log-likelihood in nats summed over B·T targets, and their number; keeps the state for the next window."""
        token_BT = torch.from_numpy(batch.token_BT).to(self.device, non_blocking=True)
        target_BT = torch.from_numpy(batch.target_BT).to(self.device, non_blocking=True)
        if batch.fresh:
            state = self.model.start(len(token_BT))
        else:
            state = State({name: part.to(self.device) for name, part in self.carried.items()})
        nats, count, state = self.model.loss(token_BT, target_BT, state, precision=self.precision)
        if self.carries:
            self.carried.clear()
            self.carried.update(state.detach().carry)
        return nats, count

    def dev_score(self) -> float:
        """Minus the nats a token on dev, the state carried; side by side in streams, each warmed up before it is scored."""
        return -carried_in_streams(self.model, self.dev, DEV_STREAMS, WARM_UP).nats_per_token

"""Training a recurrent network on a synthetic problem, and how far its gradient reaches back.

Axes: B sequences, T steps, D input features, H features of the body, K answers of a sequence, O features of an answer.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from seqkit.architecture.causal import CausalRecurrentConfig
from seqkit.models.causal_recurrent import CausalRecurrent
from seqkit.models.inspection.gradients import Reach, carry_reach
from seqkit.models.state import State
from seqkit.run.claims.problems import Problem, Sample

HELD_OUT = 256  # sequences on which a network is judged


class Answerer(nn.Module):
    """A recurrent body and a linear answer at each step."""

    def __init__(self, config: CausalRecurrentConfig, problem: Problem) -> None:
        super().__init__()
        self.body = CausalRecurrent(config, problem.inputs)
        self.output_projection = nn.Linear(config.width, problem.outputs)

    def start(self, batch: int) -> State:
        """The state before anything was read."""
        return self.body.start(batch)

    def scan(self, x_BTD: Tensor, state: State) -> tuple[Tensor, State]:
        """answer_BTO after each step, and the state after the last."""
        y_BTH, state = self.body.scan(x_BTD, state)
        return self.output_projection(y_BTH), state


class SyntheticBatches:
    """An endless supply of sequences, the same for every model with the same seed; one epoch is `updates` batches."""

    def __init__(self, model: Answerer, problem: Problem, *, batch_size: int, updates: int, seed: int) -> None:
        self.model = model
        self.problem = problem
        self.batch_size = batch_size
        self.updates = updates
        self.seed = seed
        self.device = next(model.parameters()).device
        self.carried: dict[str, Tensor] = {}

    def batches(self, epoch: int, start: int = 0) -> Iterator[Sample]:
        """Those of an epoch, from batch `start` on."""
        for number in range(start, self.updates):
            yield self.draw(self.batch_size, 1 + epoch * self.updates + number)

    def batches_per_epoch(self) -> int:
        """Updates in an epoch."""
        return self.updates

    def loss(self, batch: Sample) -> tuple[Tensor, int]:
        """The loss summed over the answers, and their number B·K."""
        loss_BK = self.losses(batch)
        return loss_BK.sum(), loss_BK.numel()

    def dev_score(self) -> float:
        """Minus the mean loss on sequences that are never trained on."""
        return -float(self.losses(self.draw(HELD_OUT, 0)).mean())

    def losses(self, batch: Sample) -> Tensor:
        """loss_BK of each answer."""
        answer_BTO, _ = self.model.scan(batch.x_BTD, self.model.start(len(batch.x_BTD)))
        return self.problem.losses(answer_BTO[:, -batch.target_BK.shape[1] :], batch.target_BK)

    def draw(self, count: int, number: int) -> Sample:
        """The sequences of a number, 0 being held out."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        return Sample(*(part.to(self.device) for part in self.problem.draw(count, generator)))


def answer_reach(model: Answerer, problem: Problem, *, longest: int, sequences: int = 16, seed: int = 0) -> Reach:
    """The gradient of the last answer's loss with respect to the state k steps before it, as `state_reach` of a text.

    Args:
        longest: distances looked at; the problem's sequences must be longer.
    """
    sample = problem.draw(sequences, torch.Generator().manual_seed(seed))
    device = next(model.parameters()).device
    x_BTD, target_BK = (part.to(device) for part in sample)
    before_BTD, x_BTD = x_BTD[:, :-longest], x_BTD[:, -longest:]
    with torch.no_grad():
        _, state = model.scan(before_BTD, model.start(sequences)) if before_BTD.shape[1] else (None, model.start(sequences))

    def loss(answer_B1O: Tensor) -> Tensor:
        return problem.losses(answer_B1O, target_BK[:, -1:]).sum()

    return carry_reach(model.scan, x_BTD.split(1, dim=1), state, loss)

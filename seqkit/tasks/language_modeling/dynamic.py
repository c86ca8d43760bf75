"""Dynamic evaluation (Krause, Kahembwe, Murray & Renals 2018): a model that goes on learning from the text it is scored on.

Every segment is scored before its gradient is taken, so no token is predicted by weights that have seen it. The figure
answers another question than a static one, so it is never given without it.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch

from seqkit.data.token_store import Tokens
from seqkit.errors import UserError
from seqkit.models.language_model import LanguageModel
from seqkit.tasks.language_modeling.protocols import (
    Carried,
    Stream,
    TokenLosses,
    Totals,
    device_of,
    evaluate,
    evaluating,
    token_nats,
)


@dataclass(frozen=True)
class StaticAndDynamic:
    """The same text twice, the state carried: by the model as it is, and by a copy that learns as it goes."""

    static: TokenLosses
    dynamic: TokenLosses


def evaluate_dynamically(
    model: LanguageModel,
    tokens: Tokens,
    *,
    end: int,
    learning_rate: float,
    segment: int = 64,
    decay: float = 0.0,
) -> StaticAndDynamic:
    """Static and dynamic nats of a split, both `carried`; the model's own weights stay as they are.

    After each segment w becomes w - learning_rate · g + decay · (w_0 - w), g being the gradient of the segment's mean nats
    through its own tokens and w_0 the trained weights.

    Args:
        end: the document boundary, after which the first token is predicted.
        segment: tokens between two updates; the logits of one segment are held at once.
        decay: the share of the way back to the trained weights, between 0 and 1.

    Raises:
        UserError: there is no token, or the learning rate is so large that the nats are no longer finite.
    """
    static = evaluate(model, tokens, Carried(), end=end)
    learner = deepcopy(model)
    weights = [weight for weight in learner.parameters() if weight.requires_grad]
    trained = [weight.detach().clone() for weight in weights]
    totals, stream, device = Totals(len(tokens), 0), Stream(tokens, end), device_of(model)
    state = learner.start(1)
    with evaluating(learner), torch.enable_grad():
        for first in range(0, len(tokens), segment):
            token_1T, target_1T = torch.from_numpy(stream.pairs(first, min(first + segment, len(tokens)))).to(device)[:, None]
            logit_1TV, state = learner.scan(token_1T, state.detach())
            nats_1T = token_nats(logit_1TV, target_1T)
            totals.add(first, nats_1T[0].detach().double().cpu().numpy())
            if not bool(nats_1T.isfinite().all()):
                message = f"is too large: the nats are no longer finite at token {first:,}"
                raise UserError(f"dynamic evaluation: the learning rate {learning_rate:g} {message}")
            gradients = torch.autograd.grad(nats_1T.mean(), weights, materialize_grads=True)
            with torch.no_grad():
                for weight, gradient, origin in zip(weights, gradients, trained, strict=True):
                    weight.lerp_(origin, decay).add_(gradient, alpha=-learning_rate)
    return StaticAndDynamic(static, totals.losses())

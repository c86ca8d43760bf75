"""A language model made ready to read one token at a time.

Axes: B sequences, T tokens, V symbols, E embedding features, G gates side by side.
"""

import torch
from torch import Tensor, nn

from seqkit.models.causal_recurrent import CausalRecurrent
from seqkit.models.causal_transformer import CausalTransformer
from seqkit.models.language_model import LanguageModel
from seqkit.models.product import suits
from seqkit.models.state import Scanner, State
from seqkit.models.transformer_stepping import TransformerStepper

LARGEST_TABLE = 16_000_000
"""Numbers; beyond this a vocabulary's table would cost more memory than it saves time."""


def stepper(model: LanguageModel) -> Scanner:
    """The quickest reader of single tokens: the model itself where nothing can be prepared."""
    match model.body:
        case CausalRecurrent():
            return Stepper(model, model.body)
        case CausalTransformer() if suits(model.output_bias):
            return TransformerStepper(model, model.body)
        case _:
            return model


class Stepper:
    """`scan` of a recurrent language model in inference, with the model's weights as they stood when it was made.

    What a symbol brings into the first layer depends on the symbol alone, so it is worked out once for each: a look-up then
    takes the place of the first layer's normalisation and of its product with the input weights.
    """

    @torch.inference_mode()
    def __init__(self, model: LanguageModel, body: CausalRecurrent) -> None:
        self.model, self.body = model.eval(), body
        self.layers = body.each_layer()
        self.names = [[f"{number}.{part}" for part in layer.cell.carried] for number, layer in enumerate(self.layers)]
        self.leave = nn.Sequential(body.norm, model.project)
        first = self.layers[0]
        self.embedding_VE = model.embed(torch.arange(len(model.output_bias), device=model.output_bias.device))
        gates = len(first.cell.enter(first.norm(self.embedding_VE[:1]))[0])
        small = gates * len(self.embedding_VE) <= LARGEST_TABLE
        self.gate_VG = first.cell.enter(first.norm(self.embedding_VE)) if small else None

    @torch.inference_mode()
    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """logit_BTV of the symbol after each token, and the state after the last one."""
        if token_BT.shape[1] != 1:
            return self.model.scan(token_BT, state)
        token_B = token_BT[:, 0]
        x_BE = self.embedding_VE[token_B]
        known_BG = None if self.gate_VG is None else self.gate_VG[token_B]
        after: dict[str, Tensor] = {}
        for layer, names in zip(self.layers, self.names, strict=True):
            gate_BG = layer.cell.enter(layer.norm(x_BE)) if known_BG is None else known_BG
            carry = layer.cell.step(gate_BG, tuple(state.carry[name] for name in names))
            after |= zip(names, carry, strict=True)
            x_BE = x_BE + carry[0] if layer.residual else carry[0]
            known_BG = None
        logit_BV = nn.functional.linear(self.leave(x_BE), self.model.output_weight, self.model.output_bias)
        return logit_BV[:, None], State(after, memory=state.memory)

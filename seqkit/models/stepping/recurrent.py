"""A recurrent language model made ready to read one token at a time on a CPU.

Axes: B sequences, V symbols, D input features, H features of a layer, G gates side by side, T = 1 step.

NumPy's step, for the reasons given in `transformer`. What a symbol brings into the first layer depends on the symbol
alone, so it is worked out once for each: a look-up then takes the place of the first layer's norm and of its product with the
input weights. The gain and bias of a norm join the weights behind it.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from seqkit.models.causal_recurrent import CausalLayer, CausalRecurrent, Gated
from seqkit.models.language_model import LanguageModel
from seqkit.models.light.recurrent import sigmoid
from seqkit.models.state import State
from seqkit.models.stepping.product import LARGEST_TABLE, Array, Product, array, floor, unit

Carry = tuple[Array, ...]
"""What passes from step to step, each B x H: the output, then an LSTM's memory."""


class RecurrentStepper:
    """`scan` of a recurrent language model in inference, with the model's weights as they stood when it was made."""

    @torch.inference_mode()
    def __init__(self, model: LanguageModel, body: CausalRecurrent) -> None:
        self.model = model.eval()
        self.layers = [LayerStep(number, layer) for number, layer in enumerate(body.each_layer())]
        self.x_VD = array(model.embed(torch.arange(len(model.output_bias))))
        first = self.layers[0]
        small = first.gates * len(self.x_VD) <= LARGEST_TABLE
        self.gate_VG = first.input_projection(self.x_VD) if small else None
        norm = body.norm if isinstance(body.norm, nn.LayerNorm) else None
        self.output_projection = output_products(norm, model.project, model.output_weight, model.output_bias)

    @torch.inference_mode()
    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """logit_BTV of the symbol after each token, and the state after the last one."""
        if token_BT.shape[1] != 1:
            return self.model.scan(token_BT, state)
        token_B = token_BT[:, 0].numpy()
        x_BD = self.x_VD[token_B]
        gate_BG = None if self.gate_VG is None else self.gate_VG[token_B]
        after: dict[str, Tensor] = {}
        for layer in self.layers:
            gate_BG = layer.input_projection(x_BD) if gate_BG is None else gate_BG
            carry = layer.step(gate_BG, tuple(state.carry[name].numpy() for name in layer.names))
            after |= {name: torch.from_numpy(part) for name, part in zip(layer.names, carry, strict=True)}
            x_BD = x_BD + carry[0] if layer.residual else carry[0]
            gate_BG = None
        for product in self.output_projection:
            x_BD = product(x_BD)
        return torch.from_numpy(x_BD)[:, None], State(after, memory=state.memory)


class LayerStep:
    """One layer: the gates of its input, then `step`, which may write over them, to the next carry."""

    def __init__(self, number: int, layer: CausalLayer) -> None:
        cell = layer.cell
        self.names = [f"{number}.{part}" for part in cell.carried]
        self.residual = layer.residual
        norm = layer.norm if isinstance(layer.norm, nn.LayerNorm) else None
        if isinstance(cell, Gated):
            self.input_projection = Normed(cell.input_weight, cell.input_bias, norm)
            self.recurrent_projection = Product(cell.recurrent_weight, cell.recurrent_bias)
            self.gated = STEPS[cell.family]
        else:
            self.input_projection = Normed(cell.input_projection.weight, cell.input_projection.bias, norm)
            self.recurrent_projection = self.gated = None
        self.gates = self.input_projection.product.bias_X.size

    def step(self, gate_BG: Array, carry: Carry) -> Carry:
        """The carry after one token; the one given stays as it is."""
        if self.recurrent_projection is None or self.gated is None:
            return step_mingru(gate_BG, carry)
        return self.gated(gate_BG, self.recurrent_projection(carry[0]), carry)


class Normed:
    """A product with what a layer norm makes of its input, or with the input itself."""

    def __init__(self, weight_XD: Tensor, bias_X: Tensor, norm: nn.LayerNorm | None) -> None:
        self.product = Product(weight_XD, bias_X, norm)
        self.floor = None if norm is None else floor(norm)

    def __call__(self, x_BD: Array) -> Array:
        """y_BX."""
        if self.floor is None:
            return self.product(x_BD)
        return self.product(unit(x_BD - x_BD.mean(axis=1, keepdims=True), self.floor))


def output_products(
    norm: nn.LayerNorm | None, project: nn.Module, weight_VD: Tensor, bias_V: Tensor
) -> list[Callable[[Array], Array]]:
    """The products, one after the other, from the last layer's output to logit_BV."""
    weights = [(weight_VD, bias_V)]
    if isinstance(project, nn.Linear):
        weights.insert(0, (project.weight, project.bias))
    return [Normed(*weights[0], norm), *(Product(*one) for one in weights[1:])]


def step_rnn(gate_BG: Array, past_BG: Array, carry: Carry) -> Carry:
    """h = tanh(W x + b + U h + d)."""
    gate_BG += past_BG
    return (np.tanh(gate_BG, out=gate_BG),)


def step_lstm(gate_BG: Array, past_BG: Array, carry: Carry) -> Carry:
    """c = f c + i g and h = o tanh(c)."""
    hidden = carry[1].shape[1]
    gate_BG += past_BG
    add_BH = np.tanh(gate_BG[:, 2 * hidden : 3 * hidden])
    sigmoid(gate_BG)
    add_BH *= gate_BG[:, :hidden]
    c_BH = carry[1] * gate_BG[:, hidden : 2 * hidden]
    c_BH += add_BH
    h_BH = np.tanh(c_BH)
    h_BH *= gate_BG[:, 3 * hidden :]
    return h_BH, c_BH


def step_gru(gate_BG: Array, past_BG: Array, carry: Carry) -> Carry:
    """h = (1 - z) n + z h, with n = tanh(W x + b + r (U h + d))."""
    hidden = carry[0].shape[1]
    both_BX = gate_BG[:, : 2 * hidden]  # X = 2 H: reset, keep
    both_BX += past_BG[:, : 2 * hidden]
    sigmoid(both_BX)
    new_BH = past_BG[:, 2 * hidden :]
    new_BH *= both_BX[:, :hidden]
    new_BH += gate_BG[:, 2 * hidden :]
    np.tanh(new_BH, out=new_BH)
    h_BH = carry[0] - new_BH
    h_BH *= both_BX[:, hidden:]
    h_BH += new_BH
    return (h_BH,)


def step_mingru(gate_BG: Array, carry: Carry) -> Carry:
    """h = (1 - z) h + z g."""
    write_BH, candidate_BH = np.split(gate_BG, 2, axis=1)
    new_BH = np.minimum(candidate_BH, 0)
    sigmoid(new_BH)
    new_BH += np.maximum(candidate_BH, 0)
    sigmoid(write_BH)
    new_BH -= carry[0]
    new_BH *= write_BH
    new_BH += carry[0]
    return (new_BH,)


STEPS: dict[str, Callable[[Array, Array, Carry], Carry]] = {"rnn": step_rnn, "lstm": step_lstm, "gru": step_gru}

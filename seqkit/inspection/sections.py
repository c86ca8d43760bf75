"""What was found inside a model, as sections of a report: the same for every task.

Axes: N heads, T tokens, S tokens looked at, H features, U units shown.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor, nn

from seqkit.errors import UserError
from seqkit.inspection.maps import attention_maps, heat, numbers, signed
from seqkit.models.causal_recurrent import CausalLayer
from seqkit.models.causal_transformer import CausalBlock
from seqkit.models.inspection.attention import self_attention
from seqkit.models.inspection.gates import Gates, layer_gates
from seqkit.models.inspection.recording import Calls
from seqkit.models.mingru import MinGRU
from seqkit.models.recurrent import RecurrentLayer
from seqkit.models.transformer import TransformerBlock
from seqkit.report.report import Block, Heat, Scale, Section, Table

UNITS = 8  # of a layer's states shown one by one: those that change most

GATES = """What a gate lets through at each token, from 0 to 1, the mean over the layer's units. A mean says little of single
units, so the table counts those nearly shut and nearly open (Karpathy, Johnson & Li 2015)."""
MEANINGS = {
    "forget": "forget: what is kept of the cell state",
    "input": "input: how much of the new candidate is written",
    "output": "output: how much of the cell state is shown",
    "reset": "reset: how much of the state the new candidate sees",
    "update": "update: what is kept of the state",
}
MINGRU_UPDATE = "update: how much of the state is overwritten"
ATTENTION = "Where each token (a row) looks, the mean over heads; every row sums to 1."

AnyLayer = RecurrentLayer | CausalLayer | TransformerBlock | CausalBlock


@dataclass(frozen=True)
class Stack:
    """Layers one above the other, and the tokens they read.

    Args:
        name: such as `encoder`; empty where the model has but one stack.
        layers: by their numbers from 1 on; those that are to be shown.
        tokens: labels of what they read, in the order in which they read it.
    """

    name: str
    layers: Mapping[int, AnyLayer]
    tokens: tuple[str, ...]

    def title(self, number: int) -> str:
        """`Encoder, layer 2`."""
        return f"{self.name.capitalize()}, layer {number}" if self.name else f"Layer {number}"


def chosen_layers(stacks: Sequence[tuple[nn.Module, tuple[str, ...], str]], chosen: Collection[int]) -> list[Stack]:
    """The stacks of a model with the layers asked for, or all of them.

    Args:
        stacks: of each, the module that holds the layers, the labels of what they read, and the name.

    Raises:
        UserError: no stack has a layer of a number asked for.
    """
    found: list[Stack] = []
    for module, tokens, name in stacks:
        held = module.get_submodule("blocks" if hasattr(module, "blocks") else "layers")
        layers = {number: layer for number, layer in enumerate(held.children(), 1) if isinstance(layer, AnyLayer)}
        found.append(Stack(name, layers, tokens))
    most = max(len(stack.layers) for stack in found)
    for number in chosen:
        if not 1 <= number <= most:
            raise UserError(f"--layer {number}: this model has {f'layers 1 to {most}' if most > 1 else 'one layer'}")
    return [replace(s, layers={n: x for n, x in s.layers.items() if not chosen or n in chosen}) for s in found]


def stack_sections(stack: Stack, calls: Calls) -> list[Section]:
    """Gates and states of recurrent layers, attention of a Transformer's."""
    of = f" of the {stack.name}" if stack.name else ""
    gated = {
        n: layer_gates(layer, calls) for n, layer in stack.layers.items() if isinstance(layer, RecurrentLayer | CausalLayer)
    }
    looking = {n: self_attention(b, calls)[0] for n, b in stack.layers.items() if isinstance(b, TransformerBlock | CausalBlock)}
    sections: list[Section] = []
    if any(gates.shares for found in gated.values() for gates in found.values()):
        blocks: list[Block] = [_gates(stack, number, found) for number, found in gated.items()]
        sections.append(Section(f"Gates{of}", f"{GATES}\n\n{_meanings(stack, gated)}", (*blocks, _saturation(stack, gated))))
    if gated:
        about = f"The {UNITS} units of each layer and direction that change most over the text."
        states = [_states(stack, *place) for place in _states_of(gated)]
        sections.append(Section(f"States{of}", about, tuple(states), detail=True))
    if looking:
        means = {stack.title(number): weight_NTS.mean(dim=0) for number, weight_NTS in looking.items()}
        heads = {
            f"{stack.title(number)}, head {head}": weight_TS
            for number, weight_NTS in looking.items()
            for head, weight_TS in enumerate(weight_NTS, 1)
        }
        tokens = stack.tokens
        sections += [
            Section(f"Attention{of}", ATTENTION, attention_maps(means, tokens, tokens)),
            Section(f"Attention{of}, head by head", "", attention_maps(heads, tokens, tokens), detail=True),
        ]
    return sections


def _gates(stack: Stack, number: int, found: Mapping[str, Gates]) -> Heat:
    """Tokens × gates, of one layer, both directions side by side."""
    names = [_name(gate, way, found) for way, gates in found.items() for gate in gates.shares]
    means = [numbers(share_1TH[0].mean(dim=-1)) for gates in found.values() for share_1TH in gates.shares.values()]
    return heat(stack.title(number), np.stack(means, axis=1), stack.tokens, names, Scale("mean of the gate", 0, 1))


def _saturation(stack: Stack, gated: Mapping[int, Mapping[str, Gates]]) -> Table:
    rows: list[tuple[str, float, float, float]] = []
    for number, found in gated.items():
        for way, gates in found.items():
            for gate, share in gates.shares.items():
                shut, open_ = (share < 0.1).double().mean(), (share > 0.9).double().mean()
                rows.append(
                    (
                        f"{stack.title(number)}: {_name(gate, way, found)}",
                        round(float(share.mean()), 3),
                        round(100 * float(shut), 1),
                        round(100 * float(open_), 1),
                    )
                )
    return Table("Nearly shut and nearly open", ("gate", "mean", "below 0.1 (%)", "above 0.9 (%)"), tuple(rows))


def _states_of(gated: Mapping[int, Mapping[str, Gates]]) -> list[tuple[int, str, str, Tensor]]:
    return [
        (number, name, _name(name, way, found), state_1TH[0])
        for number, found in gated.items()
        for way, gates in found.items()
        for name, state_1TH in gates.states.items()
    ]


def _states(stack: Stack, number: int, kind: str, name: str, state_TH: Tensor) -> Heat:
    most = min(UNITS, state_TH.shape[1])
    unit_U = state_TH.std(dim=0, correction=0).topk(most).indices.sort().values
    values = numbers(state_TH[:, unit_U])
    labels = [f"unit {unit + 1}" for unit in unit_U.tolist()]
    return heat(f"{stack.title(number)}, {name} state", values, stack.tokens, labels, signed(f"{kind} state", values))


def _name(what: str, way: str, found: Mapping[str, Gates]) -> str:
    """`forget`, or `forward forget` in a layer of two directions."""
    return f"{way} {what}" if len(found) > 1 else what


def _meanings(stack: Stack, gated: Mapping[int, Mapping[str, Gates]]) -> str:
    first = next(iter(next(iter(gated.values())).values()))
    written = any(isinstance(module, MinGRU) for layer in stack.layers.values() for module in layer.modules())
    return "; ".join(MINGRU_UPDATE if written else MEANINGS[gate] for gate in first.shares) + "."

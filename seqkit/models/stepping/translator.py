"""A translator made ready to write one symbol at a time on a CPU, by NumPy, for the reasons given in `product`.

Axes: B sequences, T symbols, V symbols of the target, E features of an embedding, D of the decoder.
"""

import torch
from torch import Tensor, nn

from seqkit.models.decoder import RecurrentDecoder
from seqkit.models.state import Scanner, State
from seqkit.models.stepping.bridges import ReadingStep
from seqkit.models.stepping.product import Product, array, suits
from seqkit.models.stepping.recurrent import LayerStep, output_products
from seqkit.models.translator import Translator, embed


def translator_stepper(model: Translator) -> Scanner:
    """The quickest writer of single symbols: the model itself where nothing can be prepared."""
    if not suits(model.output_bias):
        return model
    decoder = model.decoder
    return RecurrentWriter(model, decoder) if isinstance(decoder, RecurrentDecoder) else TransformerWriter(model)


class RecurrentWriter:
    """`scan` of a translator with a recurrent decoder in inference, with the weights as they stood when it was made."""

    @torch.inference_mode()
    def __init__(self, model: Translator, decoder: RecurrentDecoder) -> None:
        self.model = model.eval()
        self.x_VE = array(embed(model.target, torch.arange(len(model.output_bias))))
        self.layers = [LayerStep(number, layer) for number, layer in enumerate(decoder.each_layer())]
        places = range(len(self.layers) + 1)
        self.readings = {place: ReadingStep(reading) for place in places if (reading := decoder.reading(place))}
        norm = decoder.norm if isinstance(decoder.norm, nn.LayerNorm) else None
        self.output_projection = output_products(norm, model.project, model.output_weight, model.output_bias)

    @torch.inference_mode()
    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """logit_BTV of the symbol after each, and the state after the last one."""
        if token_BT.shape[1] != 1:
            return self.model.scan(token_BT, state)
        carried = {name: part.numpy() for name, part in state.carry.items()}
        memories = {
            place: {name: part.numpy() for name, part in state.memory_of(str(place)).items()} for place in self.readings
        }
        after: dict[str, Tensor] = {}
        x_BD = self.x_VE[token_BT[:, 0].numpy()]
        for place, layer in enumerate(self.layers):
            if place in self.readings:
                x_BD = self.readings[place](x_BD, memories[place])
            carry = layer.step(layer.input_projection(x_BD), tuple(carried[name] for name in layer.names))
            after |= {name: torch.from_numpy(part) for name, part in zip(layer.names, carry, strict=True)}
            x_BD = x_BD + carry[0] if layer.residual else carry[0]
        if len(self.layers) in self.readings:
            x_BD = self.readings[len(self.layers)](x_BD, memories[len(self.layers)])
        for product in self.output_projection:
            x_BD = product(x_BD)
        return torch.from_numpy(x_BD)[:, None], State(after, memory=state.memory)


class TransformerWriter:
    """`scan` of a translator in inference, with its output weights as they stood when it was made.

    The product with the whole vocabulary is the largest of a step.
    """

    @torch.inference_mode()
    def __init__(self, model: Translator) -> None:
        self.model = model.eval()
        self.output = Product(model.output_weight, model.output_bias)

    @torch.inference_mode()
    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """logit_BTV of the symbol after each, and the state after the last one."""
        y_BTD, state = self.model.decode(token_BT, state)
        x_BTE = self.model.project(y_BTD)
        return torch.from_numpy(self.output(x_BTE.flatten(0, 1).numpy())).view(*token_BT.shape, -1), state

"""A translator made ready to write one symbol at a time.

Axes: B sequences, T symbols, V symbols of the target.
"""

import torch
from torch import Tensor

from seqkit.models.product import Product, suits
from seqkit.models.state import Scanner, State
from seqkit.models.translator import Translator


def translator_stepper(model: Translator) -> Scanner:
    """The quickest writer of single symbols: the model itself where nothing can be prepared."""
    return TranslatorStepper(model) if suits(model.output_bias) else model


class TranslatorStepper:
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

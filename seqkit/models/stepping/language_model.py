"""A language model made ready to read one token at a time."""

from seqkit.models.causal_recurrent import CausalRecurrent
from seqkit.models.causal_transformer import CausalTransformer
from seqkit.models.language_model import LanguageModel
from seqkit.models.state import Scanner
from seqkit.models.stepping.product import suits
from seqkit.models.stepping.recurrent import RecurrentStepper
from seqkit.models.stepping.transformer import TransformerStepper


def stepper(model: LanguageModel) -> Scanner:
    """The quickest reader of single tokens: the model itself where nothing can be prepared, as on a GPU."""
    match model.body:
        case CausalRecurrent() if suits(model.output_bias):
            return RecurrentStepper(model, model.body)
        case CausalTransformer() if suits(model.output_bias):
            return TransformerStepper(model, model.body)
        case _:
            return model

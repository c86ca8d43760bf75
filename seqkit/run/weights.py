"""The weights of a model folder."""

from collections.abc import Mapping

from torch import Tensor, nn

FORMAT = 1  # of the model folder; raised when an old reader would misread a new folder


def fill(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put weights into a model; its buffers are computed, not stored.

    Raises:
        ValueError: they are not the weights of this model.
    """
    fault = ValueError("weights.safetensors does not fit config.json")
    # Not the state dictionary: tied weights stand there under each of their names.
    if weights.keys() != dict(model.named_parameters()).keys():
        raise fault
    try:
        model.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # shapes
        raise fault from error

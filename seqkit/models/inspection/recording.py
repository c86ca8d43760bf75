"""What the modules of a model were given and gave, recorded while it runs; the model itself is left as it was."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from torch import Tensor, nn


class Call(NamedTuple):
    """The positional arguments of a module's `forward`, and its result."""

    given: tuple[Any, ...]
    gave: Any


Calls = dict[nn.Module, Call]


@contextmanager
def recorded(model: nn.Module) -> Generator[Calls]:
    """The last call inside of each module of the model."""
    calls: Calls = {}

    def keep(module: nn.Module, given: tuple[Any, ...], gave: Any) -> None:
        calls[module] = Call(given, gave)

    with ExitStack() as hooks:
        for module in model.modules():
            hooks.callback(module.register_forward_hook(keep).remove)
        yield calls


@contextmanager
def leaves(module: nn.Module) -> Generator[list[Tensor]]:
    """All outputs of a module inside, call by call, cut off from what made them: gradients are taken with respect to them."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _given: tuple[Any, ...], gave: Tensor) -> Tensor:
        kept.append(gave.detach().requires_grad_())
        return kept[-1]

    hook = module.register_forward_hook(keep)
    try:
        yield kept
    finally:
        hook.remove()

"""seqkit: sequence tagging and generation with small recurrent networks, compared honestly with Transformers.

>>> import seqkit
>>> tagger = seqkit.load_tagger("runs/ner/latest")
>>> for entity in tagger.tag(["Ada Lovelace wrote from London."])[0]:
...     print(entity.text, entity.label, entity.confidence)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqkit.version import __version__

__all__ = [
    "UserError",
    "__version__",
    "compare",
    "evaluate",
    "load",
    "load_language_model",
    "load_tagger",
    "load_translator",
    "resume",
    "train",
]

if TYPE_CHECKING:
    from seqkit.api import compare, evaluate, resume, train
    from seqkit.errors import UserError
    from seqkit.loading import load, load_language_model, load_tagger, load_translator


def __getattr__(name: str) -> Any:
    # Training needs PyTorch, whose import takes seconds; neither `import seqkit` nor using a model does.
    if name not in __all__:
        raise AttributeError(f"module 'seqkit' has no attribute '{name}'")
    if not name.startswith(("load", "User")):
        import_module("seqkit.run.threads").bound_waiting()
    module = "errors" if name == "UserError" else "loading" if name.startswith("load") else "api"
    return getattr(import_module(f"seqkit.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

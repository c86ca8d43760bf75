"""seqkit: sequence tagging and generation with small recurrent networks, compared honestly with Transformers.

>>> import seqkit
>>> tagger = seqkit.load_tagger("runs/ner/latest")
>>> for entity in tagger.tag(["Ada Lovelace wrote from London."])[0]:
...     print(entity.text, entity.label, entity.confidence)
"""

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
    from seqkit.api import compare, evaluate, load, load_language_model, load_tagger, load_translator, resume, train
    from seqkit.errors import UserError


def __getattr__(name: str) -> Any:
    # Models need torch, whose import takes seconds; `import seqkit` alone must not.
    if name == "UserError":
        from seqkit.errors import UserError

        return UserError
    if name in __all__:
        from seqkit import api

        return getattr(api, name)
    raise AttributeError(f"module 'seqkit' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

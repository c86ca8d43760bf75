"""seqkit: sequence tagging and generation with small recurrent networks, compared honestly with Transformers.

>>> import seqkit
>>> tagger = seqkit.load("runs/ner/latest")
>>> for entity in tagger.tag(["Ada Lovelace wrote from London."])[0]:
...     print(entity.text, entity.label, entity.confidence)
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "load"]

if TYPE_CHECKING:
    from seqkit.run.saved import load


def __getattr__(name: str) -> Any:
    # Loading a model needs torch, whose import takes seconds; `import seqkit` alone must not.
    if name == "load":
        from seqkit.run.saved import load

        return load
    raise AttributeError(f"module 'seqkit' has no attribute '{name}'")

"""What the recipes of all tasks hold: one corpus, one model, everything a run needs but the seed's luck."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator

from seqkit.config import Config
from seqkit.recipe.building import build, merge
from seqkit.recipe.spaces import Space, flat
from seqkit.training.loop import TrainConfig


class CompareConfig(Config):
    """What `seqkit compare` sets against the recipe.

    Args:
        name: what the recipe's own system is called; its family if left out.
        match: what is made equal. `parameters` resizes each rival's width to within 2 % of the recipe's parameters; `steps`
            gives each as many updates as the recipe makes, `time` as many seconds of them (`train.seconds`), the systems of a
            seed trained in turns, widths as written; `none` takes rivals as given.
        seeds: each system is trained once with each.
        rivals: by name, what differs from the recipe, as tables or dotted keys.
        tune: for `--tune`, the space of each key that is searched, such as `train.learning_rate`: a list of values, or a table
            of `low`, `high` and `log`. A rival may override it: `compare.rivals.gru.compare.tune`.
    """

    name: str = ""
    match: Literal["parameters", "steps", "time", "none"] = "parameters"
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1)
    rivals: dict[str, dict[str, Any]] = Field(default_factory=dict)
    tune: dict[str, Space] = Field(default_factory=dict)

    @field_validator("tune", mode="before")
    @classmethod
    def _flat(cls, given: Any) -> Any:
        return flat(given) if isinstance(given, Mapping) else given


class Recipe(Config):
    """What recipes of all tasks have; each task's own class says what its tables hold.

    Args:
        task: its name in `TASKS`.
        about: one line for `seqkit recipes list`.
        corpus: a card's name, as `ner/wnut17`.
        fraction: the share of the training split that is used: sentences at random, of running text its beginning; the same
            for every model, and a part of every larger share.
        tokenizer: the task's own, of what turns text into the model's input.
        model: the task's own, of one family or another.
        evaluation: what is measured after training; None where a task leaves no choice.
    """

    task: str
    about: str = ""
    corpus: str
    fraction: float = Field(default=1.0, gt=0, le=1)
    train: TrainConfig = TrainConfig()
    compare: CompareConfig = CompareConfig()
    tokenizer: Any = None
    model: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Every value, defaults included."""
        return self.model_dump(mode="json")

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change whenever anything that shapes the trained model does."""
        shaping = {key: value for key, value in self.to_dict().items() if key not in ("about", "compare")}
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]

    def metadata(self, corpus: str) -> dict[str, Any]:
        """What a model trained by it on a corpus of this name is to remember."""
        return {"task": self.task, "corpus": corpus, "fingerprint": self.fingerprint(), "seed": self.train.seed}

    def on(self, corpus: str) -> Self:
        """The recipe on another corpus."""
        return self.model_copy(update={"corpus": corpus})

    def rival(self, name: str) -> Self:
        """The recipe with one rival's differences applied.

        Raises:
            UserError: they do not fit.
        """
        return self._with(self.compare.rivals[name], f"compare.rivals.{name}")

    def seeded(self, seed: int) -> Self:
        """The recipe with another seed."""
        return self.model_copy(update={"train": self.train.model_copy(update={"seed": seed})})

    def at_fraction(self, fraction: float) -> Self:
        """The recipe with a fraction of its training data, passed over so much more often that training is as long."""
        longer = {"epochs": self.train.epochs / fraction, "evaluate_every": self.train.evaluate_every / fraction}
        return self.model_copy(update={"fraction": self.fraction * fraction, "train": self.train.model_copy(update=longer)})

    def resized(self, **model: float) -> Self:
        """The recipe with other sizes in `[model]`."""
        return self._with({"model": model}, "resized")

    def tuned(self, settings: Mapping[str, Any], source: str = "compare.tune") -> Self:
        """The recipe with other settings, by dotted key.

        Args:
            source: what messages say of where they come from.

        Raises:
            UserError: they do not fit.
        """
        change: dict[str, Any] = {}
        for key, value in settings.items():
            *tables, last = key.split(".")
            table = change
            for name in tables:
                table = table.setdefault(name, {})
            table[last] = value
        return self._with(change, source) if change else self

    def _with(self, change: Mapping[str, Any], source: str) -> Self:
        return build(type(self), merge(type(self), self.to_dict(), change), source, {})

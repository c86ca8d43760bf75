"""The base of every configuration: frozen, strict, and owned by the component it configures."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


class Config(BaseModel):
    """Frozen values, checked when built; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Keys as they were called in an earlier version, which are still read, and as they are called now."""

    @model_validator(mode="before")
    @classmethod
    def _read_old_names(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and not cls.renamed.keys().isdisjoint(given):
            old = {cls.renamed[key]: value for key, value in given.items() if key in cls.renamed}
            return {key: value for key, value in given.items() if key not in cls.renamed} | old
        return given

"""The base of every configuration: frozen, strict, and owned by the component it configures."""

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Frozen values, checked when built; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

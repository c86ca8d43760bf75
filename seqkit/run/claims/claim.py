"""A claim as a recipe: the textbook's sentence, and how it is measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from seqkit.config import Config
from seqkit.data.home import packaged
from seqkit.errors import UserError, suggestion
from seqkit.recipe.building import build
from seqkit.recipe.reading import read_tables
from seqkit.run.claims.clipping import ClippingConfig
from seqkit.run.claims.contest import ContestsConfig
from seqkit.run.claims.gradients import GradientsConfig
from seqkit.run.claims.memory import MemoryConfig
from seqkit.run.claims.streaming import StreamingConfig

AnyMeasureConfig = GradientsConfig | ClippingConfig | MemoryConfig | StreamingConfig | ContestsConfig


class ClaimRecipe(Config):
    """A claim.

    Args:
        claim: what textbooks say.
        source: where one of them says so.
        takes: how long the measurement takes on one CPU thread, roughly, for `seqkit claims list`.
        measure: the kind of measurement and its settings.
    """

    task: Literal["claim"]
    claim: str
    source: str = ""
    takes: str = ""
    measure: Annotated[AnyMeasureConfig, Field(discriminator="kind")]

    def setting(self) -> dict[str, Any]:
        """What shapes each result; the seeds are in the names of the jobs."""
        return self.measure.model_dump(mode="json", exclude={"seeds"})


def claim_names() -> list[str]:
    """The claims that come with seqkit."""
    return sorted(path.stem for path in (packaged("recipes") / "claims").glob("*.toml"))


def claim_path(name: str) -> Path:
    """The file of a claim: its name, or a path ending in .toml.

    Raises:
        UserError: no such claim; suggests the nearest.
    """
    if name.endswith(".toml"):
        if Path(name).is_file():
            return Path(name)
        raise UserError(f"{name}: no such claim file")
    known, name = claim_names(), name.removeprefix("claims/")
    if name not in known:
        raise UserError(f"unknown claim '{name}'{suggestion(name, known)} (known: {', '.join(known)})")
    return packaged("recipes") / "claims" / f"{name}.toml"


def load_claim(name: str, overrides: Sequence[str] = ()) -> ClaimRecipe:
    """Read a claim and apply `--set` overrides such as `measure.updates=20`.

    Raises:
        UserError: names the file, the line and the key, or the override, and the nearest valid key.
    """
    path = claim_path(name)
    values, places = read_tables(path, overrides, lambda _: ClaimRecipe)
    return build(ClaimRecipe, values, str(path), places)

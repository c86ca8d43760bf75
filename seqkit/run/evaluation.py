"""A finished evaluation on disk, `evaluation.json`: what comparisons and claims read."""

from pathlib import Path
from typing import Any, Literal, Self

import torch
from pydantic import ValidationError

from seqkit.config import Config
from seqkit.errors import DataError
from seqkit.run.statistics import TrainingStatistics
from seqkit.tasks.scores import Scores
from seqkit.tasks.trained import Trained
from seqkit.version import __version__

NAME = "evaluation.json"


class Machine(Config):
    """Where figures were measured: those of two machines do not compare.

    Args:
        device: `cpu`, or a GPU's name.
        threads: of the CPU.
    """

    device: str
    threads: int
    torch_version: str
    seqkit_version: str

    @classmethod
    def this(cls, device: torch.device) -> Self:
        """The one this process runs on."""
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        return cls(
            device=name,
            threads=torch.get_num_threads(),
            torch_version=str(torch.__version__),
            seqkit_version=__version__,
        )


class Evaluation(Config):
    """What was measured of one model.

    Args:
        format: of this record; raised when an old reader would misread a new one.
        parameters: trained numbers of the model.
        bytes: of its folder.
        training: how it was trained; None where that was another run.
    """

    format: Literal[1] = 1
    machine: Machine
    parameters: int
    bytes: int
    scores: Scores
    training: TrainingStatistics | None = None

    @classmethod
    def of(cls, trained: Trained[Any, Any], scores: Scores, training: TrainingStatistics | None, device: torch.device) -> Self:
        """The record of a model on this machine."""
        size = sum(map(len, trained.files().values()))
        machine = Machine.this(device)
        return cls(machine=machine, parameters=trained.parameters, bytes=size, scores=scores, training=training)

    def write(self, folder: Path) -> None:
        """Keep it in a run's folder."""
        (folder / NAME).write_text(self.model_dump_json(), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """That of a run's folder.

        Raises:
            DataError: there is none, it is damaged, or it is of another version.
        """
        try:
            return cls.model_validate_json((folder / NAME).read_bytes())
        except OSError as error:
            raise DataError(folder / NAME, None, "cannot be read") from error
        except ValidationError as error:
            raise DataError(folder / NAME, None, "is not an evaluation that this version of seqkit can read") from error

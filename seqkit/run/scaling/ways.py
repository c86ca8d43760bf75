"""The two ways in which a model meets a text: in use and in training."""

from collections.abc import Callable
from typing import Literal

from seqkit.tasks.task import Use, Workload

Way = Literal["use", "training"]
WAYS: dict[Way, Callable[[Workload, int], Use | None]] = {
    "use": lambda workload, length: workload.use(length),
    "training": lambda workload, length: workload.train(length),
}

"""What one piece of work may take of memory and time, and the most memory it took; in the process that does it."""

import math
import resource
import time
from contextlib import suppress
from pathlib import Path

import torch

from seqkit.run.machine import peak_memory


def limit_memory(limit: float, device: torch.device) -> None:
    """Let this process take so many bytes more and none beyond, on a GPU of its memory; else on Linux alone, which tells what
    the process has."""
    if device.type == "cuda":
        share = (torch.cuda.memory_reserved(device) + limit) / torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(share, 1.0), device.index)
        return
    with suppress(OSError):
        size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + int(limit), resource.RLIM_INFINITY))


def limit_time(seconds: float) -> None:
    """Let this process work for so many seconds more, of processor time, so that a busy machine does not count."""
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), resource.RLIM_INFINITY))


def forget_peak(device: torch.device) -> int:
    """Start to look for the peak anew; returns the bytes held now, or as near as the system lets one come."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak(device)


def peak(device: torch.device) -> int:
    """The most bytes held since `forget_peak`."""
    if device.type != "cuda":
        with suppress(OSError):
            for line in Path("/proc/self/status").read_text(encoding="ascii").split("\n"):
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    return peak_memory(device)


def out_of_memory(error: MemoryError | RuntimeError, limit: float) -> str:
    """What failed, in a line.

    Raises:
        MemoryError, RuntimeError: the error itself, where it is of another kind.
    """
    if isinstance(error, MemoryError) or any(word in str(error).lower() for word in ("memory", "bad_alloc")):
        return f"out of memory at a limit of {limit / 1e9:.3g} GB"
    raise error

"""The machine a run happens on: device, threads, versions, memory."""

import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from seqkit.errors import UserError
from seqkit.version import __version__

KERNELS = "256"
"""Kernels that oneDNN keeps, one for each shape of a batch. Its own 1,024 can take hundreds of megabytes more; with 64 a
translator on short sentences trained 1.4 times as long."""


def choose_device(name: str) -> torch.device:
    """`auto` takes a GPU where there is one.

    Raises:
        UserError: the device does not exist here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device {name}: not available here (known: auto, cpu, cuda, cuda:N)") from error
    return device


def prepare_machine(device: str, threads: int | None) -> torch.device:
    """Set the number of threads and what the processor's library may remember, and choose the device.

    Raises:
        UserError: as `choose_device`.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", KERNELS)  # read at oneDNN's first use
    if threads is not None:
        torch.set_num_threads(threads)
    threadpool_limits(limits=1, user_api="blas")  # NumPy's products are of single tokens, too small to be shared out
    return choose_device(device)


def device_name(device: torch.device) -> str:
    """As shown in reports: `cpu, 2 threads` or the GPU's name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{device.type}, {threads} thread{'s' * (threads != 1)}"


def wait_for(device: torch.device) -> None:
    """Until it has done what it was given: a GPU works on while the program does, and so does the clock."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_memory(device: torch.device) -> int:
    """The most bytes this process has held: of a GPU's memory, or else resident."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def surroundings(device: torch.device) -> tuple[tuple[str, str], ...]:
    """What a reader needs to repeat a measurement."""
    rows = [
        ("device", device_name(device)),
        ("processor", processor_name()),
        ("seqkit", __version__),
        ("torch", str(torch.__version__)),
        ("Python", platform.python_version()),
        ("system", f"{platform.system()} {platform.machine()}"),
    ]
    commit = source_commit()
    return (*rows, ("commit", commit)) if commit else tuple(rows)


def processor_name() -> str:
    """The processor's model name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").split("\n"):
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()}, {os.cpu_count()} cores"
    return platform.processor() or "unknown"


def source_commit() -> str:
    """The commit of the source checkout seqkit runs from; empty for an installed wheel."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty"]
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""

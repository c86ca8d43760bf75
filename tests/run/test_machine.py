"""What a run asks of the machine."""

import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from commandline import environment

from seqkit.run import limits
from seqkit.run.limits import limit_memory, peak
from seqkit.run.machine import peak_memory, wait_for

HELD = """
import torch
from seqkit.training.memory import return_large_blocks
return_large_blocks()
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
megabytes = 8
torch.ones(megabytes << 18)  # freed at once: glibc now thinks that blocks of this size come and go
before = resident()
blocks = [torch.ones(megabytes << 18) for _ in range(10)]
above = [torch.ones(1000) for _ in range(100)]
blocks.clear()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone is asked")
def test_freed_blocks_go_back_to_the_system() -> None:
    held = subprocess.check_output([sys.executable, "-c", HELD], env=environment(), text=True)
    assert int(held) < 20e6  # more than 60e6 where glibc is left alone


def test_memory_is_that_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu, total, reserved = torch.device("cuda"), 80e9, 2e9
    asked: list[tuple[float, int | None]] = []
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: 7)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: reserved)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=total))
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda share, index: asked.append((share, index)))
    monkeypatch.setattr(limits.resource, "setrlimit", lambda *_: pytest.fail("a GPU maps more addresses than any limit"))
    assert peak_memory(gpu) == peak(gpu) == 7
    assert peak_memory(torch.device("cpu")) > 20e6
    limit_memory(6e9, gpu)
    limit_memory(300e9, gpu)
    assert asked == [(pytest.approx(0.1), None), (1.0, None)]


def test_a_gpu_is_waited_for_and_a_processor_not(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: waited.append(str(device)))
    wait_for(torch.device("cpu"))
    wait_for(torch.device("cuda:1"))
    assert waited == ["cuda:1"]

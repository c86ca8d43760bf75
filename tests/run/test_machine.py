"""What a run asks of the machine."""

import platform
import subprocess
import sys

import pytest
from commandline import environment

HELD = """
import torch
from seqkit.run.machine import return_large_blocks
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

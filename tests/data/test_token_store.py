import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.token_store import TokensInMemory, TokensOnDisk, store
from seqkit.errors import UserError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens")


@given(data=st.data(), size=st.sampled_from([1, 2, 256, 257, 65_536, 65_537, 2**31 - 1]), in_memory=st.integers(0, 40))
def test_what_is_stored_is_read(folder: Path, data: st.DataObject, size: int, in_memory: int) -> None:
    lists = data.draw(st.lists(st.lists(st.integers(0, size - 1) | st.just(size - 1), max_size=12), max_size=6))
    whole = [token for piece in lists for token in piece]
    tokens = store((np.array(piece, np.int32) for piece in lists), size=size, folder=folder, in_memory=in_memory)
    assert len(tokens) == len(whole)
    assert isinstance(tokens, TokensOnDisk if len(whole) > in_memory else TokensInMemory)
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    found = tokens.read(start, stop)
    assert found.dtype == np.int32
    assert found.tolist() == whole[start:stop]
    found[:] = 0  # the caller's own
    assert tokens.read(start, stop).tolist() == whole[start:stop]
    for outside in ((-1, 0), (0, len(whole) + 1), (len(whole) + 1, len(whole) + 1), (1, 0)):
        with pytest.raises(IndexError):
            tokens.read(*outside)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("size", [256, 257, 65_536, 65_537, 2**31 - 1])
def test_the_last_token_of_a_vocabulary_fits(size: int) -> None:
    assert store([np.array([size - 1], np.int32)], size=size).read(0, 1).tolist() == [size - 1]


@pytest.mark.parametrize("token", [-1, 300])
@pytest.mark.parametrize("in_memory", [0, 10])
def test_a_token_outside_the_vocabulary_is_not_wrapped_around(tmp_path: Path, token: int, in_memory: int) -> None:
    pieces = [np.array([1], np.int32), np.array([2, token], np.int32)]
    with pytest.raises(ValueError, match=f"{token}"):
        store(pieces, size=256, folder=tmp_path, in_memory=in_memory)


def test_a_full_disk_is_one_line_and_nothing_is_left(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(UserError, match=f"^cannot write {tmp_path}: File too large$"):
            store([np.zeros(999, np.int32), np.zeros(999, np.int32)], size=9, folder=tmp_path, in_memory=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with pytest.raises(UserError, match=r"cannot write .*No such file or directory"):
        store([np.zeros(9, np.int32)], size=9, folder=tmp_path / "none", in_memory=1)
    assert not list(tmp_path.iterdir())


def test_the_file_is_closed_with_its_tokens(tmp_path: Path) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    tokens = store([np.zeros(9, np.int32)], size=9, folder=tmp_path, in_memory=1)
    assert opened() == before + 1
    del tokens
    assert opened() == before


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from seqkit.data.token_store import store
tokens = store([np.zeros(100_000, np.int32)], size=9, folder=Path(sys.argv[1]), in_memory=1)
assert len(tokens) == 100_000
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_is_left_after_a_kill(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=os.environ, capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert not list(tmp_path.iterdir())

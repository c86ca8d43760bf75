"""Ctrl-C and SIGTERM while training: finish the batch, save, say how to go on. Ctrl-Z: finish the batch, then stop."""

import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class Stopped(Exception):
    """A run was asked to stop and has saved itself.

    Args:
        number: the signal; the process exits with 128 + number, as shells expect.
        message: one line: where it stopped and how to go on.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


class StopRequest:
    """The first signal that came, if any."""

    def __init__(self) -> None:
        self.signal: int | None = None


@contextmanager
def listening() -> Generator[StopRequest]:
    """Inside the block the first Ctrl-C or SIGTERM is noted; a second one acts at once."""
    request = StopRequest()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _: FrameType | None) -> None:
        request.signal = number
        for known, handler in before.items():
            signal.signal(known, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Pause:
    """Whether to stop between two updates, and how long that has lasted.

    Args:
        wanted: SIGTSTP came.
        seconds: spent stopped so far.
    """

    def __init__(self) -> None:
        self.wanted = False
        self.seconds = 0.0

    def __call__(self) -> None:
        """Stop here if asked to, until SIGCONT."""
        if self.wanted:
            self.wanted = False
            before = time.perf_counter()
            signal.raise_signal(signal.SIGSTOP)
            self.seconds += time.perf_counter() - before


@contextmanager
def pausing() -> Generator[Pause]:
    """Inside the block SIGTSTP is noted, so that time spent stopped falls between updates and into none of them."""
    pause = Pause()
    before = signal.getsignal(signal.SIGTSTP)

    def note(_: int, __: FrameType | None) -> None:
        pause.wanted = True

    signal.signal(signal.SIGTSTP, note)
    try:
        yield pause
    finally:
        signal.signal(signal.SIGTSTP, before)

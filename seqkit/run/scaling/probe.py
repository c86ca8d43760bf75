"""One model at work on one text, in a process of its own: `python -m seqkit.run.scaling.probe OPTIONS`.

A fresh process, since memory that was freed need not go back to the system.
"""

import json
import time
from typing import Any

from seqkit.run.child import given
from seqkit.run.limits import forget_peak, limit_memory, limit_time, out_of_memory, peak
from seqkit.run.machine import prepare_machine, wait_for
from seqkit.run.saved import load, task_of
from seqkit.run.scaling.ways import WAYS

WARM = 8  # tokens; kernels are chosen and buffers taken before anything counts


def measure(options: dict[str, Any]) -> dict[str, Any]:
    """Peak memory above what was held before, in bytes; seconds; and what the work itself tells; or why it failed.

    Where the work takes more than its seconds the process ends by SIGXCPU.

    Args:
        options: `run`, `way`, `length`, `limit` in bytes, `seconds` of processor time, `device`, `threads`.
    """
    device = prepare_machine(options["device"], options["threads"])
    trained = load(options["run"], device=str(device))
    work, do = task_of(trained).workload(trained), WAYS[options["way"]]
    limit_memory(options["limit"], device)
    do(work, WARM)
    before = forget_peak(device)
    limit_time(options["seconds"])
    started = time.perf_counter()
    try:
        shape = do(work, options["length"])
        wait_for(device)
    except (MemoryError, RuntimeError) as error:
        return {"failure": out_of_memory(error, options["limit"])}
    found = {"bytes": max(peak(device) - before, 0), "seconds": time.perf_counter() - started, "waits": work.waits}
    return found | (shape._asdict() if shape else {})


if __name__ == "__main__":
    print(json.dumps(measure(given())))

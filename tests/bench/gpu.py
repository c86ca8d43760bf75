"""All that waits for a GPU, in calls that end in time and go on where they stopped: `python tests/bench/gpu.py FOLDER`.

Call it again until it says that all is done. `FOLDER/results.jsonl` gets an object a finished job: its command, exit status,
seconds, the end of what it printed, and, of speeds, the figures; jobs that are there already are skipped, those that ran out of
time begin again, comparisons where they stopped. `--minutes 9` is how long a call may take, `--only speed` which jobs, by the
beginning of their names, `--dry` goes through everything small and on the CPU.

Speeds are tokens a second of whole updates, the best of several rounds in turns with plain PyTorch on the same shapes: an
embedding, `nn.LSTM` or `nn.GRU`, `nn.Linear`, cross-entropy, the same clipping and AdamW. Where autocast asks for bfloat16,
PyTorch runs cuDNN's recurrences in float16. The goal is a ratio of 0.85.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seqkit.architecture.language_model import RecurrentLanguageModelConfig
from seqkit.models.language_model import LanguageModel
from seqkit.models.precision import products_in
from seqkit.training.loop import TrainConfig, TrainState, train

GOAL = 0.85
LEAST = 20.0  # seconds; less is left to the next call
SAVING = 30.0  # seconds that are left to a job that is to stop
ROOT = Path(__file__).resolve().parents[2]
WAITING = {"generate/tinyshakespeare_large": ["--lengths", "none"], "lm/wikitext_2": []}
COMPARED = ("ner/newsdesk", "ner/wnut17", "generate/tinyshakespeare", "lm/pydoc", "lm/wikitext_2_small")
TRANSLATED = ("translate/phrasebook", "translate/multi30k_de_en", "translate/g2p_eng_us")
EMBEDDED = ("ner/newsdesk", "lm/pydoc", "translate/phrasebook")  # corpora that need no download
SMALL = ["--set", "train.epochs=0.01", "--set", "train.batch_size=4", "--seeds", "1", "--lengths", "none"]


@dataclass(frozen=True)
class Shape:
    """Of a recurrent language model and its batches."""

    layers: int
    width: int
    batch: int
    window: int
    vocabulary: int


SHAPES = {
    "small": Shape(2, 244, 32, 64, 65),
    "one layer": Shape(1, 1024, 64, 128, 65),
    "tinyshakespeare_large": Shape(3, 720, 64, 128, 65),
    "wikitext_2": Shape(3, 1150, 64, 70, 33_278),
}
DRY = Shape(2, 16, 4, 8, 11)
PLAIN = {"lstm": nn.LSTM, "gru": nn.GRU}


# Jobs


def jobs(folder: Path, *, dry: bool) -> dict[str, list[str]]:
    """Commands by name, in the order they are to run."""
    device, python = "cpu" if dry else "cuda", sys.executable
    seqkit = [python, "-m", "seqkit"]
    files = [ROOT / "tests/decoding/test_search.py"] if dry else sorted((ROOT / "tests").glob("**/test_*.py"))
    found = {f"tests {file.parent.name}/{file.stem}": [python, "-m", "pytest", "-n", "0", "-q", str(file)] for file in files}
    for shape in SHAPES:
        for family in PLAIN:
            found[f"speed {family} {shape}"] = [python, __file__, str(folder), "--speed", family, shape, *["--dry"] * dry]
    recipes = WAITING | {recipe: ["--lengths", "none"] for recipe in (*COMPARED, *TRANSLATED)}
    for recipe, options in recipes.items():
        if dry and recipe not in EMBEDDED:
            continue
        out = folder / "comparisons" / recipe
        found[f"compare {recipe}"] = [
            *seqkit, "compare", recipe, "--device", device, "--out", str(out), *(SMALL if dry else options)
        ]  # fmt: skip
    large = folder / "comparisons" / "generate/tinyshakespeare_large"
    if not dry:
        for run in (large / name / f"seed-{seed}" for name in ("lstm", "transformer") for seed in (1, 2, 3)):
            found[f"evaluate {run.parent.name} {run.name}"] = [
                *seqkit, "evaluate", str(run), "--split", "dev+test", "--device", device
            ]  # fmt: skip
    return found


def run(command: list[str], seconds: float) -> tuple[int, str] | None:
    """Exit status and output; None where the time was over: it was asked to stop, so that it could save."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        for ask in (signal.SIGINT, signal.SIGKILL):
            with suppress(subprocess.TimeoutExpired, ProcessLookupError):
                os.killpg(process.pid, ask)  # the processes that it started too
                process.communicate(timeout=SAVING)
        return None
    return process.returncode, output


def main() -> None:
    """Run what is not done yet while there is time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--speed", nargs=2, metavar=("FAMILY", "SHAPE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder = given.folder.resolve()
    if given.speed:
        print(json.dumps(speeds(*given.speed, dry=given.dry)))
        return
    if not given.dry and not torch.cuda.is_available():
        sys.exit("no GPU is to be seen; --dry goes through everything on the CPU")
    end = time.monotonic() + 60 * given.minutes - SAVING
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "results.jsonl"
    done = {json.loads(line)["job"] for line in log.read_text(encoding="utf-8").splitlines()} if log.exists() else set()
    for name, command in jobs(folder, dry=given.dry).items():
        if name in done or not name.startswith(given.only):
            continue
        started, left = time.monotonic(), end - time.monotonic()
        found = run(command, left) if left > LEAST else None
        if found is None:
            sys.exit(f"{name} is not done: call again to go on")
        status, output = found
        row: dict[str, Any] = {"job": name, "command": command, "status": status, "seconds": time.monotonic() - started}
        if name.startswith("speed") and status == 0:
            row["speeds"] = json.loads(output.splitlines()[-1])
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row | {"output": output[-4000:]}) + "\n")
        last = (output.strip().splitlines() or [""])[-1]
        shown = "; ".join(f"{found['precision']} {found['ratio']}" for found in row.get("speeds", [])) or last
        print(f"{name}: {'done' if status == 0 else f'FAILED ({status})'} in {row['seconds']:.0f} s · {shown}", flush=True)
    print("all is done")


# Speeds


class Windows:
    """A task for the loop: the same random windows again and again, the state carried."""

    def __init__(self, model: LanguageModel, text_BT: Tensor, precision: torch.dtype) -> None:
        self.model, self.text_BT, self.precision = model, text_BT, precision
        self.state = model.start(len(text_BT))
        self.carried: dict[str, Tensor] = {}

    def batches_per_epoch(self) -> int:
        """More than are ever asked for."""
        return 10**6

    def batches(self, epoch: int, start: int = 0) -> Iterator[int]:
        """Numbers: the text is always the same."""
        return iter(range(10**6))

    def loss(self, batch: int) -> tuple[Tensor, int]:
        """Of a window."""
        token_BT, target_BT = self.text_BT[:, :-1], self.text_BT[:, 1:]
        nats, count, state = self.model.loss(token_BT, target_BT, self.state, precision=self.precision)
        self.state = state.detach()
        return nats, count

    def dev_score(self) -> float:
        """None is asked for."""
        return 0.0


def speeds(family: str, shape: str, *, dry: bool) -> list[dict[str, Any]]:
    """Tokens a second of whole updates, by precision, with layer norms and without."""
    device, size = torch.device("cpu" if dry else "cuda"), DRY if dry else SHAPES[shape]
    updates, rounds = (2, 1) if dry else (30, 5)
    torch.manual_seed(1)
    text_BT = torch.randint(size.vocabulary, (size.batch, size.window + 1), device=device)
    rows: list[dict[str, Any]] = []
    for precision in (torch.float32, torch.bfloat16):
        work = {"torch": plain(family, size, text_BT, precision)}
        for norm in (False, True):
            work[f"seqkit, norm {norm}"] = ours(family, size, text_BT, precision, norm=norm)
        best = dict.fromkeys(work, 0.0)
        for _ in range(rounds + 1):  # the first round chooses kernels
            for name, step in work.items():
                best[name] = max(best[name], rate(step, updates, size, device))
        ratios = {name: round(found / best["torch"], 3) for name, found in best.items()}
        reached = min(ratios.values()) >= GOAL
        rows.append({"precision": str(precision), "tokens_a_second": best, "ratio": ratios, "goal_reached": reached})
    return rows


def rate(step: Callable[[], object], updates: int, size: Shape, device: torch.device) -> float:
    """Tokens a second; the GPU is waited for at both ends."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    started = time.perf_counter()
    for _ in range(updates):
        step()
    wait()
    return updates * size.batch * size.window / (time.perf_counter() - started)


def ours(family: str, size: Shape, text_BT: Tensor, precision: torch.dtype, *, norm: bool) -> Callable[[], object]:
    """THE loop."""
    config = RecurrentLanguageModelConfig.model_validate(
        {"family": family, "layers": size.layers, "width": size.width, "norm": norm, "tied": False}
    )
    model = LanguageModel(config, size.vocabulary).to(text_BT.device)
    task = Windows(model, text_BT, precision)
    events = train(task, TrainState(model, TrainConfig(epochs=1, average=0.0)))
    return lambda: next(islice(events, 1))


def plain(family: str, size: Shape, text_BT: Tensor, precision: torch.dtype) -> Callable[[], object]:
    """The same in plain PyTorch."""
    layers = PLAIN[family](size.width, size.width, num_layers=size.layers, batch_first=True)
    parts = [nn.Embedding(size.vocabulary, size.width), layers, nn.Linear(size.width, size.vocabulary)]
    model = nn.ModuleList(parts).to(text_BT.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    state: Any = None

    def update() -> None:
        nonlocal state
        with products_in(precision, text_BT.device.type):
            y_BTH, state = model[1](model[0](text_BT[:, :-1]), state)
            logit_BTV = model[2](y_BTH)
        state = tuple(part.detach().float() for part in state) if isinstance(state, tuple) else state.detach().float()
        loss = nn.functional.cross_entropy(logit_BTV.float().flatten(0, 1), text_BT[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()

    return update


if __name__ == "__main__":
    main()

"""One cell of a comparison, as a process: `python -m seqkit.run.cell FOLDER OPTIONS`, called by `seqkit compare`."""

import json
import os
import shutil
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from rich.console import Console

from seqkit.errors import UserError
from seqkit.recipe import recipe_from
from seqkit.run.corpora import Sources
from seqkit.run.machine import prepare_machine
from seqkit.run.roads import Road, open_road


def run_cell(folder: Path, options: dict[str, Any]) -> None:
    """Train by `folder/cell.json`, evaluate, write the cell's files; `recipe.json` last marks it whole."""
    recipe = recipe_from(json.loads((folder / "cell.json").read_text(encoding="utf-8")))
    mirror = Path(options["mirror"]) if options["mirror"] else None
    device = prepare_machine(options["device"], options["threads"])
    road = open_road(recipe, Sources.from_dict(options["sources"], mirror))
    if options["mode"] == "trial":
        try_out(road, folder, device)
    else:
        road.finish(folder, device, Console(quiet=True), brief=options["mode"] == "brief")
    (folder / "recipe.json").write_text(json.dumps(recipe.to_dict(), indent=1), encoding="utf-8")


def try_out(road: Road, folder: Path, device: torch.device) -> None:
    """Train, keep the dev score of the weights that would be kept, and no weights."""
    facts = road.fit(folder, device, Console(quiet=True)).facts
    measured = {"dev_score": facts.kept_score, "training": asdict(facts)}
    (folder / "measured.json").write_text(json.dumps(measured), encoding="utf-8")
    for weights in ("checkpoints", "model"):
        shutil.rmtree(folder / weights)


def end_with_parent() -> None:
    """Leave when the comparison that holds the other end of standard input is gone, however it went."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # heard only while training
    Thread(target=end_with_parent, daemon=True).start()
    try:
        run_cell(Path(sys.argv[1]), json.loads(sys.argv[2]))
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)

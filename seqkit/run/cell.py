"""One cell of a comparison, as a process: `python -m seqkit.run.cell FOLDER OPTIONS`, called by `seqkit compare`."""

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from seqkit.errors import UserError
from seqkit.recipe import Recipe
from seqkit.run.command import finish_training
from seqkit.run.corpora import OwnFiles, load_corpus
from seqkit.run.machine import prepare_machine


def run_cell(folder: Path, options: dict[str, Any]) -> None:
    """Train by `folder/cell.json`, evaluate, write the cell's files; `recipe.json` last marks it whole."""
    recipe = Recipe(**json.loads((folder / "cell.json").read_text(encoding="utf-8")))
    own = OwnFiles(
        {split: Path(path) for split, path in options["files"].items()},
        Path(options["folder"]) if options["folder"] else None,
        options["format"],
    )
    mirror = Path(options["mirror"]) if options["mirror"] else None
    device = prepare_machine(options["device"], options["threads"])
    corpus = load_corpus(recipe.corpus, own, mirror=mirror)
    finish_training(recipe, corpus, folder, device, Console(quiet=True), command="")
    (folder / "recipe.json").write_text(json.dumps(recipe.to_dict(), indent=1), encoding="utf-8")


if __name__ == "__main__":
    try:
        run_cell(Path(sys.argv[1]), json.loads(sys.argv[2]))
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)

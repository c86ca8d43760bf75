"""The command line as tests use it: in this process where only words and files matter, else in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from seqkit.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """task = "ner"
corpus = "ner/newsdesk"

[model]
family = "lstm"
width = 16
outside_bias = true
words = { word_width = 8, char_width = 4, char_output = 8, affix_width = 4, shape_width = 2 }

[train]
epochs = 3
batch_size = 8
learning_rate = 2e-2

[compare]
match = "none"
seeds = [1, 2]

[compare.rivals.gru]
model.family = "gru"
"""
PEOPLE = ("Ada Lovelace", "Mary Shelley", "Alan Turing", "Grace Hopper", "Emmy Noether", "Ada Byron", "Mary Turing")
PLACES = ("London", "Paris", "New York", "Oslo", "Lagos", "Lima", "San Juan")
VERBS = ("met", "left", "saw", "wrote from", "flew to", "spoke about", "likes")


@dataclass(frozen=True)
class Done:
    """What a command left: exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    def refused(self, *words: str) -> bool:
        """Exit code 2, a line a fault and no traceback; every one of `words` is in them."""
        lines = self.err.splitlines()
        whole = self.code == 2 and len(lines) > 0 and all(line.startswith("error: ") for line in lines)
        assert whole, self
        assert all(word in self.err for word in words), self.err
        return True


def words(arguments: Sequence[str | Path]) -> list[str]:
    """A comparison measures no costs by length unless a test asks for some: every point is a process of its own."""
    unasked = arguments[:1] == ("compare",) and not {"--lengths", "--budget"} & set(map(str, arguments))
    return [*map(str, arguments), *(("--lengths", "none") if unasked else ())]


def seqkit(*arguments: str | Path, stdin: bytes = b"") -> Done:
    """Run a command in this process."""
    with _files(stdin) as (given, out, err):
        before = sys.argv, sys.stdin, sys.stdout, sys.stderr
        sys.argv, sys.stdin, sys.stdout, sys.stderr = ["seqkit", *words(arguments)], given, out, err
        code: Any = 0
        try:
            main()
        except SystemExit as done:
            code = done.code or 0
        finally:
            sys.argv, sys.stdin, sys.stdout, sys.stderr = before
        return Done(code, _all_of(out), _all_of(err))


def environment() -> dict[str, str]:
    """Of a process: one thread, this seqkit, output buffered as Python does by itself."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])) if (ROOT / "seqkit").is_dir() else ""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return kept | {"OMP_NUM_THREADS": "1", "COLUMNS": "100"} | ({"PYTHONPATH": path} if path else {})


def command(*arguments: str | Path, before: str = "") -> list[str]:
    """The words that start a process; `before` is run first in it."""
    if before:
        return [sys.executable, "-c", f"{before}\nfrom seqkit.cli import main\nmain()", *words(arguments)]
    return [sys.executable, "-m", "seqkit", *words(arguments)]


def process(*arguments: str | Path, stdin: bytes = b"", before: str = "", cwd: Path | None = None) -> Done:
    """Run a command in a process of its own."""
    done = subprocess.run(
        command(*arguments, before=before), input=stdin, capture_output=True, env=environment(), cwd=cwd, timeout=400
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def write_columns(path: Path, sentences: Sequence[Sequence[tuple[str, str]]]) -> Path:
    """Sentences as token TAB tag."""
    path.write_text("".join("".join(f"{w}\t{t}\n" for w, t in s) + "\n" for s in sentences), encoding="utf-8")
    return path


def sentences(count: int, seed: int) -> list[list[tuple[str, str]]]:
    """`Ada Lovelace met Oslo .` and the like, tagged."""
    random = np.random.default_rng(seed)
    return [
        [
            *_name(str(random.choice(PEOPLE)), "PER"),
            *((word, "O") for word in str(random.choice(VERBS)).split()),
            *_name(str(random.choice(PLACES)), "LOC"),
            (".", "O"),
        ]
        for _ in range(count)
    ]


def weights(run: Path) -> bytes:
    """Of a trained run, byte for byte."""
    return (run / "model" / "weights.safetensors").read_bytes()


def _name(words: str, label: str) -> Iterator[tuple[str, str]]:
    for place, word in enumerate(words.split()):
        yield word, f"{'I' if place else 'B'}-{label}"


@contextmanager
def _files(stdin: bytes) -> Iterator[tuple[TextIO, TextIO, TextIO]]:
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        given.buffer.write(stdin)
        given.seek(0)
        yield given, out, err


def _all_of(file: TextIO) -> str:
    file.flush()
    file.seek(0)
    return file.buffer.read().decode()

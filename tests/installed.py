"""Does the wheel work where the source tree is absent?  `python tests/installed.py dist/*.whl [TESTS …]`

Installs the wheel into a new environment that borrows the dependencies, not seqkit, from the one this script runs in; then
looks at what it holds, uses it as a newcomer would, and runs a copy of the tests, or of those named, against it.
"""

import configparser
import os
import shutil
import site
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Sequence
from email.parser import Parser
from pathlib import Path

TESTS = Path(__file__).resolve().parent
NEEDED = (
    "seqkit/py.typed", "seqkit/report/templates/style.css",
    "seqkit/_recipes/ner/newsdesk.toml", "seqkit/_corpora/ner/newsdesk/corpus.toml",
    *(f"seqkit/_corpora/ner/newsdesk/{split}.jsonl" for split in ("train", "dev", "test")),
)  # fmt: skip
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
SCRIPTS = ("seqkit", "seqkit-nlp")
SENTENCE = "Ada Lovelace wrote to Charles Babbage in London.\n"


def main(wheel: Path, *tests: str) -> None:
    """Every step prints a line; the first that fails ends the script."""
    look_inside(wheel)
    with tempfile.TemporaryDirectory(prefix="seqkit-installed-") as name:
        folder = Path(name)
        python = install(wheel, folder / "environment")
        use(python, folder / "work")
        test(python, folder / "copy", tests)
    print(f"{wheel.name}: works without its source tree")


def look_inside(wheel: Path) -> None:
    """The wheel holds what it needs and puts nothing else beside the package."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(about).decode())
        scripts = configparser.ConfigParser()
        scripts.read_string(archive.read(about.replace("METADATA", "entry_points.txt")).decode())
    information = about.partition("/")[0]
    top = {name.partition("/")[0] for name in names}
    check(top == {"seqkit", information}, "only seqkit/ and its metadata at the top", sorted(top))
    missing = [name for name in NEEDED if name not in names]
    check(not missing, "nothing is missing", missing)
    check(
        any(name.startswith("seqkit/report/templates/") and "html" in name for name in names), "the report's template is there"
    )
    source = TESTS.parent
    for kind in ("recipes", "corpora") if (source / "recipes").is_dir() else ():
        here = {path.relative_to(source / kind).as_posix() for path in (source / kind).rglob("*") if path.is_file()}
        there = {name.removeprefix(f"seqkit/_{kind}/") for name in names if name.startswith(f"seqkit/_{kind}/")}
        check(here == there, f"all {kind} travel", sorted(here ^ there))
    check(not [name for name in names if "__pycache__" in name or name.endswith(".pyc")], "no compiled files")
    check(
        metadata["License-Expression"] == "MIT" and any("LICENSE" in name for name in names), "the licence is named and there"
    )
    check(sorted(scripts["console_scripts"]) == sorted(SCRIPTS), f"scripts {' and '.join(SCRIPTS)}")


def install(wheel: Path, environment: Path) -> Path:
    """A new environment with the wheel alone; dependencies are found where this interpreter finds them."""
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    inside = Path(output(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # Nothing is downloaded, nothing but the wheel installed.
    install = ["--python", str(python), "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run([*PIP, *install], check=True, env=clean())
    # Written after the wheel's own folder and without the .pth files in them, an editable seqkit among these.
    borrowed = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (inside / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    where = Path(output(python, "-c", "import seqkit; print(seqkit.__file__)", cwd=environment).strip())
    check(where.is_relative_to(inside), "seqkit comes from the wheel", where)
    told = subprocess.run([*PIP, "--python", str(python), "check"], capture_output=True, text=True, env=clean(), check=False)
    faults = [line for line in told.stdout.splitlines() if line.startswith("seqkit-nlp")]
    check(not faults, "every dependency is there in a version that fits", faults)
    return python


def use(python: Path, work: Path) -> None:
    """What the first hour with seqkit does."""
    work.mkdir()
    for script in SCRIPTS:
        place = python.with_name(script)
        check("train" in output(place, "--help", cwd=work), f"{script} --help")
    seqkit = python.with_name("seqkit")
    check("ner/newsdesk" in output(seqkit, "recipes", "list", cwd=work), "seqkit recipes list")
    check("ner/wnut17" in output(seqkit, "corpora", "list", cwd=work), "seqkit corpora list")
    settings = ("--set", "train.epochs=1", "--set", "model.width=32", "--threads", "1")
    output(seqkit, "train", "ner", *settings, "--out", "run", cwd=work)
    check((work / "run" / "report.html").stat().st_size > 10_000, "seqkit train ner, one epoch")
    rows = output(seqkit, "tag", "run", cwd=work, stdin=SENTENCE).split("\n")
    check([row.split("\t")[0] for row in rows if row][:2] == ["Ada", "Lovelace"], "seqkit tag")
    snippet = f"import seqkit; print(len(seqkit.load('run').tag([{SENTENCE!r}])))"
    check(output(python, "-c", snippet, cwd=work) == "1\n", "seqkit.load(…).tag(…)")
    check("seqkit" not in {path.name for path in work.iterdir()}, "no source tree at hand")


def test(python: Path, copy: Path, tests: Sequence[str]) -> None:
    """A copy of the tests, with the settings they are run with, and of nothing else; run all, or those named."""
    copy.mkdir()
    shutil.copytree(TESTS, copy / "tests", ignore=shutil.ignore_patterns("__pycache__", "installed.py"))
    shutil.copy(TESTS.parent / "pyproject.toml", copy)
    before = "import seqkit, sys; sys.exit('/environment/' not in seqkit.__file__.replace('\\\\', '/'))"
    check(subprocess.run([python, "-c", before], cwd=copy, env=clean()).returncode == 0, "the tests see the wheel")
    done = subprocess.run(
        [python, "-m", "pytest", "-n", "auto", "-p", "no:cacheprovider", *tests], cwd=copy, env=clean(), check=False
    )
    check(done.returncode == 0, "the tests pass")


def clean() -> dict[str, str]:
    """Variables that could lead back to the source tree are left out."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}


def output(*words: object, cwd: Path | None = None, stdin: str = "") -> str:
    """What a process wrote; one that fails ends the script with its last words."""
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=clean(), input=stdin, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"FAILED: {' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def check(holds: bool, what: str, found: object = "") -> None:
    """Print the claim, or end the script with it and what was found instead."""
    if not holds:
        sys.exit(f"FAILED: {what}  {found}")
    print(f"ok  {what}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_file():
        sys.exit("usage: python tests/installed.py WHEEL [TESTS …]")
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:])

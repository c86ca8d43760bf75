"""seqkit from Python: the verbs of the command line with the same words, names that can be found, types that check."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import ROOT, seqkit, weights

import seqkit as package
from seqkit.run.evaluation import Evaluation

VERBS = {"train", "resume", "evaluate", "compare", "load", "load_tagger", "load_translator", "load_language_model", "UserError"}


def test_all_that_is_there_can_be_found():
    assert set(dir(package)) >= VERBS
    assert {name for name in package.__all__ if not name.startswith("_")} == VERBS
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'tain'"):
        package.tain  # noqa: B018


def test_importing_it_imports_no_torch():
    code = "import seqkit, sys; seqkit.__version__; dir(seqkit); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_run_is_what_the_command_makes(recipe: Path, data: Path, run: Path, tmp_path: Path):
    made = package.train(recipe, data=data, out=tmp_path / "run", threads=1, quiet=True)
    assert weights(made.folder) == weights(run)
    assert made.load().metadata == package.load(run).metadata
    assert "test F1, strict" in repr(made)
    assert str(made.folder) in repr(made)
    page = made._repr_html_()
    assert page.startswith("<iframe")
    assert "&lt;html" in page


def test_settings_are_values_by_key_or_as_typed(recipe: Path, data: Path, tmp_path: Path):
    given = {"data": data, "threads": 1, "quiet": True}
    one = package.train(recipe, set={"model.width": 8, "train.epochs": 1}, seed=7, out=tmp_path / "one", **given)
    two = package.train(recipe, set=["model.width=8", "train.epochs=1"], seed=7, out=tmp_path / "two", **given)
    assert weights(one.folder) == weights(two.folder)
    assert one.load().metadata["seed"] == 7
    with pytest.raises(package.UserError, match="did you mean 'width'"):
        package.train(recipe, set={"model.widht": 8}, **given)
    files = {split: data / f"{split}.conll" for split in ("train", "dev", "test")}
    own = package.train(
        recipe, set={"model.width": 8, "train.epochs": 1}, seed=7, out=tmp_path / "own", threads=1, quiet=True, **files
    )
    assert weights(own.folder) == weights(one.folder)


def test_evaluating_gives_the_report(run: Path, tmp_path: Path):
    report = package.evaluate(run, split="dev", out=tmp_path, quiet=True)
    assert report.headline[0].name == "dev F1, strict"
    assert "dev F1" in repr(report)
    assert Evaluation.read(tmp_path).scores.split == "dev"
    with pytest.raises(package.UserError, match="protocol is not for this run"):
        package.evaluate(run, protocol=["carried"], quiet=True)


@pytest.mark.usefixtures("trained")
def test_comparing_gives_its_systems(recipe: Path, data: Path, tmp_path: Path):
    settings = {"train.epochs": 1}
    found = package.compare(recipe, data=data, out=tmp_path, seeds=[1], set=settings, threads=1, quiet=True)
    assert [system.name for system in found.results[100.0]] == ["lstm", "gru"]
    assert "With a single seed no claim is made" in repr(found)
    again = seqkit(
        "compare", recipe, "--data", data, "--out", tmp_path, "--seeds", "1", "--set", "train.epochs=1", "--threads", "1"
    )
    assert again.code == 0, again
    assert "training" not in again.out.split("report")[0].split("\n")[0], "nothing is trained again"


def test_a_model_of_the_wrong_kind_is_refused(run: Path):
    assert package.load(run, "ner").tags
    with pytest.raises(package.UserError, match="cannot translate: it is a tagger; see: seqkit tag"):
        package.load_translator(run)
    with pytest.raises(package.UserError, match="not a language model: it is a tagger"):
        package.load(run, "lm")


def test_the_examples_of_the_readme_have_types(tmp_path: Path):
    pytest.importorskip("pyright")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 2
    for number, block in enumerate(blocks):
        (tmp_path / f"example_{number}.py").write_text(f"# pyright: strict\n{block}", encoding="utf-8")
    words = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout

"""`seqkit claims`: listed, shown, measured once, judged by what was measured."""

import json
import math
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from commandline import command, environment, seqkit

from seqkit.errors import UserError
from seqkit.run.claims import clipping
from seqkit.run.claims.claim import claim_names, load_claim

TINY = {
    "vanishing_gradients": (
        'problems=["adding"]', "updates=1", "width=3", "longest=6", "span=6", "carried=5", "vanished=3", "batch_size=2",
    ),
    "gradient_clipping": ("updates=10", "width=2", "span=4", "batch_size=1", "sgd=[1e30]", "adamw=[1e-3]"),
}  # fmt: skip


def tiny(name: str, *more: str) -> list[str]:
    return [
        "claims",
        "run",
        name,
        "--threads",
        "1",
        *(word for key in (*TINY[name], *more) for word in ("--set", f"measure.{key}")),
    ]


def measured(out: Path) -> list[dict[str, Any]]:
    """The jobs of each setting."""
    return list(json.loads((out / "measured.json").read_text(encoding="utf-8")).get("settings", {}).values())


def test_every_claim_is_listed_with_what_it_says() -> None:
    listed = seqkit("claims", "list").out.splitlines()
    assert [line.split()[0] for line in listed] == claim_names()
    for name, line in zip(claim_names(), listed, strict=True):
        claim = load_claim(name)
        assert claim.claim in line
        assert claim.takes
        assert claim.takes in line
        assert seqkit("claims", "show", name).out.count('task = "claim"') == 1


@pytest.mark.parametrize("name", TINY)
def test_a_claim_is_measured_once_and_judged_by_what_was_measured(name: str, tmp_path: Path) -> None:
    done = seqkit(*tiny(name), "--seeds", "1", "--out", tmp_path)
    assert done.code == 0, done
    assert load_claim(name).claim in done.out
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"][0].startswith("The claim ")
    assert report["verdict"][0] in done.out
    for kind in ("md", "html"):
        assert load_claim(name).claim in (tmp_path / f"report.{kind}").read_text(encoding="utf-8")
    (kept,) = measured(tmp_path)
    again = seqkit(*tiny(name), "--seeds", "1,2", "--out", tmp_path)
    assert again.code == 0
    (more,) = measured(tmp_path)
    assert len(more) == 2 * len(kept)
    assert kept.items() <= more.items()


def test_another_setting_is_measured_beside_the_first(tmp_path: Path) -> None:
    found = []
    for width in (3, 4, 3):
        assert seqkit(*tiny("vanishing_gradients", f"width={width}"), "--seeds", "1", "--out", tmp_path).code == 0
        found.append(measured(tmp_path))
    assert [len(settings) for settings in found] == [1, 2, 2]
    assert found[1][0] == found[0][0]
    assert found[2] == found[1], "nothing is measured again"
    assert found[1][0] != found[1][1]


def test_what_an_older_version_measured_is_gone_on_with(tmp_path: Path) -> None:
    given = (*tiny("vanishing_gradients"), "--seeds", "1", "--out", tmp_path)
    assert seqkit(*given).code == 0
    path = tmp_path / "measured.json"
    ((setting, jobs),) = json.loads(path.read_text(encoding="utf-8"))["settings"].items()
    path.write_text(json.dumps({"setting": setting, "jobs": jobs}), encoding="utf-8")
    assert seqkit(*given).code == 0
    assert jobs in (json.loads(path.read_text(encoding="utf-8")).get("jobs"), *measured(tmp_path))


def test_what_cannot_be_measured_is_one_line(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert seqkit("claims", "run", "vanishing_gradient", "--out", out).refused("did you mean 'vanishing_gradients'")
    assert seqkit("claims", "run", "mine.toml", "--out", out).refused("no such claim file")
    assert seqkit(*tiny("gradient_clipping", "widht=3"), "--out", out).refused("did you mean 'width'")
    assert seqkit(*tiny("gradient_clipping", "kind=x"), "--out", out).refused("unknown kind 'x'", "clipping")
    assert seqkit(*tiny("gradient_clipping"), "--seeds", "one", "--out", out).refused("--seeds one")
    assert seqkit(*tiny("gradient_clipping"), "--device", "abacus", "--out", out).refused("--device abacus")
    own = tmp_path / "own.toml"
    own.write_text('task = "claim"\nclaim = "x"\n[measure]\nwidth = 2\n')
    assert seqkit("claims", "run", own, "--out", out).refused("measure.kind: is missing", "gradients")
    assert not out.exists()


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    before = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # ignored in a shell's background
    words = command(*tiny("gradient_clipping", "updates=100000"), "--out", tmp_path, before=before)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as measuring:
        assert measuring.stdout is not None
        for line in measuring.stdout:
            if "(1 of" in line:
                break
        measuring.send_signal(signal.SIGINT)
        _, err = measuring.communicate(timeout=200)
    assert measuring.returncode == 130
    assert err.count("\n") == 1
    assert "the same command: seqkit claims run" in err
    assert not (tmp_path / "report.json").exists()


def test_a_run_diverges_where_numbers_end_and_where_it_gets_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    config = clipping.ClippingConfig(kind="clipping", updates=20, worse=1.5)
    measurement = clipping.Clipping(config, type("Here", (), {"device": torch.device("cpu")})())  # type: ignore[arg-type]
    for losses, diverged in (
        ([1.0] * 20, False),
        ([1.0] * 19, True),  # ended early: not a number
        ([1.0] * 18 + [1.4, 1.4], False),
        ([1.0] * 18 + [1.4, 1.7], True),
        ([1.0] + [9.0] * 10 + [0.5] * 9, False),
    ):
        monkeypatch.setattr(clipping, "descend", lambda *_, losses=losses: losses)
        assert measurement.diverges(clipping.TRIALS[0], 0.1, math.inf, 1) == diverged


def test_clipping_is_credited_only_with_what_a_sign_test_shows() -> None:
    none, six, five = [False] * 8, [True] * 6 + [False] * 2, [True] * 5 + [False] * 3
    assert clipping.fewer(none, six) is True
    assert clipping.fewer(none, five) is None
    assert clipping.fewer(none, none) is None
    assert clipping.fewer(six, none) is False
    assert clipping.fewer(six, six) is False


def test_a_claim_cannot_be_built_from_another_task() -> None:
    with pytest.raises(UserError, match="task"):
        load_claim("gradient_clipping", ["task=ner"])

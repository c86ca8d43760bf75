import json
from pathlib import Path

import pytest

from seqkit.report.report import Report
from seqkit.report.write import write_report


def test_three_files_and_nothing_else(report: Report, tmp_path: Path) -> None:
    paths = write_report(report, tmp_path / "new" / "folder")
    assert {kind: path.name for kind, path in paths.items()} == {
        "json": "report.json",
        "md": "report.md",
        "html": "report.html",
    }
    assert sorted((tmp_path / "new" / "folder").iterdir()) == sorted(paths.values())
    assert json.loads(paths["json"].read_bytes())["title"] == report.title
    assert write_report(report, tmp_path / "new" / "folder") == paths


def test_a_report_that_cannot_be_rendered_leaves_the_old_one(report: Report, tmp_path: Path) -> None:
    paths = write_report(report, tmp_path)
    before = {path: path.read_bytes() for path in paths.values()}
    with pytest.raises(TypeError, match="cannot hold set"):
        write_report(Report("x", headline=({1},)), tmp_path)  # type: ignore[arg-type]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_full_disk_leaves_the_old_one(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_report(report, tmp_path)
    before = {path: path.read_bytes() for path in paths.values()}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_report(Report("another"), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_others_may_read_it(report: Report, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    assert {path.stat().st_mode for path in write_report(report, tmp_path).values()} == {plain.stat().st_mode}


def test_a_reader_of_the_old_report_keeps_it_whole(report: Report, tmp_path: Path) -> None:
    paths = write_report(report, tmp_path)
    before = paths["html"].read_bytes()
    with paths["html"].open("rb") as reader:
        write_report(Report("another"), tmp_path)
        assert reader.read() == before
    assert paths["html"].read_bytes() != before

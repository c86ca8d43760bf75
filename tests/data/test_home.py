from pathlib import Path

import pytest

from seqkit.data import home
from seqkit.data.home import cache_folder, mirror_folder, packaged
from seqkit.errors import UserError


def test_a_source_checkout_keeps_its_data_beside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "PACKAGE", tmp_path / "seqkit")
    assert packaged("corpora") == tmp_path / "corpora"


def test_an_installed_package_carries_its_data_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "PACKAGE", tmp_path / "seqkit")
    (tmp_path / "seqkit" / "_recipes").mkdir(parents=True)
    assert packaged("recipes") == tmp_path / "seqkit" / "_recipes"


def test_the_packaged_corpora_are_found_from_here() -> None:
    assert (packaged("corpora") / "ner" / "newsdesk" / "corpus.toml").is_file()


def test_the_cache_follows_seqkit_corpora_then_xdg_then_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("SEQKIT_CORPORA", "/data/corpora")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/ada")
    assert cache_folder() == Path("/data/corpora")
    monkeypatch.setenv("SEQKIT_CORPORA", "")
    assert cache_folder() == Path("/var/cache/ada/seqkit/corpora")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/paths/are/invalid")
    assert cache_folder() == Path("/home/ada/.cache/seqkit/corpora")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path("/home/ada/.cache/seqkit/corpora")


def test_the_mirror_option_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEQKIT_CORPORA_MIRROR", raising=False)
    assert mirror_folder(None) is None
    monkeypatch.setenv("SEQKIT_CORPORA_MIRROR", str(tmp_path))
    (tmp_path / "other").mkdir()
    assert mirror_folder(None) == tmp_path
    assert mirror_folder(tmp_path / "other") == tmp_path / "other"


def test_a_mistyped_mirror_is_an_error_and_not_a_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"^--mirror: .*nowhere is not a folder$"):
        mirror_folder(tmp_path / "nowhere")
    monkeypatch.setenv("SEQKIT_CORPORA_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"^SEQKIT_CORPORA_MIRROR: "):
        mirror_folder(None)

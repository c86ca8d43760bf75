import io
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.data.archives import extract
from seqkit.errors import UserError

FILES = {"data/train.conll": b"Ada B-PER\n" * 2000, "data/dev.conll": b"Bo B-PER\n", "README": b"read me"}


def zip_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tar_of(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def tar_with(path: Path, *entries: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        for entry in entries:
            archive.addfile(entry)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def everything_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_the_wanted_members_come_out_and_nothing_else(make, tmp_path: Path) -> None:
    archive, out = make(tmp_path / "archive", FILES), tmp_path / "out"
    extract(archive, out, {"data/train.conll": "ner/train.conll", "data/dev.conll": "dev.conll"})
    assert everything_in(out) == ["dev.conll", "ner/train.conll"]
    assert (out / "ner" / "train.conll").read_bytes() == FILES["data/train.conll"]


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_member_that_climbs_lands_only_where_it_is_wanted(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", {"../../evil": b"evil", "/etc/evil": b"evil", "good": b"good"})
    out = tmp_path / "a" / "b" / "out"
    extract(archive, out, {"good": "good", "../../evil": "tamed"})
    assert everything_in(tmp_path) == ["a/b/out/good", "a/b/out/tamed", "archive"]


@pytest.mark.parametrize("target", ["../x", "a/../../x", "/tmp/x", "a/../b", "..", "", ".", "..\\x", "C:\\x", "C:x", "\\x"])
@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_target_outside_the_folder_is_refused(make, target: str, tmp_path: Path) -> None:
    archive, out = make(tmp_path / "archive", FILES), tmp_path / "out"
    with pytest.raises(UserError, match="would be written outside"):
        extract(archive, out, {"README": target})
    assert everything_in(tmp_path) == ["archive"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["..", ".", "/", "\\", "a", "link", "C:"]), max_size=6).map("".join))
def test_whatever_the_target_nothing_lands_outside(target: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        out = top / "inner" / "out"
        out.mkdir(parents=True)
        (out / "link").symlink_to(top)
        archive = zip_of(top / "archive", FILES)
        try:
            extract(archive, out, {"README": target})
        except UserError:
            pass
        else:
            assert everything_in(out) != ["link"]
        assert [path for path in everything_in(top) if not path.startswith("inner/out/")] == ["archive"]


def test_a_link_that_stands_in_the_folder_is_not_followed_out(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="would be written outside"):
        extract(zip_of(tmp_path / "archive", FILES), tmp_path / "out", {"README": "sub/readme"})
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    "entry",
    [
        special("member", tarfile.SYMTYPE, "/etc/passwd"),
        special("member", tarfile.LNKTYPE, "/etc/passwd"),
        special("member", tarfile.CHRTYPE),
        special("member", tarfile.BLKTYPE),
        special("member", tarfile.FIFOTYPE),
        special("member", tarfile.DIRTYPE),
    ],
    ids=["symbolic link", "hard link", "character device", "block device", "pipe", "folder"],
)
def test_only_regular_files_come_out_of_a_tar(entry: tarfile.TarInfo, tmp_path: Path) -> None:
    archive = tar_with(tmp_path / "archive.tar", entry)
    with pytest.raises(UserError, match=r"archive\.tar: member: is not a regular file$"):
        extract(archive, tmp_path / "out", {"member": "x"})
    assert everything_in(tmp_path) == ["archive.tar"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR])
def test_only_regular_files_come_out_of_a_zip(kind: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        entry = zipfile.ZipInfo("member")
        entry.external_attr = (kind | 0o777) << 16
        archive.writestr(entry, b"/etc/passwd")
        archive.writestr("folder/", b"")
    for member in ("member", "folder/"):
        with pytest.raises(UserError, match="is not a regular file"):
            extract(tmp_path / "archive", tmp_path / "out", {member: "x"})
    assert everything_in(tmp_path) == ["archive"]


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_bomb_is_stopped_at_the_limit(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", {"bomb": bytes(20_000_000), "small": b"1234"})
    assert archive.stat().st_size < 100_000
    with pytest.raises(UserError, match=r"bomb: larger than the 1,000,000 bytes"):
        extract(archive, tmp_path / "out", {"bomb": "bomb"}, limit=1_000_000)
    pair = make(tmp_path / "archive", {"a": b"1234", "b": b"5678"})
    with pytest.raises(UserError, match="b: larger than the 3 bytes"):
        extract(pair, tmp_path / "out", {"a": "a", "b": "b"}, limit=7)
    assert everything_in(tmp_path / "out") == ["a"]


def test_a_zip_that_understates_a_size_is_not_believed(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "archive", {"bomb": bytes(5_000_000)})
    size = (5_000_000).to_bytes(4, "little")
    assert archive.read_bytes().count(size) == 2
    archive.write_bytes(archive.read_bytes().replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(UserError, match="archive: bomb: cannot be read: Bad CRC-32"):
        extract(archive, tmp_path / "out", {"bomb": "bomb"})
    assert everything_in(tmp_path) == ["archive"]


def test_an_encrypted_zip_is_named(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "archive", {"member": b"secret"})
    content = bytearray(archive.read_bytes())
    content[6] |= 1  # the flag in the local header, then in the central directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(UserError, match=r"archive: member: .*encrypted"):
        extract(archive, tmp_path / "out", {"member": "x"})


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_an_archive_cut_anywhere_or_altered_leaves_nothing(make, tmp_path: Path) -> None:
    content = make(tmp_path / "archive", FILES).read_bytes()
    for length in range(0, len(content) - 25, 7):  # a tar's last bytes are padding, which may be missing
        (tmp_path / "archive").write_bytes(content[:length])
        with pytest.raises(UserError) as caught:
            extract(tmp_path / "archive", tmp_path / "out", {"README": "x", "data/train.conll": "y"})
        assert "\n" not in str(caught.value)
        assert "archive: " in str(caught.value)
        assert set(everything_in(tmp_path)) <= {"archive", "out/x"}


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_missing_member_is_answered_with_the_nearest(make, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"archive: holds no 'data/trian\.conll'; did you mean 'data/train\.conll'\?$"):
        extract(make(tmp_path / "archive", FILES), tmp_path / "out", {"data/trian.conll": "x"})


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html>404</html>")
    for name in ("page.html", "missing"):
        with pytest.raises(UserError, match=rf"{name}: is not a zip or tar archive that can be read$"):
            extract(tmp_path / name, tmp_path / "out", {"x": "x"})


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_member_with_another_sum_does_not_appear(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", FILES)
    with pytest.raises(UserError, match="README: its SHA-256 sum should be 0000"):
        extract(archive, tmp_path / "out", {"README": "x"}, sums={"README": "0" * 64})
    assert everything_in(tmp_path) == ["archive"]

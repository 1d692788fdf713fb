"""The names of saved pictures, and what saving does with files that are there."""

import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.errors import AlreadyExists, MediaMissing, NotFound
from petmsg.media.open_store import open_store
from petmsg.queries.media_list import MediaDetails
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.environment import Environment
from petmsg.workflows.media_files import (
    FolderUnusable,
    MediaDamaged,
    MediaNotStored,
    Saved,
    file_name,
    save_all,
    show,
)
from petmsg.workflows.store import Store
from tests.support.fixtures import NOW, Cli
from tests.support.media_rows import TINY_GIF, add_media
from tests.support.texting import people


def row(**values: Any) -> MediaDetails:
    usual = dict.fromkeys(MediaDetails._fields) | {"message": 12, "position": 0}
    return MediaDetails(**{**usual, **values})


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("rex.jpg", "12-1-rex.gif"),
        ("rex", "12-1-rex.gif"),
        (None, "12-1-picture.gif"),
        ("", "12-1-picture.gif"),
        ("../../etc/passwd", "12-1-passwd.gif"),
        ("..\\..\\autoexec.bat", "12-1-autoexec.gif"),
        ("/", "12-1-picture.gif"),
        ("..", "12-1-picture.gif"),
        (".bashrc", "12-1-bashrc.gif"),
        ("a\x1b[31m\n\0b.png", "12-1-a_31m_b.gif"),
        ("-rf", "12-1-rf.gif"),
        ("Rex & Zoë at the lake.tar.gz", "12-1-Rex_Zoë_at_the_lake.tar.gif"),
        ("x" * 300 + ".png", f"12-1-{'x' * 80}.gif"),
        ("陳" * 100, f"12-1-{'陳' * 26}.gif"),
    ],
)
def test_a_name_is_made_safe(name: str | None, saved: str) -> None:
    assert file_name(row(name=name), "image/gif") == saved


def test_the_ending_says_what_the_file_is() -> None:
    assert file_name(row(name="a.jpg", position=2), "application/pdf") == "12-3-a.pdf"
    assert file_name(row(), "text/vcard") == "12-1-file.vcf"
    assert file_name(row(), None) == "12-1-picture.bin"
    assert file_name(row(call=7), "audio/mpeg") == "12-1-voicemail.mp3"
    assert file_name(row(), "audio/wav") == "12-1-file.wav"


@given(st.text(max_size=400))
def test_no_name_leads_elsewhere_or_is_too_long(name: str) -> None:
    saved = file_name(row(name=name), "image/png")
    assert Path("folder", saved).parent == Path("folder")
    assert saved.isprintable()
    assert saved.startswith("12-1-")
    assert saved.endswith(".png")
    assert len(saved.encode()) < 120


@pytest.fixture
def store(cli: Cli, migrated_url: str, tmp_path: Path) -> Store:
    """Message 1 with a stored picture, 1, and a missing one, 2. The bytes are in `kept`."""
    people(cli)
    cli("message", "send", "C-1", "--body", "Look")
    place = str(tmp_path / "kept")
    add_media(migrated_url, 1, content=TINY_GIF, name="rex.jpg", place=place)
    add_media(migrated_url, 1)
    environ = {"PETMSG_DATABASE_URL": migrated_url, "PETMSG_MEDIA_DIR": place, "HOME": "/nowhere"}
    return Store(Environment(environ, now=NOW))


def saved(store: Store, folder: Path, *, force: bool = False) -> Saved:
    (done,) = save_all(store, [1], folder=str(folder), force=force)
    assert isinstance(done, Saved)
    return done


def test_a_picture_is_written_for_its_owner_only(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = saved(store, folder)
    file = folder / "1-1-rex.gif"
    assert (done.file, done.size, done.reused) == (str(file), len(TINY_GIF), False)
    assert file.read_bytes() == TINY_GIF
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == [file]
    assert saved(store, folder).reused


def test_another_file_is_replaced_with_force_only(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "1-1-rex.gif"
    file.write_text("mine")
    with pytest.raises(AlreadyExists):
        saved(store, tmp_path)
    assert file.read_text() == "mine"
    assert not saved(store, tmp_path, force=True).reused
    assert file.read_bytes() == TINY_GIF


def test_a_link_in_its_place_is_replaced_and_not_followed(store: Store, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "1-1-rex.gif"
    target.write_text("theirs")
    link.symlink_to(target)
    with pytest.raises(AlreadyExists):
        saved(store, tmp_path)
    saved(store, tmp_path, force=True)
    assert target.read_text() == "theirs"
    assert not link.is_symlink()


def test_several_have_a_result_each(store: Store, tmp_path: Path) -> None:
    first, second, third = save_all(store, [1, 2, 404], folder=str(tmp_path), force=False)
    assert isinstance(first, Saved)
    assert isinstance(second, Failure)
    assert isinstance(second.error, MediaNotStored)
    assert isinstance(third, Failure)
    assert isinstance(third.error, NotFound)


def test_a_folder_that_cannot_be_one(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for wrong in ("file", "no/such/parent", "nul\0"):
        with pytest.raises(FolderUnusable):
            saved(store, tmp_path / wrong)


def test_bytes_that_are_gone_or_damaged_are_not_saved(store: Store, tmp_path: Path) -> None:
    sha256 = show(store, 1).stored.sha256 or ""
    path = tmp_path / "kept" / sha256[:2] / sha256
    path.write_bytes(b"GIF89a?")
    with pytest.raises(MediaDamaged):
        saved(store, tmp_path)
    path.unlink()
    assert show(store, 1).in_store is False
    with pytest.raises(MediaMissing):
        saved(store, tmp_path)
    assert not list(tmp_path.glob("*.gif"))


def test_a_picture_is_shown_with_the_place_of_its_bytes(store: Store, tmp_path: Path) -> None:
    shown = show(store, 1)
    assert (shown.place, shown.in_store) == (str(tmp_path / "kept"), True)
    missing = show(store, 2)
    assert (missing.place, missing.in_store, missing.link) == (None, None, None)
    assert open_store(shown.place or "").size(shown.stored.sha256 or "") == len(TINY_GIF)

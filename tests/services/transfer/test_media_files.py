"""The pictures of a company go along with its export, and come back whole or not at all."""

import shutil
import stat
from pathlib import Path

import pytest

from petmsg.db.location import locate
from petmsg.media.folder_store import FolderStore
from tests.support.consistency import problems
from tests.support.exported_company import fill
from tests.support.fixtures import Cli, Ran, looking, run_cli
from tests.support.texting import DESK


def stored(url: str) -> set[str]:
    """The hashes of a company's pictures, as its rows say."""
    with looking(url) as cursor:
        rows = cursor.tuples("SELECT sha256 FROM media WHERE status = 'stored'")
    return {row[0] for row in rows}


@pytest.fixture
def company(migrated_sqlite: str) -> str:
    fill(migrated_sqlite)
    return migrated_sqlite


@pytest.fixture
def exported(company: str, tmp_path: Path) -> Path:
    ran = run_cli(company, "export", str(tmp_path / "all"))
    assert ran.code == 0, ran.err
    assert "could not be exported" not in ran.err
    return tmp_path / "all"


def restored(folder: Path, tmp_path: Path) -> tuple[Ran, str, FolderStore]:
    url = locate(str(tmp_path / "new.db")).url
    store = tmp_path / "new pictures"
    ran = run_cli(url, "import", "petmsg", str(folder), PETMSG_MEDIA_DIR=str(store))
    return ran, url, FolderStore(store)


def test_every_picture_is_a_file_that_only_the_owner_reads(exported: Path, company: str) -> None:
    folder = exported / "happy-paws" / "media"
    assert len(stored(company)) == 3
    assert {path.name for path in folder.iterdir()} == stored(company)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert not (exported / "other" / "media").exists()


def test_an_import_puts_the_bytes_into_the_store(
    exported: Path, company: str, tmp_path: Path
) -> None:
    ran, url, store = restored(exported, tmp_path)
    assert ran.code == 0, ran.err
    assert stored(url) == stored(company)
    for name in stored(url):
        assert store.read(name) == (exported / "happy-paws" / "media" / name).read_bytes()


@pytest.mark.parametrize("damage", ["changed", "missing", "renamed"])
def test_a_damaged_picture_is_found_before_anything_is_written(
    exported: Path, tmp_path: Path, damage: str
) -> None:
    first = min((exported / "happy-paws" / "media").iterdir())
    if damage == "changed":
        first.write_bytes(first.read_bytes() + b"x")
    elif damage == "missing":
        first.unlink()
    else:
        manifest = exported / "manifest.json"
        manifest.write_text(manifest.read_text().replace(first.name, "../../../../etc/passwd"))
    ran, _, store = restored(exported, tmp_path)
    assert ran.code == 2, ran.err
    assert not (tmp_path / "new.db").exists()
    assert list(store.listed()) == []


def test_an_export_says_which_pictures_the_store_does_not_have(
    company: str, tmp_path: Path
) -> None:
    path = locate(company).path
    assert path is not None
    shutil.rmtree(f"{path}-media")
    ran = run_cli(company, "export", str(tmp_path / "all"))
    assert ran.code == 0, ran.err
    assert "Org happy-paws: 3 files could not be exported" in ran.err
    again, url, store = restored(tmp_path / "all", tmp_path)
    assert again.code == 0, again.err
    assert list(store.listed()) == []
    assert len(stored(url)) == 3


def test_a_company_without_pictures_has_no_folder_for_them(sqlite_cli: Cli, tmp_path: Path) -> None:
    assert sqlite_cli("export", str(tmp_path / "all")).code == 0
    assert not (tmp_path / "all" / "happy-paws" / "media").exists()


def test_a_voicemail_comes_back_with_its_call(exported: Path, tmp_path: Path) -> None:
    url = locate(str(tmp_path / "new.db")).url
    store = FolderStore(tmp_path / "new pictures")
    for org in ("other", "happy-paws"):  # the second one gets other ids
        words = ("import", "petmsg", str(exported), "--org", org)
        ran = run_cli(url, *words, PETMSG_MEDIA_DIR=str(tmp_path / "new pictures"))
        assert ran.code == 0, ran.err
    with looking(url) as cursor:
        calls = cursor.rows(
            "SELECT l.voicemail_seconds, c.ref AS client, n.e164 AS number, m.body, f.sha256,"
            " f.provider_media_id, o.desk_phone, o.greeting, o.ring_seconds, o.missed_call_reply"
            " FROM call l JOIN org o ON o.id = l.org_id JOIN client c ON c.id = l.client_id"
            " JOIN message_number n ON n.id = l.number_id JOIN message m ON m.id = l.message_id"
            " JOIN media f ON f.message_id = m.id"
        )
    (call,) = calls
    assert store.read(call.pop("sha256")) == b"ID3 a voicemail"
    assert call == {
        "voicemail_seconds": 23,
        "client": "C-1",
        "number": DESK,
        "body": "Voicemail, 23 seconds",
        "provider_media_id": "RE1",
        "desk_phone": "+12125550100",
        "greeting": "=Speak, please",
        "ring_seconds": 25,
        "missed_call_reply": "@We missed your call",
    }
    assert problems(url) == []

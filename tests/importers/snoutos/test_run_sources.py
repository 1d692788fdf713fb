"""Where an old company is read from: orgs of one database, its URL, and CSV files."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from petmsg.db.foreign_database import foreign
from petmsg.errors import Misconfigured
from tests.importers.snoutos.take_over import ZONE, counts, take_over
from tests.support import snoutos
from tests.support.consistency import content, problems
from tests.support.exported_company import command_line
from tests.support.fixtures import Cli, add_org, run_cli
from tests.support.postgres import PostgresServer
from tests.support.snoutos import DESK, sound

# ------------------------------------------------------------------------------------------- orgs


def two_companies() -> dict[str, list[dict[str, Any]]]:
    rows = sound()
    rows["Organization"].append({"id": "org-2", "name": "Zoë's Söhne & Co."})
    rows["Client"].append({"id": "c-zoe", "orgId": "org-2", "name": "Zoe"})
    rows["ClientContact"].append({"id": "k-z", "clientId": "c-zoe", "e164": "+12125550101"})
    return rows


def test_several_organisations_become_several_orgs(migrated_url: str, tmp_path: Path) -> None:
    folder = snoutos.write_csv(two_companies(), tmp_path / "old")
    ran = take_over(migrated_url, "--dir", str(folder), *ZONE)
    assert ran.code == 0, ran.err
    assert [row["org"] for row in ran.json["orgs"]] == ["happy-paws", "zoes-sohne-co"]
    zoes = command_line(migrated_url, "zoes-sohne-co")
    assert [row["client"] for row in zoes("client", "list", "-o", "json").json] == ["c-zoe"]
    assert zoes("org", "show", "-o", "json").json["name"] == "Zoë's Söhne & Co."
    assert problems(migrated_url) == []


def test_one_organisation_is_picked_and_its_org_named(migrated_url: str, tmp_path: Path) -> None:
    folder = snoutos.write_csv(two_companies(), tmp_path / "old")
    options = ("--dir", str(folder), *ZONE, "--old-org", "org-2", "--org", "zoe")
    ran = take_over(migrated_url, *options)
    assert ran.code == 0, ran.err
    assert [row["org"] for row in run_cli(migrated_url, "org", "list", "-o", "json").json] == [
        "zoe"
    ]
    assert counts(ran)["Client"] == 1
    assert take_over(migrated_url, *options).code == 0


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--org", "one"), "old_org_not_chosen", "'org-1', 'org-2'"),
        (("--old-org", "org-3"), "old_organisation_not_found", "org-3"),
        ((), "usage", "needs a timezone"),
        (("--timezone", "Mars/Olympus"), "out_of_range", "Unknown timezone 'Mars/Olympus'"),
        (("--old-org", "org-1", "--org", "NO SLUG", *ZONE), "out_of_range", "Invalid slug"),
    ],
)
def test_what_is_not_clear_about_orgs_is_asked_before_anything_is_written(
    migrated_sqlite: str, tmp_path: Path, options: tuple[str, ...], code: str, words: str
) -> None:
    folder = snoutos.write_csv(two_companies(), tmp_path / "old")
    ran = take_over(migrated_sqlite, "--dir", str(folder), *options)
    assert ran.error["code"] == code
    assert words in ran.error["message"] + ran.error["hint"]
    assert content(migrated_sqlite)["org"] == []


def test_two_companies_are_never_mixed(migrated_sqlite: str, tmp_path: Path) -> None:
    rows = two_companies()
    rows["Organization"][1]["name"] = "happy PAWS!"
    folder = snoutos.write_csv(rows, tmp_path / "old")
    both = take_over(migrated_sqlite, "--dir", str(folder), *ZONE)
    assert (both.code, both.error["code"]) == (4, "no_slug")
    assert take_over(migrated_sqlite, "--dir", str(folder), "--old-org", "org-1", *ZONE).code == 0
    other = take_over(migrated_sqlite, "--dir", str(folder), "--old-org", "org-2")
    assert (other.code, other.error["code"]) == (4, "other_old_org")


def test_an_org_that_is_here_takes_over_only_if_it_is_named(
    migrated_sqlite: str, csv_folder: Path
) -> None:
    add_org(migrated_sqlite, front_desk=DESK)
    ran = take_over(migrated_sqlite, "--dir", str(csv_folder))
    assert (ran.code, ran.error["code"]) == (4, "org_is_there")
    named = take_over(migrated_sqlite, "--dir", str(csv_folder), "--org", "happy-paws")
    assert named.code == 0
    assert named.json["orgs"][0]["created"] is False
    assert counts(named, "known")["MessageNumber"] == 1, "the desk that init made"
    assert take_over(migrated_sqlite, "--dir", str(csv_folder)).code == 0, "it is known by now"


# -------------------------------------------------------------------------------------- the source


def test_the_old_database_is_only_read(
    migrated_sqlite: str, old_url: str, postgres_server: PostgresServer
) -> None:
    """A role that may do nothing but read is enough, and nothing there changes."""
    database = old_url.rpartition("/")[2]
    admin = f"host=127.0.0.1 port={postgres_server.port} user=postgres dbname={database}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")

        def everything() -> list[Any]:
            return [
                connection.execute(f'SELECT *, xmin::text FROM "{table}" ORDER BY 1').fetchall()
                for table in snoutos.TABLES
            ]

        before = everything()
        ran = take_over(migrated_sqlite, "--url", old_url.replace("petmsg@", "reader@"), *ZONE)
        assert ran.code == 0, ran.err
        assert everything() == before


def test_the_connection_to_it_cannot_write(old_url: str) -> None:
    with pytest.raises(Misconfigured) as refused, foreign(old_url) as database:
        database._connection.execute('DELETE FROM "Message"')
    assert refused.value.code == "database_read_only"


def test_the_url_of_prisma_will_do(migrated_sqlite: str, postgres_url: str) -> None:
    snoutos.create(postgres_url, sound(), schema="Pet Care")
    plain = postgres_url.replace("+psycopg", "")
    ran = take_over(
        migrated_sqlite,
        "--url",
        f"{plain}?schema=Pet%20Care&connection_limit=5&pgbouncer=true&application_name=prisma",
        *ZONE,
    )
    assert ran.code == 0, ran.err
    assert counts(ran)["Message"] == 6


def test_the_environment_names_the_old_database_too(migrated_sqlite: str, old_url: str) -> None:
    ran = take_over(migrated_sqlite, *ZONE, PETMSG_SNOUTOS_URL=old_url)
    assert ran.code == 0, ran.err


def test_a_database_that_is_not_the_old_system_is_reported(
    migrated_sqlite: str, postgres_url: str
) -> None:
    plain = postgres_url.replace("+psycopg", "")
    ran = take_over(migrated_sqlite, "--url", plain, *ZONE)
    assert (ran.code, ran.error["code"]) == (5, "old_table_missing")
    assert '"Organization"' in ran.error["message"]
    snoutos.create(postgres_url, {})
    assert take_over(migrated_sqlite, "--url", plain, *ZONE).error["code"] == (
        "old_organisation_not_found"
    )
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute('ALTER TABLE "Message" DROP COLUMN "threadId"')
    missing = take_over(migrated_sqlite, "--url", plain, *ZONE)
    assert (missing.code, missing.error["code"]) == (2, "old_column_missing")
    assert "threadId" in missing.error["message"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://u:secret@127.0.0.1:1/d", "database_connection"),
        ("postgresql://u:secret@127.0.0.1", "foreign_url"),
        ("mysql://u:secret@127.0.0.1/d", "foreign_url"),
        ("postgresql://u:secret@127.0.0.1:x/d", "foreign_url"),
        ("secret", "foreign_url"),
    ],
)
def test_a_password_is_never_repeated(migrated_sqlite: str, url: str, code: str) -> None:
    ran = take_over(migrated_sqlite, "--url", url, *ZONE, PETMSG_DEBUG="1")
    assert (ran.code, ran.error["code"]) == (5, code)
    assert "secret" not in ran.out + ran.err


@pytest.mark.parametrize(
    "line",
    [
        "import snoutos {}",
        "import {}",
        "{}",
        "import snoutos --url={} extra",
        "import snoutos --url {} --dir x",
        "import snoutos --dir {}",
        "import snoutos --old-org {}",
        "import petmsg {}",
        "export {}/x/",
        "client list -o {}",
        "client list --org {}",
        "client list --limit {}",
    ],
)
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:sec@r://et@127.0.0.1:1/d",
        "postgresql://u:secr%20et" + "x" * 80 + "@127.0.0.1:1/d",
        "postgresql://127.0.0.1:1/d?user=u&password=secret",
    ],
)
def test_a_url_in_the_wrong_place_is_not_repeated(
    sqlite_cli: Cli, line: str, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [word.replace("{}", url) for word in line.split()]
    for options in ((), ("-o", "json")):
        ran = sqlite_cli(*words, *options, PETMSG_DEBUG="1")
        for secret in ("sec@r", "secr", "secret"):
            if secret in url:
                assert secret not in ran.out + ran.err, line


@pytest.mark.parametrize("options", [(), ("--url", "postgresql://h/d", "--dir", "x")])
def test_one_source_is_needed_and_one_only(migrated_sqlite: str, options: tuple[str, ...]) -> None:
    ran = take_over(migrated_sqlite, *options)
    assert (ran.code, ran.error["code"]) == (2, "usage")

"""Saved header maps: what they change in imports, and that they can be set again."""

import pytest

from petmsg.enums.files import ImportNoun
from petmsg.errors import NotFound
from petmsg.queries.import_map import saved_targets
from petmsg.services.transfer import import_map
from tests.support.fixtures import Cli, working

FILE = "Kontakt;Handy;Vermerk\nAnn;+14155551001;x\n"


def test_saved_maps_are_used_by_every_import_of_the_org(cli: Cli) -> None:
    assert cli("client", "import", "-", stdin=FILE).code == 2
    saved = cli("import", "map", "set", "client", "KONTAKT=name", "Handy=phone", "Vermerk=")
    assert (saved.code, saved.err) == (0, "")
    ran = cli("client", "import", "-", "--strict", stdin=FILE)
    assert (ran.code, "1 created." in ran.err) == (0, True)
    assert cli("sitter", "import", "-", stdin=FILE).code == 2


def test_a_map_of_the_import_goes_before_a_saved_one(sqlite_cli: Cli) -> None:
    sqlite_cli("import", "map", "set", "client", "Kontakt=phone", "Handy=name")
    words = ("--map", "Kontakt=name", "--map", "Handy=phone")
    ran = sqlite_cli("client", "import", "-", *words, stdin=FILE)
    assert ran.code == 0, ran.err
    (client,) = sqlite_cli("client", "list", "-o", "json").json
    assert client["name"] == "Ann"


def test_setting_a_map_again_changes_nothing_and_another_target_changes_it(
    sqlite_cli: Cli,
) -> None:
    assert sqlite_cli("import", "map", "set", "client", "Handy=phone").code == 0
    events = sqlite_cli("audit", "export").out
    (again,) = sqlite_cli("import", "map", "set", "client", "handy=phone", "-o", "json").json
    assert again["reused"] is True
    assert sqlite_cli("audit", "export").out == events
    sqlite_cli("import", "map", "set", "client", "Handy=phone2")
    assert sqlite_cli("import", "map", "list", "-o", "json").json == [
        {"noun": "client", "header": "handy", "target": "phone2"}
    ]


def test_one_map_that_cannot_be_read_stops_no_other(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("import", "map", "set", "client", "Handy=fone", "Kontakt=name", "-o", "json")
    assert (ran.code, ran.json[0]["error"]["code"]) == (4, "out_of_range")
    assert [row["header"] for row in sqlite_cli("import", "map", "list", "-o", "json").json] == [
        "kontakt"
    ]


def test_a_removed_map_is_gone_and_an_unknown_one_is_named(migrated_url: str, cli: Cli) -> None:
    cli("import", "map", "set", "booking", "Hund=client")
    with working(migrated_url, org="happy-paws") as uow:
        import_map.remove(uow, ImportNoun.BOOKING, ["HUND"])
        assert saved_targets(uow.cursor, uow.org.id, ImportNoun.BOOKING) == {}
        with pytest.raises(NotFound, match="no header map 'Hund'"):
            import_map.remove(uow, ImportNoun.BOOKING, ["Hund"])


def test_maps_of_one_noun_are_listed(sqlite_cli: Cli) -> None:
    sqlite_cli("import", "map", "set", "client", "Handy=phone")
    sqlite_cli("import", "map", "set", "sitter", "Handy=phone")
    listed = sqlite_cli("import", "map", "list", "--noun", "sitter", "-o", "json").json
    assert [row["noun"] for row in listed] == ["sitter"]

"""The accounts whose credentials a server has, and what it notices while it runs."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from petmsg.providers import stored_accounts
from petmsg.providers.stored_accounts import StoredAccounts, stored_account_names

SID, NORTH = "AC" + "0" * 32, "AC" + "1" * 32


def write(path: Path, sid: str, token: str, *, mode: int = 0o600) -> None:
    path.write_text(f"TWILIO_ACCOUNT_SID={sid}\nTWILIO_AUTH_TOKEN={token}\n")
    path.chmod(mode)


def test_files_beside_the_default_one_and_variables_are_accounts(tmp_path: Path) -> None:
    default = tmp_path / "twilio.env"
    assert stored_account_names({}, default) == []
    assert stored_account_names({}, tmp_path / "none" / "twilio.env") == []
    write(default, SID, "a")
    write(tmp_path / "twilio-south.env", SID, "a")
    for name in ("twilio-.env", "twilio-Bad_Name.env", "twilio-none.env", "twilio-x.env~"):
        write(tmp_path / name, SID, "a")
    environ = {"TWILIO_ACCOUNT_SID_NORTH_OFFICE": NORTH, "TWILIO_ACCOUNT_SID_": NORTH}
    assert stored_account_names(environ, default) == [None, "north-office", "south"]


def test_tokens_are_found_by_the_account_and_never_by_another(tmp_path: Path) -> None:
    write(tmp_path / "twilio.env", SID, "a,b")
    write(tmp_path / "twilio-north.env", NORTH, "c")
    write(tmp_path / "twilio-again.env", SID, "b,d")
    accounts = StoredAccounts({}, tmp_path / "twilio.env")
    assert sorted(accounts.tokens_of(SID)) == ["a", "b", "d"]
    assert accounts.names_of(SID) == {None, "again"}
    assert accounts.tokens_of(NORTH) == ("c",)
    assert accounts.tokens_of("") == accounts.tokens_of("AC" + "2" * 32) == ()


def test_a_file_that_was_changed_added_or_removed_is_read_again(tmp_path: Path) -> None:
    told: list[str] = []
    write(tmp_path / "twilio.env", SID, "old")
    accounts = StoredAccounts({}, tmp_path / "twilio.env", told.append)
    assert not accounts.look_again()
    write(tmp_path / "twilio.env", SID, "new,old")
    assert accounts.look_again()
    assert accounts.tokens_of(SID) == ("new", "old")
    write(tmp_path / "twilio-north.env", NORTH, "north")
    assert accounts.look_again()
    assert accounts.tokens_of(NORTH) == ("north",)
    (tmp_path / "twilio-north.env").unlink()
    assert accounts.look_again()
    assert accounts.tokens_of(NORTH) == ()
    assert told == ["Twilio's credentials were read again."] * 3


def test_a_file_that_became_unusable_leaves_what_was_read_before(tmp_path: Path) -> None:
    told: list[str] = []
    write(tmp_path / "twilio.env", SID, "good-token")
    accounts = StoredAccounts({}, tmp_path / "twilio.env", told.append)
    (tmp_path / "twilio.env").write_text("TWILIO_ACCOUNT_SID=AC")
    assert not accounts.look_again()
    assert accounts.tokens_of(SID) == ("good-token",)
    assert "TWILIO_AUTH_TOKEN is missing" in told[0]
    write(tmp_path / "twilio.env", SID, "x", mode=0o644)
    accounts.look_again()
    assert "readable by others" in told[1]
    assert set(accounts.problems) == {None}
    assert accounts.has_tokens
    assert "good-token" not in "".join(told)


@pytest.mark.parametrize("content", ["", f"TWILIO_ACCOUNT_SID={SID}\n"])
def test_a_token_that_was_taken_out_of_its_file_ends_after_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    uptime = [100.0]
    monkeypatch.setattr(stored_accounts, "time", SimpleNamespace(monotonic=lambda: uptime[0]))
    told: list[str] = []
    write(tmp_path / "twilio.env", SID, "revoked")
    write(tmp_path / "twilio-north.env", NORTH, "north")
    accounts = StoredAccounts({}, tmp_path / "twilio.env", told.append)
    (tmp_path / "twilio.env").write_text(content)
    for uptime[0] in (105.0, 160.0):
        accounts.look_if_due()
        assert accounts.tokens_of(SID) == ("revoked",)
    uptime[0] = 165.0
    accounts.look_if_due()
    assert (accounts.tokens_of(SID), accounts.tokens_of(NORTH)) == ((), ("north",))
    assert "Twilio's credentials were read again." in told
    write(tmp_path / "twilio.env", SID, "new")
    uptime[0] = 170.0
    accounts.look_if_due()
    assert (accounts.tokens_of(SID), accounts.problems) == (("new",), {})

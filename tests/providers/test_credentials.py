"""Twilio's credentials: where they may come from, and that they stay secret."""

import os
from pathlib import Path

import pytest

from petmsg.errors import CredentialsMissing
from petmsg.providers.credentials import (
    TwilioCredentials,
    load_twilio_credentials,
    where_credentials_come_from,
)

SID = "AC" + "0123456789abcdef" * 2
TOKEN = "s3cret-t0ken-of-the-tests"
BOTH = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN}
LINES = f"TWILIO_ACCOUNT_SID={SID}\nTWILIO_AUTH_TOKEN={TOKEN}\n"
NOWHERE = Path("does", "not", "exist")


def written(path: Path, text: str | bytes = LINES, *, mode: int = 0o600) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def refusal(environ: dict[str, str], default_file: Path = NOWHERE) -> CredentialsMissing:
    """The refusal, which names a fix and no secret."""
    with pytest.raises(CredentialsMissing) as caught:
        load_twilio_credentials(environ, default_file)
    assert caught.value.hint
    assert caught.value.exit_code == 5
    assert TOKEN not in repr(caught.value) + caught.value.message + caught.value.hint
    return caught.value


def test_the_environment_is_asked_first(tmp_path: Path) -> None:
    file = written(tmp_path / "twilio", LINES.replace(TOKEN, "another"))
    assert load_twilio_credentials(BOTH, file) == TwilioCredentials(SID, TOKEN)


def test_without_an_environment_the_default_file_is_read(tmp_path: Path) -> None:
    file = written(tmp_path / "twilio")
    assert load_twilio_credentials({}, file) == TwilioCredentials(SID, TOKEN)


def test_empty_variables_are_as_good_as_none(tmp_path: Path) -> None:
    environ = {"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": ""}
    assert load_twilio_credentials(environ, written(tmp_path / "twilio")).auth_token == TOKEN
    refusal(environ)


def test_the_file_can_be_named_by_a_variable(tmp_path: Path) -> None:
    file = written(tmp_path / "elsewhere")
    environ = {"PETMSG_TWILIO_CREDENTIALS": str(file)}
    assert load_twilio_credentials(environ, NOWHERE).account_sid == SID


def test_a_tilde_in_the_variable_is_the_home_folder(tmp_path: Path) -> None:
    written(tmp_path / "twilio")
    environ = {"PETMSG_TWILIO_CREDENTIALS": "~/twilio", "HOME": str(tmp_path)}
    assert load_twilio_credentials(environ, NOWHERE).account_sid == SID


@pytest.mark.parametrize(
    "text",
    [
        f"# ours\n\n  export TWILIO_ACCOUNT_SID={SID}\nexport TWILIO_AUTH_TOKEN='{TOKEN}'\n",
        f'TWILIO_AUTH_TOKEN = "{TOKEN}"\r\nOTHER=1\r\nTWILIO_ACCOUNT_SID = {SID}\r\n',
        f"TWILIO_ACCOUNT_SID={SID} # live\nTWILIO_AUTH_TOKEN='{TOKEN}' # secret",
        f"\ufeffTWILIO_ACCOUNT_SID={SID}\nTWILIO_AUTH_TOKEN=old\nTWILIO_AUTH_TOKEN={TOKEN}\n",
    ],
    ids=["export-and-comments", "spaces-and-crlf", "trailing-comments", "bom-and-last-wins"],
)
def test_a_file_may_look_as_people_write_them(tmp_path: Path, text: str) -> None:
    file = written(tmp_path / "twilio", text)
    assert load_twilio_credentials({}, file) == TwilioCredentials(SID, TOKEN)


@pytest.mark.parametrize("name", list(BOTH))
def test_half_an_environment_is_refused_and_not_filled_up_from_a_file(
    tmp_path: Path, name: str
) -> None:
    half = {name: BOTH[name]}
    missing = next(other for other in BOTH if other != name)
    assert missing in refusal(half, written(tmp_path / "twilio")).message


@pytest.mark.parametrize("text", ["", "# nothing\n", f"TWILIO_ACCOUNT_SID={SID}\n"])
def test_an_empty_or_half_file_is_refused(tmp_path: Path, text: str) -> None:
    file = written(tmp_path / "twilio", text)
    assert str(file) in refusal({}, file).message


def test_a_missing_file_is_refused_with_both_ways_to_mend_it(tmp_path: Path) -> None:
    file = tmp_path / "my twilio"
    hint = refusal({}, file).hint
    assert "TWILIO_ACCOUNT_SID" in hint
    assert f"chmod 600 '{file}'" in hint


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_private_file_is_read(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "twilio", mode=mode)
    assert load_twilio_credentials({}, file).account_sid == SID


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o660, 0o777])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "twilio", mode=mode)
    error = refusal({}, file)
    assert f"{mode:04o}" in error.message
    assert f"chmod 600 {file}" in error.hint


def test_a_link_is_judged_by_what_it_points_at(tmp_path: Path) -> None:
    private = written(tmp_path / "private")
    link = tmp_path / "link"
    link.symlink_to(private)
    assert load_twilio_credentials({}, link).account_sid == SID
    private.chmod(0o644)
    refusal({}, link)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert "not a regular file" in refusal({}, tmp_path).message


def test_a_named_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert "not a regular file" in refusal({}, pipe).message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "twilio")
    os.chown(file, 12345, -1)
    assert "another user" in refusal({}, file).message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal({}, written(tmp_path / "twilio", mode=0o000)).message


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"A=" + b"x" * 70_000], ids=["binary", "huge"])
def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path: Path, raw: bytes) -> None:
    refusal({}, written(tmp_path / "twilio", raw))


def test_a_path_that_cannot_be_one_is_refused() -> None:
    refusal({"PETMSG_TWILIO_CREDENTIALS": "a\0b"})


def test_a_line_that_is_no_pair_is_refused_by_its_number_and_not_quoted(tmp_path: Path) -> None:
    file = written(tmp_path / "twilio", f"# token\n{TOKEN}\n")
    assert "Line 2" in refusal({}, file).message


@pytest.mark.parametrize(
    "sid",
    ["AC123", SID + "0", SID.replace("AC", "SK"), SID[:-1] + "g", SID + "\n", "AC" + "٣" * 32],
)
def test_a_malformed_sid_is_refused(sid: str) -> None:
    assert "malformed" in refusal({**BOTH, "TWILIO_ACCOUNT_SID": sid}).message


def test_a_token_in_the_place_of_the_sid_is_not_echoed() -> None:
    refusal({"TWILIO_ACCOUNT_SID": TOKEN, "TWILIO_AUTH_TOKEN": SID})


@pytest.mark.parametrize("token", [TOKEN + " x", TOKEN + "\n", TOKEN + "é"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    assert "malformed" in refusal({**BOTH, "TWILIO_AUTH_TOKEN": token}).message


def test_the_token_is_in_no_representation() -> None:
    credentials = TwilioCredentials(SID, TOKEN)
    assert TOKEN not in repr(credentials) + str(credentials) + f"{credentials}"


def test_where_they_come_from_is_said_without_opening_anything(tmp_path: Path) -> None:
    file = written(tmp_path / "twilio", "", mode=0o000)
    assert where_credentials_come_from(BOTH, file) == "environment"
    assert where_credentials_come_from({"TWILIO_AUTH_TOKEN": TOKEN}, file) == "environment"
    assert where_credentials_come_from({}, file) == f"file {file}"
    named = {"PETMSG_TWILIO_CREDENTIALS": str(file)}
    assert where_credentials_come_from(named, NOWHERE) == f"file {file}"
    assert where_credentials_come_from({}, NOWHERE) == "not set"


# --- several tokens, API keys, accounts with a name ---------------------------------------------

KEY, SECRET = "SK" + "fedcba9876543210" * 2, "s3cret-of-the-key"


def test_several_tokens_are_separated_by_commas_and_the_first_is_for_requests() -> None:
    environ = {**BOTH, "TWILIO_AUTH_TOKEN": f"{TOKEN}, old-token,"}
    credentials = load_twilio_credentials(environ, NOWHERE)
    assert credentials.tokens == (TOKEN, "old-token")
    assert credentials.logins == ((SID, TOKEN), (SID, "old-token"))


def test_an_api_key_is_preferred_for_requests_and_needs_no_token(tmp_path: Path) -> None:
    lines = f"TWILIO_ACCOUNT_SID={SID}\nTWILIO_API_KEY={KEY}\nTWILIO_API_SECRET={SECRET}\n"
    alone = load_twilio_credentials({}, written(tmp_path / "key", lines))
    assert (alone.logins, alone.tokens) == (((KEY, SECRET),), ())
    both = load_twilio_credentials(
        {**BOTH, "TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": SECRET}, NOWHERE
    )
    assert (both.logins, both.tokens) == (((KEY, SECRET), (SID, TOKEN)), (TOKEN,))
    assert SECRET not in repr(both)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"TWILIO_API_KEY": KEY}, "TWILIO_API_SECRET is missing"),
        ({"TWILIO_API_SECRET": TOKEN}, "TWILIO_API_KEY is missing"),
        ({"TWILIO_API_KEY": SID, "TWILIO_API_SECRET": TOKEN}, "TWILIO_API_KEY in"),
        ({"TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": "a b"}, "TWILIO_API_SECRET in"),
        ({"TWILIO_AUTH_TOKEN": " , "}, "it holds no token"),
    ],
)
def test_half_an_api_key_or_a_malformed_one_is_refused(given: dict[str, str], says: str) -> None:
    assert says in refusal({**BOTH, **given}).message


def test_a_named_account_has_a_file_of_its_own_beside_the_other(tmp_path: Path) -> None:
    default = written(tmp_path / "twilio.env")
    written(tmp_path / "twilio-north.env", LINES.replace(TOKEN, "of-north"))
    assert load_twilio_credentials({}, default, "north").auth_token == "of-north"
    named = {"PETMSG_TWILIO_CREDENTIALS": str(default)}
    assert load_twilio_credentials(named, NOWHERE, "north").auth_token == "of-north"
    # The environment of the account without a name is not the one of another account.
    assert load_twilio_credentials(BOTH, default, "north").auth_token == "of-north"
    with pytest.raises(CredentialsMissing, match=r"twilio-south\.env") as caught:
        load_twilio_credentials(BOTH, default, "south")
    assert "TWILIO_AUTH_TOKEN_SOUTH" in caught.value.hint
    written(tmp_path / "twilio-open.env", mode=0o644)
    with pytest.raises(CredentialsMissing, match="readable by others"):
        load_twilio_credentials({}, default, "open")


def test_a_named_account_has_variables_of_its_own() -> None:
    environ = {
        "TWILIO_ACCOUNT_SID_NORTH_OFFICE": SID,
        "TWILIO_AUTH_TOKEN_NORTH_OFFICE": TOKEN,
    }
    assert load_twilio_credentials(environ, NOWHERE, "north-office").auth_token == TOKEN
    assert where_credentials_come_from(environ, NOWHERE, "north-office") == "environment"
    assert where_credentials_come_from(environ, NOWHERE) == "not set"
    with pytest.raises(CredentialsMissing, match="TWILIO_AUTH_TOKEN_NORTH is missing"):
        load_twilio_credentials({"TWILIO_ACCOUNT_SID_NORTH": SID}, NOWHERE, "north")

"""petmsg setup: the dialogue at a terminal, and the same by options."""

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from petmsg.errors import CONFIGURATION, INTERRUPTED, PROVIDER, USAGE
from tests.support.channels import channel_server
from tests.support.conversation import Conversation
from tests.support.fixtures import Ran, run_cli
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN
from tests.support.twilio_process import running_fake

DESK = "+14155550100"
COMPANY = ("--name", "Happy Paws", "--timezone", "America/New_York")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database that is not there yet."""
    return f"sqlite:///{tmp_path}/data/petmsg.db"


@pytest.fixture
def environ(tmp_path: Path, url: str) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "PETMSG_DATABASE_URL": url, "TZ": "America/Chicago"}


@pytest.fixture(scope="module")
def twilio() -> Iterator[dict[str, str]]:
    """The settings that lead to a fake Twilio with one number."""
    with running_fake(numbers=["+14155550101"]) as fake:
        yield {"PETMSG_TWILIO_API_URL": fake.url, "PETMSG_TWILIO_TIMEOUT_SECONDS": "20"}


def org(url: str) -> dict[str, Any]:
    ran = run_cli(url, "org", "show", "-o", "json")
    assert ran.code == 0, ran.err
    return dict(ran.json)


def by_options(url: str, *words: str, **environ: str) -> Ran:
    return run_cli(url, "setup", *words, "-o", "json", **environ)


def commands(ran: Ran) -> list[str]:
    assert ran.code == 0, ran.err
    return [row["command"] for row in ran.json]


# ------------------------------------------------------------------------------------- the dialogue


def test_a_company_is_set_up_question_by_question(url: str, environ: dict[str, str]) -> None:
    with (
        channel_server() as server,
        Conversation("setup", environ=environ) as talk,
    ):
        talk.expect("Company name: ")
        talk.type("")
        talk.expect("This cannot be left empty.")
        talk.expect("Company name: ")
        talk.type("Happy Paws")
        talk.expect("Short name, for --org [happy-paws]: ")
        talk.type("Happy Paws!")
        talk.expect("Invalid short name 'Happy Paws!'")
        talk.type("")
        talk.expect("Time zone [America/Chicago]: ")
        talk.type("New York")
        talk.expect("Unknown timezone 'New York'")
        talk.type("America/New_York")
        talk.expect("without a plus [US]: ")
        talk.type("")
        talk.expect(
            "$ petmsg init --org happy-paws --name 'Happy Paws' --timezone America/New_York"
        )
        talk.expect("Front desk number (Enter: later): ")
        talk.type("555-0100")
        talk.expect("the area code is missing")
        talk.type("(415) 555-0100")
        talk.expect("--class front_desk --org happy-paws")
        talk.expect("Provider (sandbox or twilio) [sandbox]: ")
        talk.type("twillio")
        talk.expect("Unknown provider 'twillio'")
        talk.type("")
        talk.expect("(on or off) [off]: ")
        talk.type("yes")
        talk.expect("neither on nor off")
        talk.type("on")
        talk.expect("$ petmsg org set --relay on --org happy-paws")
        talk.expect("(Enter: nowhere): ")
        talk.type("nonsense")
        talk.expect("hint:")
        talk.expect("(Enter: nowhere): ")
        talk.type(server.url("ops"))
        talk.expect("$ petmsg notify add ops - --org happy-paws < url.txt")
        assert talk.ends_with() == 0
        assert server.url("ops") not in talk.shown
    stored = org(url)
    assert (stored["name"], stored["timezone"], stored["relay"]) == (
        *("Happy Paws", "America/New_York"),
        True,
    )
    assert run_cli(url, "number", "show", DESK, "-o", "json").json["class"] == "front_desk"


def test_whoever_leaves_goes_on_later(url: str, environ: dict[str, str]) -> None:
    with Conversation("setup", *COMPANY, environ=environ) as talk:
        talk.expect("Short name")
        talk.type("hp")
        talk.expect("without a plus")
        talk.type("")
        talk.expect("Front desk number")
        talk.interrupt()
        assert talk.ends_with() == INTERRUPTED
        assert "What the commands above say is stored. To go on: petmsg setup" in talk.shown
        assert "\\n" not in talk.shown
        assert "Traceback" not in talk.shown
    with Conversation("setup", environ=environ) as talk:
        talk.expect("Company name [Happy Paws]: ")
        talk.type("")
        talk.expect("Time zone [America/New_York]: ")
        talk.type("America/Denver")
        talk.expect("without a plus [US]: ")
        talk.type("\x04")  # Ctrl-D
        assert talk.ends_with() == INTERRUPTED
    assert (org(url)["org"], org(url)["timezone"]) == ("hp", "America/New_York")


def test_leaving_before_the_company_is_stored_says_so(url: str, environ: dict[str, str]) -> None:
    """The first answers are stored together."""
    with Conversation("setup", environ=environ) as talk:
        talk.expect("Company name: ")
        talk.type("Happy Paws")
        talk.expect("Short name")
        talk.interrupt()
        assert talk.ends_with() == INTERRUPTED
        assert "Nothing was changed. To go on: petmsg setup" in talk.shown
        assert "stored" not in talk.shown
    assert run_cli(url, "org", "list").code == CONFIGURATION


def to_the_provider(talk: Conversation) -> None:
    talk.expect("Provider (sandbox or twilio) [sandbox]: ")
    talk.type("twilio")


def test_twilio_is_switched_to_with_credentials_that_work(
    url: str, environ: dict[str, str], twilio: dict[str, str]
) -> None:
    by_options(url, *COMPANY, "--front-desk", DESK, "--yes")
    file = Path(environ["HOME"], ".config/petmsg/twilio.env")
    line = ("setup", *COMPANY, "--country", "US", "--relay", "off")
    with Conversation(*line, environ={**environ, **twilio}) as talk:
        to_the_provider(talk)
        talk.expect("Missing Twilio credentials")
        talk.type("SK123")
        talk.expect("This is no Account SID")
        talk.type(ACCOUNT_SID)
        talk.expect("Auth token (it is not shown): ")
        talk.type("0" * 32)
        talk.expect(f"Change the credentials in {file} in another window. Look again? [y/N] ")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.write_text(file.read_text("utf-8").replace("0" * 32, AUTH_TOKEN), "utf-8")
        talk.type("y")
        talk.expect("nothing can be sent from it. Fix: petmsg number list --org happy-paws")
        talk.expect("Switch? Messages then reach real phones and cost money. [y/N] ")
        talk.type("y")
        talk.expect("$ petmsg org set --provider twilio --org happy-paws --yes")
        talk.expect("(Enter: nowhere): ")
        talk.type("")
        assert talk.ends_with() == 0
        assert AUTH_TOKEN not in talk.shown
    assert org(url)["provider"] == "twilio"


def test_the_provider_stays_where_the_person_does_not_agree(
    url: str, environ: dict[str, str], twilio: dict[str, str]
) -> None:
    by_options(url, *COMPANY, "--front-desk", DESK, "--yes")
    known = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
    line = ("setup", *COMPANY, "--country", "US", "--relay", "off")
    with Conversation(*line, environ={**environ, **twilio, **known}) as talk:
        to_the_provider(talk)
        talk.expect("Switch? ")
        talk.type("no")
        talk.expect("The provider stays sandbox.")
        talk.expect("(Enter: nowhere): ")
        talk.type("")
        assert talk.ends_with() == 0
    assert org(url)["provider"] == "sandbox"


# --------------------------------------------------------------------------------------- by options


def test_every_answer_is_an_option(url: str) -> None:
    ran = by_options(url, *COMPANY, "--front-desk", "4155550100", "--relay", "on", "--yes")
    assert commands(ran) == [
        "petmsg init --org happy-paws --name 'Happy Paws' --timezone America/New_York",
        "petmsg number add 4155550100 --class front_desk --org happy-paws",
        "petmsg org set --relay on --org happy-paws",
    ]
    again = by_options(url, "--yes")
    assert commands(again) == []
    assert "The settings stay as they are." in again.err
    assert "Next: petmsg number import FILE, or petmsg number add E164 --class sitter" in again.err
    assert commands(by_options(url, "--name", "Paws", "--country", "CA", "--yes")) == [
        "petmsg org set --name Paws --country CA --org happy-paws"
    ]
    assert commands(by_options(url, "--yes", "--country", "US")) == [
        "petmsg org set --country US --org happy-paws"
    ]


def test_a_zone_that_keeps_winter_time_is_warned_of(url: str) -> None:
    """A company on the East Coast writes EST, and would be an hour off all summer."""
    warning = "EST has no daylight saving time. If the company has it: petmsg org set --timezone "
    setup = by_options(url, "--name", "Paws", "--timezone", "EST", "--yes")
    assert f"{warning}America/New_York" in setup.err
    assert warning in run_cli(url, "org", "set", "--timezone", "EST").err
    assert "Warning" not in by_options(url, "--yes").err
    assert "Warning" not in run_cli(url, "org", "set", "--timezone", "America/New_York").err
    assert warning in run_cli(url, "org", "add", "b", "--name", "B", "--timezone", "EST").err


def test_a_database_without_tables_is_a_beginning(url: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/petmsg.db").touch(0o600)
    assert len(commands(by_options(url, *COMPANY, "--yes"))) == 1


def test_what_is_printed_does_the_same(url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    line = (*COMPANY, "--country", "CA", "--front-desk", DESK, "--relay", "on", "--yes")
    for command in commands(by_options(url, *line)):
        assert run_cli(other, *shlex.split(command)[1:]).code == 0, command
    assert org(other) == org(url)


def test_a_dry_run_prints_the_commands_and_does_nothing(url: str, tmp_path: Path) -> None:
    ran = by_options(url, *COMPANY, "--dry-run")
    assert [row["status"] for row in ran.json] == ["planned"]
    assert not (tmp_path / "data").exists()
    by_options(url, *COMPANY, "--yes")
    assert by_options(url, "--relay", "on", "--dry-run").json[0]["status"] == "planned"
    assert org(url)["relay"] is False


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), USAGE),
        (("--yes",), USAGE),
        (("--name", "A", "--yes"), USAGE),
        ((*COMPANY[:3], "Mars/Base", "--yes"), USAGE),
        ((*COMPANY, "--country", "XX", "--yes"), USAGE),
        ((*COMPANY, "--org", "No Slug", "--yes"), USAGE),
    ],
)
def test_what_is_missing_or_wrong_is_said_before_anything_is_made(
    url: str, tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    ran = by_options(url, *words)
    assert ran.code == code
    assert ran.error["hint"]
    assert not (tmp_path / "data").exists()


def test_a_refused_command_ends_it_with_its_own_error(url: str) -> None:
    ran = by_options(url, *COMPANY, "--front-desk", "555-0100", "--relay", "on", "--yes")
    assert (ran.code, ran.error["code"]) == (USAGE, "malformed_phone")
    assert org(url)["relay"] is False


def test_twilio_needs_working_credentials_unless_it_is_forced(
    url: str, tmp_path: Path, twilio: dict[str, str]
) -> None:
    by_options(url, *COMPANY, "--yes")
    line = ("--provider", "twilio", "--yes")
    nowhere = {"PETMSG_TWILIO_CREDENTIALS": str(tmp_path / "twilio.env")}
    missing = by_options(url, *line, **nowhere)
    assert (missing.code, missing.error["code"]) == (CONFIGURATION, "credentials_missing")
    wrong = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": "0" * 32}
    refused = by_options(url, *line, **twilio, **wrong)
    assert refused.code in (CONFIGURATION, PROVIDER)
    assert org(url)["provider"] == "sandbox"
    right = {**wrong, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
    assert commands(by_options(url, *line, **twilio, **right)) == [
        "petmsg org set --provider twilio --org happy-paws --yes"
    ]
    by_options(url, "--provider", "sandbox", "--yes")
    forced = by_options(url, *line, "--force", **nowhere)
    assert len(commands(forced)) == 1
    assert "--force" in forced.err
    assert org(url)["provider"] == "twilio"


def test_a_channels_url_is_piped_and_never_printed(url: str, tmp_path: Path) -> None:
    by_options(url, *COMPANY, "--yes")
    with channel_server() as server:
        secret = server.url("ops")
        ran = run_cli(
            *(url, "setup", "--channel", "ops", "--yes", "-o", "json"),
            stdin=f"{secret}\n",
            PETMSG_NOTIFY_FILE=str(tmp_path / "notify.json"),
        )
    assert commands(ran) == ["petmsg notify add ops - --org happy-paws < url.txt"]
    assert secret not in ran.out + ran.err

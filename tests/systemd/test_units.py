"""The units as systemd reads them: by its own checker where there is one, and by rules here."""

import getpass
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from petmsg.systemd.units import PORT, TARGET, Host, Unit, units_of
from tests.support.examples import COMMANDS

HOST = Host(
    program=Path("/srv/petmsg/venv/bin/petmsg"),
    settings=Path("/etc/systemd/system/petmsg.env"),
    user="petmsg",
    writable=(Path("/srv/petmsg"),),
    sees_tmp=False,
    sees_home=False,
    serves=True,
    report=(Path("/srv/petmsg/venv/nightly-report.sh"), Path("/srv/petmsg/nightly")),
)
OWN = replace(HOST, user=None)
"""A user's own systemd."""
ODD = 'a "folder" of 100% $HOME\\x'

Sections = dict[str, list[tuple[str, str]]]


def read(unit: Unit) -> Sections:
    """The settings of a unit by its sections; a line that is none fails the test."""
    sections: Sections = {}
    for line in unit.text.splitlines():
        if not line or line.startswith("#"):
            continue
        if found := re.fullmatch(r"\[(\w+)\]", line):
            sections[found[1]] = []
            continue
        name, equals, value = line.partition("=")
        assert equals, line
        assert name.isalpha(), line
        sections[list(sections)[-1]].append((name, value))
    return sections


def value(unit: Unit, section: str, name: str) -> str:
    """The value of a setting that stands once."""
    (found,) = [each for key, each in read(unit)[section] if key == name]
    return found


def unescaped(words: str) -> list[str]:
    """The words of a command as systemd hands them over: its quotes are those of a shell, and
    variables are put into all words but the first."""
    program, *arguments = (word.replace("%%", "%") for word in shlex.split(words))
    return [program, *(word.replace("$$", "$") for word in arguments)]


def by_name(host: Host) -> dict[str, Unit]:
    return {unit.name: unit for unit in units_of(host)}


@pytest.mark.parametrize("host", [HOST, OWN], ids=["system", "user"])
def test_the_target_starts_each_service_and_each_timer_once(host: Host) -> None:
    units = by_name(host)
    started = [each for key, each in read(units[TARGET])["Unit"] if key == "Wants"]
    timers = {name for name in units if name.endswith(".timer")}
    assert sorted(started) == sorted(timers | {"petmsg-dispatch.service", "petmsg-serve.service"})
    timed = {name.replace(".timer", ".service") for name in timers}
    assert set(units) == {*started, *timed, TARGET}
    assert all(value(units[name], "Unit", "PartOf") == TARGET for name in set(units) - {TARGET})


def test_what_starts_the_target() -> None:
    assert value(by_name(HOST)[TARGET], "Install", "WantedBy") == "multi-user.target"
    assert value(by_name(OWN)[TARGET], "Install", "WantedBy") == "default.target"


@pytest.mark.parametrize("unit", units_of(HOST), ids=lambda unit: unit.name)
def test_what_a_service_runs_is_a_command_with_options_that_there_are(unit: Unit) -> None:
    if not unit.name.endswith(".service"):
        return
    program, *words = unescaped(value(unit, "Service", "ExecStart"))
    if program == "/bin/sh":
        assert words == ["/srv/petmsg/venv/nightly-report.sh", "/srv/petmsg/nightly"]
        return
    assert program == "/srv/petmsg/venv/bin/petmsg"
    name = max(
        (each for each in COMMANDS if f"petmsg {' '.join(words)} ".startswith(f"{each} ")), key=len
    )
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options


def test_a_service_that_stays_is_watched() -> None:
    for name in ("petmsg-dispatch.service", "petmsg-serve.service"):
        unit = by_name(HOST)[name]
        assert value(unit, "Service", "Type") == "notify"
        assert int(value(unit, "Service", "WatchdogSec")) >= 60
        assert value(unit, "Service", "Restart") == "always"
        assert value(unit, "Unit", "StartLimitIntervalSec") == "0"
    assert f"${{{PORT}}}" in value(by_name(HOST)["petmsg-serve.service"], "Service", "ExecStart")


def test_without_webhooks_there_is_no_web_server() -> None:
    units = by_name(replace(HOST, serves=False))
    assert "petmsg-serve.service" not in units
    assert "serve" not in units[TARGET].text


@pytest.mark.parametrize("sees", [True, False])
def test_a_service_sees_no_more_of_the_machine_than_it_needs(sees: bool) -> None:
    host = replace(HOST, sees_tmp=sees, sees_home=sees)
    for unit in units_of(host):
        if not unit.name.endswith(".service"):
            continue
        settings = dict(read(unit)["Service"])
        assert settings["User"] == "petmsg"
        assert settings["ProtectSystem"] == "strict"
        assert settings["ReadWritePaths"] == "/srv/petmsg"
        assert settings["NoNewPrivileges"] == "yes"
        assert settings["UMask"] == "0077"
        assert settings["PrivateTmp"] == ("no" if sees else "yes")
        assert settings["ProtectHome"] == ("read-only" if sees else "yes")


def test_a_users_own_systemd_is_asked_for_nothing_that_needs_root() -> None:
    text = "".join(unit.text for unit in units_of(OWN))
    for word in (
        "User=",
        "Protect",
        "PrivateTmp",
        "ReadWritePaths",
        "network-online",
        "Capability",
    ):
        assert word not in text
    assert "NoNewPrivileges=yes" in text


def test_odd_names_of_folders_reach_the_command() -> None:
    folder = Path("/srv") / ODD
    host = replace(
        HOST,
        program=folder / "petmsg",
        writable=(folder,),
        report=(folder / "report.sh", folder / "nightly"),
    )
    units = by_name(host)
    report = units["petmsg-nightly-report.service"]
    assert unescaped(value(report, "Service", "ExecStart")) == [
        *("/bin/sh", str(folder / "report.sh")),
        str(folder / "nightly"),
    ]
    dispatch = units["petmsg-dispatch.service"]
    assert unescaped(value(dispatch, "Service", "ExecStart"))[0] == str(folder / "petmsg")
    (writable,) = shlex.split(value(dispatch, "Service", "ReadWritePaths"))
    assert writable.replace("%%", "%") == str(folder)


# ----------------------------------------------------------------------------- by systemd's checker


def verified(folder: Path, *options: str) -> str:
    """What `systemd-analyze verify` says of the units in a folder; nothing where all is well."""
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *options, *map(str, sorted(folder.iterdir()))],
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr if ran.returncode or ran.stderr.strip() else ""


def written(folder: Path, host: Host) -> Path:
    folder.mkdir()
    for unit in units_of(host):
        (folder / unit.name).write_text(unit.text, "utf-8")
    return folder


@pytest.fixture
def there(tmp_path: Path) -> Host:
    """A machine whose program and files exist, in folders with odd names."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze; the rules above are checked all the same")
    folder = tmp_path / "a $HOME of 100%"
    folder.mkdir()
    program = folder / "petmsg"
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    return replace(
        HOST,
        program=program,
        settings=folder / "petmsg.env",
        user=getpass.getuser(),
        writable=(folder, Path("/srv/other")),
        report=(folder / "report.sh", folder / "nightly"),
    )


def test_systemd_takes_the_units(there: Host, tmp_path: Path) -> None:
    assert verified(written(tmp_path / "system", there)) == ""
    assert verified(written(tmp_path / "user", replace(there, user=None)), "--user") == ""


def test_what_systemd_does_not_take_is_noticed(there: Host, tmp_path: Path) -> None:
    folder = written(tmp_path / "system", there)
    unit = folder / "petmsg-dispatch.service"
    unit.write_text(unit.read_text("utf-8").replace("Type=notify", "Type=notified"), "utf-8")
    assert "notified" in verified(folder)

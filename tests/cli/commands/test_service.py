"""petmsg service: the units of this machine, written into a folder."""

import getpass
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from petmsg.errors import CONFIGURATION, NOT_FOUND, REFUSED, USAGE
from petmsg.systemd.environment_file import values_of
from tests.support.fixtures import Cli, Ran, run_cli
from tests.support.webhooks import KEYS

Service = Callable[..., Ran]
PUBLIC_URL = "https://texts.example.com"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "units"


@pytest.fixture
def service(
    migrated_url: str, cli: Cli, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Service:
    """`petmsg service …` of a user's own systemd, in that folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def run(name: str, *words: str, system: bool = False, **environ: str) -> Ran:
        which = "--system" if system else "--user"
        line = ("service", name, which, "--to", str(folder), *words, "-o", "json")
        return run_cli(migrated_url, *line, **environ)

    return run


def results(ran: Ran) -> dict[str, str]:
    assert ran.code == 0, ran.err
    return {row["unit"]: row["result"] for row in ran.json}


def files(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        each.name: (each.read_text("utf-8"), each.stat().st_mtime_ns) for each in folder.iterdir()
    }


def test_installing_again_changes_nothing(service: Service, folder: Path) -> None:
    assert set(results(service("install")).values()) == {"written"}
    before = files(folder)
    assert set(results(service("install")).values()) == {"unchanged"}
    assert files(folder) == before
    states = {row["unit"]: row["state"] for row in service("list").json}
    assert set(states) == set(before) - {"petmsg.env"}
    assert set(states.values()) == {"current"}


def test_a_dry_run_writes_nothing(service: Service, folder: Path) -> None:
    assert set(results(service("install", "--dry-run")).values()) == {"written"}
    assert not folder.exists()
    service("install")
    before = files(folder)
    assert set(results(service("uninstall", "--dry-run")).values()) == {"removed"}
    assert files(folder) == before


def test_the_settings_of_the_shell_are_kept_and_its_secrets_are_not(
    service: Service, folder: Path, migrated_url: str
) -> None:
    ran = service("install", **KEYS, PETMSG_OUTPUT="table", PGPASSWORD="hush")
    text = (folder / "petmsg.env").read_text("utf-8")
    assert (folder / "petmsg.env").stat().st_mode & 0o777 == 0o600
    assert set(values_of(text)) == {
        *("PETMSG_DATABASE_URL", "PETMSG_ACTOR", "PETMSG_PUBLIC_URL", "PETMSG_SERVE_PORT")
    }
    for name in ("TWILIO_AUTH_TOKEN", "PETMSG_STRIPE_SECRET", "PGPASSWORD"):
        assert f"{name} is a secret and was not copied" in ran.err
        assert (KEYS.get(name) or "hush") not in text + ran.out + ran.err
    for unit in folder.glob("*.service"):
        assert "EnvironmentFile=" in unit.read_text("utf-8")
        assert migrated_url not in unit.read_text("utf-8")


def test_a_later_shell_without_the_settings_keeps_them(service: Service, folder: Path) -> None:
    assert "petmsg serve is left out: set PETMSG_PUBLIC_URL" in service("install").err
    ran = service("install", "--port", "9000", PETMSG_PUBLIC_URL=PUBLIC_URL)
    assert results(ran)["petmsg-serve.service"] == "written"
    assert results(ran)["petmsg.target"] == results(ran)["petmsg.env"] == "updated"
    assert set(results(service("install")).values()) == {"unchanged"}
    values = values_of((folder / "petmsg.env").read_text("utf-8"))
    assert (values["PETMSG_PUBLIC_URL"], values["PETMSG_SERVE_PORT"]) == (PUBLIC_URL, "9000")


def test_a_unit_that_is_not_used_any_more_is_removed(service: Service, folder: Path) -> None:
    service("install", PETMSG_PUBLIC_URL=PUBLIC_URL)
    settings = folder / "petmsg.env"
    settings.write_text(settings.read_text("utf-8").replace(PUBLIC_URL, ""), "utf-8")
    rows = {row["unit"]: row["state"] for row in service("list").json}
    assert rows["petmsg-serve.service"] == "unused"
    assert results(service("install"))["petmsg-serve.service"] == "removed"
    assert not (folder / "petmsg-serve.service").exists()


@pytest.mark.parametrize(
    "content", ["[Unit]\nDescription=mine\n", None], ids=["foreign", "changed"]
)
def test_what_somebody_else_wrote_is_overwritten_only_after_a_question(
    service: Service, folder: Path, content: str | None
) -> None:
    service("install")
    mine = folder / "petmsg-doctor.timer"
    mine.write_text(content or mine.read_text("utf-8").replace("*:20", "*:40"), "utf-8")
    (folder / "petmsg-reconcile.timer").unlink()
    before = files(folder)
    ran = service("install")
    assert ran.code == USAGE
    assert ran.error["code"] == "not_confirmed"
    assert str(mine) in ran.error["message"]
    assert files(folder) == before
    rows = {row["unit"]: row["state"] for row in service("list").json}
    assert rows[mine.name] == ("foreign" if content else "changed")
    assert results(service("install", "--yes"))[mine.name] == "overwritten"
    assert set(results(service("install")).values()) == {"unchanged"}


def test_uninstalling_removes_what_petmsg_wrote_and_nothing_else(
    service: Service, folder: Path
) -> None:
    service("install")
    foreign = {"petmsg-mine.service": "[Unit]\n", "other.service": "[Unit]\n"}
    for name, text in foreign.items():
        (folder / name).write_text(text, "utf-8")
    changed = folder / "petmsg.target"
    changed.write_text(f"{changed.read_text('utf-8')}# mine\n", "utf-8")
    assert service("uninstall").error["code"] == "not_confirmed"
    assert set(results(service("uninstall", "--yes")).values()) == {"removed"}
    assert {each.name for each in folder.iterdir()} == set(foreign)
    assert results(service("uninstall")) == {}


def test_units_that_run_are_not_removed(
    service: Service, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a `systemctl` that says so: the units of the user's own folder."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nshift 2; for each; do echo "${STATE}"; done\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("STATE", "active")
    config = {"XDG_CONFIG_HOME": str(tmp_path)}
    usual = tmp_path / "systemd/user"
    folder.symlink_to(usual)
    to = ("--to", str(usual))
    service("install", *to, **config)
    assert {row["active"] for row in service("list", *to, **config).json} == {"active"}
    ran = service("uninstall", *to, **config)
    assert ran.code == REFUSED
    assert "systemctl --user disable --now petmsg.target" in ran.error["hint"]
    monkeypatch.setenv("STATE", "inactive")
    assert set(results(service("uninstall", *to, **config)).values()) == {"removed"}


# -------------------------------------------------------------------------------- the machine's own


def test_the_services_of_the_machine_run_as_a_user(service: Service, folder: Path) -> None:
    user = "daemon"
    service("install", "--service-user", user, system=True)
    assert f"\nUser={user}\n" in (folder / "petmsg-dispatch.service").read_text("utf-8")
    assert set(results(service("install", system=True)).values()) == {"unchanged"}


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root")
def test_nothing_runs_as_root_unless_root_is_named(service: Service, folder: Path) -> None:
    ran = service("install", system=True)
    assert (ran.code, "--service-user" in ran.error["hint"]) == (USAGE, True)
    assert results(service("install", "--service-user", "root", system=True))


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root")
def test_with_sudo_they_run_as_the_one_who_called_it(service: Service, folder: Path) -> None:
    service("install", system=True, SUDO_USER="daemon")
    assert "\nUser=daemon\n" in (folder / "petmsg-dispatch.service").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--service-user", "nobody-has-this-name"), NOT_FOUND),
        (("--to", ""), USAGE),
        (("--to", "a\0b"), USAGE),
        (("--to", "~nobody-has-this-name/units"), USAGE),
        (("--to", "/dev/null"), CONFIGURATION),
        (("--to", "/dev/null/units"), CONFIGURATION),
    ],
)
def test_what_cannot_be_meant(service: Service, words: tuple[str, ...], code: int) -> None:
    user = () if "--service-user" in words else ("--service-user", getpass.getuser())
    ran = service("install", *user, *words, system=True)
    assert ran.code == code
    assert ran.error["hint"]


def test_a_user_is_for_the_machines_systemd(service: Service) -> None:
    assert service("install", "--service-user", "daemon").code == USAGE


def test_the_database_in_the_users_own_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    company = ("--org", "hp", "--name", "HP", "--timezone", "UTC")
    assert run_cli(None, "init", *company, HOME=str(tmp_path)).code == 0
    line = ("service", "install", "--user", "--to", str(tmp_path / "units"))
    assert run_cli(None, *line, HOME=str(tmp_path)).code == 0
    values = values_of((tmp_path / "units/petmsg.env").read_text("utf-8"))
    assert values["PETMSG_DATABASE_URL"].startswith(f"sqlite:///{tmp_path}/")


def test_there_must_be_a_company(tmp_path: Path) -> None:
    ran = run_cli(
        str(tmp_path / "none.db"), "service", "install", "--user", "--to", str(tmp_path / "units")
    )
    assert ran.code == CONFIGURATION
    assert not (tmp_path / "units").exists()

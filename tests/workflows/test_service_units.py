"""What the units of a machine are made of: which folders they see and write to."""

import os
import pwd
from pathlib import Path

import pytest

from petmsg.errors import Misconfigured
from petmsg.systemd.units import DISPATCH
from petmsg.workflows import service_units
from petmsg.workflows.environment import Environment
from petmsg.workflows.service_units import Place, install, wanted
from petmsg.workflows.store import Store

SRV = Path("/srv/petmsg")
ME = pwd.getpwuid(os.geteuid())
USER = pwd.struct_passwd(("petmsg", "x", 1234, 1234, "", "/srv/petmsg", "/bin/sh"))


@pytest.fixture(autouse=True)
def _installed_below_srv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_units, "_program", lambda: SRV / "venv/bin/petmsg")
    monkeypatch.setattr(service_units, "shipped", lambda name: SRV / "venv" / name)
    monkeypatch.setattr("sys.base_prefix", "/usr")


def settings_of(
    tmp_path: Path, url: str | None, user: pwd.struct_passwd = USER, **environ: str
) -> dict[str, str]:
    """The settings of the dispatcher's unit."""
    store = Store(Environment({"PETMSG_DATABASE_URL": url, **environ} if url else environ))
    plan = wanted(store, Place(tmp_path / "units", True, False, user))
    (unit,) = (unit for unit in plan.units if unit.name == DISPATCH)
    return dict(line.split("=", 1) for line in unit.text.splitlines() if "=" in line)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("sqlite:////srv/petmsg/petmsg.db", "yes"),
        (f"sqlite:///{Path('/', 'tmp')}/petmsg.db", "no"),
        ("postgresql://petmsg@db.example.com:5432/petmsg", "yes"),
        ("postgresql://petmsg@localhost/petmsg", "yes"),
        ("postgresql:///petmsg", "no"),
        (f"postgresql:///petmsg?host={Path('/', 'tmp')}", "no"),
        ("postgresql://%2Ftmp/petmsg", "no"),
    ],
)
def test_a_socket_in_the_machines_temporary_folder_is_not_hidden(
    tmp_path: Path, url: str, private: str
) -> None:
    assert settings_of(tmp_path, url)["PrivateTmp"] == private


def test_a_host_of_the_environment_counts(tmp_path: Path) -> None:
    url = "postgresql:///petmsg"
    assert settings_of(tmp_path, url, PGHOST="db.example.com")["PrivateTmp"] == "yes"
    assert settings_of(tmp_path, url, PGHOST="/run/postgresql")["PrivateTmp"] == "no"


def test_the_services_write_to_the_data_only(tmp_path: Path) -> None:
    beside = settings_of(tmp_path, "sqlite:////srv/data/petmsg.db")
    assert beside["ReadWritePaths"] == "/srv/data"
    away = settings_of(tmp_path, "sqlite:////srv/data/petmsg.db", PETMSG_MEDIA_DIR="/srv/pictures")
    assert away["ReadWritePaths"] == "/srv/pictures"  # the last of two
    stored = settings_of(tmp_path, "postgresql://h/p", PETMSG_MEDIA_DIR="s3://bucket/pets")
    assert stored["ReadWritePaths"] == "/srv/petmsg/.local/share/petmsg"


def test_without_a_database_of_their_own_they_use_that_of_their_user(tmp_path: Path) -> None:
    assert settings_of(tmp_path, None)["ReadWritePaths"] == "/srv/petmsg/.local/share/petmsg"
    plan = wanted(Store(Environment({})), Place(tmp_path, True, False, USER))
    assert plan.values["PETMSG_DATABASE_URL"] == (
        "sqlite:////srv/petmsg/.local/share/petmsg/petmsg.db"
    )


@pytest.mark.parametrize(("home", "seen"), [("/srv/petmsg", "yes"), ("/home/ann", "read-only")])
def test_home_folders_are_seen_where_something_lies_there(
    tmp_path: Path, home: str, seen: str
) -> None:
    user = pwd.struct_passwd(("ann", "x", 1234, 1234, "", home, "/bin/sh"))
    assert settings_of(tmp_path, "sqlite:////srv/data/p.db", user)["ProtectHome"] == seen


def test_a_program_in_roots_folder_is_refused_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Path(pwd.getpwuid(0).pw_dir, ".local/bin/petmsg")
    monkeypatch.setattr(service_units, "_program", lambda: program)
    with pytest.raises(Misconfigured, match="petmsg cannot run"):
        settings_of(tmp_path, None)
    assert settings_of(tmp_path, None, pwd.getpwuid(0))["User"] == "root"


def test_the_credentials_file_may_open_the_webhooks(tmp_path: Path) -> None:
    config = tmp_path / "petmsg/twilio.env"
    config.parent.mkdir()
    config.touch(0o600)
    place = Place(tmp_path, False, False, ME)
    store = Store(Environment({"XDG_CONFIG_HOME": str(tmp_path)}))
    assert not wanted(store, place).serves
    config.write_text("PETMSG_STRIPE_SECRET=whsec_0123456789abcdef\n", "utf-8")
    assert wanted(store, place).serves


@pytest.mark.parametrize(("is_system", "ctl"), [(True, "systemctl"), (False, "systemctl --user")])
def test_the_files_name_the_commands_of_their_systemd(
    tmp_path: Path, is_system: bool, ctl: str
) -> None:
    store = Store(Environment({"PETMSG_DATABASE_URL": f"sqlite:///{tmp_path}/petmsg.db"}))
    place = Place(tmp_path / "units", is_system, False, ME)
    install(store, place, wanted(store, place))
    unit = (place.folder / DISPATCH).read_text()
    assert f"settings of your own: {ctl} edit {DISPATCH}\n" in unit
    settings = (place.folder / "petmsg.env").read_text()
    assert f"then restart: {ctl} restart petmsg.target\n" in settings

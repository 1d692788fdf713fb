"""Installs, compares and removes the systemd units of this machine's services.

Settings come from this process's environment, or else from the file that an earlier installation
wrote. Secrets are never copied from the environment: the services read the credentials file.
"""

import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from petmsg import settings
from petmsg.db.location import Location, locate
from petmsg.db.snapshot import snapshot
from petmsg.enums.service import UnitResult, UnitState
from petmsg.errors import Misconfigured, NoOrg, NotFound, UsageProblem, quoted
from petmsg.providers.credentials import where_stripe_secrets_come_from
from petmsg.queries.org import all_orgs
from petmsg.systemd import environment_file, unit_files
from petmsg.systemd.units import DISPATCH, PORT, TARGET, Host, Unit, units_of
from petmsg.workflows.shipped_files import shipped
from petmsg.workflows.store import Store

USUAL_PORT = 8025
_SECRET = re.compile(r"TWILIO_\w+|PETMSG_STRIPE_SECRET|PGPASSWORD")
_KEPT = re.compile(
    r"PETMSG_(DATABASE_URL|\w+_DATABASE_URL|PUBLIC_URL|MEDIA_DIR|TWILIO_\w+|NOTIFY_FILE|ORG_URLS)"
    r"|PG(?!PASSWORD)[A-Z]+|XDG_(CONFIG|DATA)_HOME"
)
_TEMPORARY = (Path("/", "tmp"), Path("/", "var", "tmp"))
"""What `PrivateTmp=` hides."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where units are written, for which systemd: the machine's, or the user's own."""

    folder: Path
    is_system: bool
    is_default: bool
    user: pwd.struct_passwd

    @property
    def systemctl(self) -> str:
        """The beginning of commands for that systemd."""
        return "systemctl" if self.is_system else "systemctl --user"


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit, and how its file compares. `active` is systemd's word; None if it does not say."""

    unit: str
    runs: str | None
    when: str | None
    file: str
    state: UnitState
    active: str | None


@dataclass(frozen=True, slots=True)
class Installed:
    """What was done with one file."""

    unit: str
    file: str
    result: UnitResult


def place_of(
    store: Store, *, system: bool | None, to: str | None, service_user: str | None
) -> Place:
    """Where the units belong: root's into the machine's systemd, anybody else's into their own.

    Raises `UsageProblem` and `NotFound`.
    """
    is_system = os.geteuid() == 0 if system is None else system
    if is_system:
        default = Path("/etc/systemd/system")
    else:
        config = store.environ.get("XDG_CONFIG_HOME")
        default = (Path(config) if config else settings.home() / ".config") / "systemd/user"
    folder = default if to is None else _named_folder(to)
    if not is_system:
        if service_user is not None:
            raise UsageProblem(
                "--service-user is for the machine's systemd.",
                hint="Add --system, or leave it out.",
            )
        return Place(folder, False, folder == default, pwd.getpwuid(os.geteuid()))
    return Place(folder, True, folder == default, _service_user(store, folder, service_user))


def _named_folder(name: str) -> Path:
    if not name.strip() or "\0" in name:
        raise UsageProblem(f"{quoted(name)} names no folder.", hint="Name one: --to units")
    try:
        return Path(name).expanduser().absolute()
    except RuntimeError:
        raise UsageProblem(
            f"{quoted(name)} names no folder.", hint="Name it without ~: --to /srv/units"
        ) from None


def _service_user(store: Store, folder: Path, named: str | None) -> pwd.struct_passwd:
    """The user whom the units name: the one that was asked for, else that of the last installation,
    else the one who called sudo, else this one, but never root unless root was asked for."""
    name = named or _user_of(folder) or store.environ.get("SUDO_USER")
    try:
        user = pwd.getpwnam(name) if name else pwd.getpwuid(os.geteuid())
    except (KeyError, ValueError):
        raise NotFound(
            "user", name or "", hint="Add one: useradd --system --create-home petmsg"
        ) from None
    if user.pw_uid == 0 and named is None:
        raise UsageProblem(
            "The services would run as root.",
            hint="Name the user who owns the database: --service-user petmsg",
        )
    return user


def _user_of(folder: Path) -> str | None:
    try:
        found = re.search(r"(?m)^User=(\S+)$", (folder / DISPATCH).read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return found[1] if found else None


# ----------------------------------------------------------------------------------- what is wanted


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an installation would write: the units, their settings, and folders to make."""

    units: Sequence[Unit]
    values: Mapping[str, str]
    location: Location
    folders: Sequence[Path]
    serves: bool


def wanted(store: Store, place: Place, *, port: int | None = None) -> Wanted:
    """The units and the settings of this machine, as they should be. Raises `Misconfigured`."""
    there = environment_file.values_of(environment_file.read(place.folder) or "")
    values = {**there, **{k: v for k, v in store.environ.items() if v and _KEPT.fullmatch(k)}}
    home = Path(place.user.pw_dir) if place.is_system else settings.home()
    data = Path(values.get("XDG_DATA_HOME") or home / ".local/share") / "petmsg"
    url = store.db_option or values.get(settings.DATABASE) or f"sqlite:///{data}/petmsg.db"
    location = locate(url)
    values[settings.DATABASE] = location.display_url if location.is_file else url
    values.setdefault(settings.ACTOR, "systemd")
    values[PORT] = str(port) if port is not None else values.get(PORT, str(USUAL_PORT))
    config = Path(values.get("XDG_CONFIG_HOME") or home / ".config") / "petmsg/twilio.env"
    serves = bool(values.get(settings.PUBLIC_URL)) or (
        where_stripe_secrets_come_from(values, config) != "not set"
    )
    own = location.path.parent if location.path is not None else data
    folders = [own]
    if (media := values.get(settings.MEDIA_DIR)) and "://" not in media:
        values[settings.MEDIA_DIR] = str(Path(media).absolute())
        folders.append(Path(media).absolute())
    program, script = _program(), shipped("cron/nightly-report.sh")
    near = [program, Path(sys.base_prefix), script, config, *folders]
    of_root = Path(pwd.getpwuid(0).pw_dir)
    if place.is_system and place.user.pw_uid and _is_below([program, script], [of_root]):
        raise Misconfigured(
            f"The user {place.user.pw_name} cannot run {program}, because root's folder is closed.",
            hint="Install petmsg where all users may read it, such as /srv/petmsg/venv: see "
            "docs/install.md",
        )
    host = Host(
        program=program,
        settings=place.folder / environment_file.NAME,
        user=place.user.pw_name if place.is_system else None,
        writable=tuple(folders),
        sees_tmp=_has_socket_in_tmp(location, values) or _is_below(near, _TEMPORARY),
        sees_home=_is_below([home, *near], [of_root, Path("/home"), Path("/run/user")]),
        serves=serves,
        report=(script, own / "nightly"),
    )
    return Wanted(units_of(host), values, location, folders, serves)


def _program() -> Path:
    """The program of this installation: the one beside this Python, else the one on the path."""
    beside = Path(sys.executable).with_name("petmsg")
    found = beside if beside.exists() else shutil.which("petmsg")
    if found is None:
        raise Misconfigured(
            "The program petmsg is not installed beside this Python, nor on the path.",
            hint="Install petmsg with pipx, uv or pip: see docs/install.md",
        )
    return Path(found).absolute()


def _has_socket_in_tmp(location: Location, values: Mapping[str, str]) -> bool:
    """Whether a PostgreSQL server may be asked at a socket there: unless its host is named."""
    if location.dsn is None:
        return False
    host = urlsplit(location.dsn).hostname or values.get("PGHOST") or values.get("PGHOSTADDR") or ""
    return not host or host.lower().startswith(("/", "%2f"))


def _is_below(paths: Sequence[Path], folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for path in paths for folder in folders)


# ----------------------------------------------------------------------------------- look and write


def unit_rows(store: Store, place: Place) -> list[UnitRow]:
    """Every unit of petmsg on this machine. Raises `Misconfigured`."""
    units = wanted(store, place).units
    rows = [
        UnitRow(
            unit.name,
            unit.runs,
            unit.when,
            str(place.folder / unit.name),
            unit_files.state_of(place.folder, unit),
            None,
        )
        for unit in units
    ]
    rows += [
        UnitRow(path.name, None, None, str(path), UnitState.UNUSED, None)
        for path in unit_files.left_over(place.folder, units)
    ]
    active = _active(place, [row.unit for row in rows])
    return [
        UnitRow(row.unit, row.runs, row.when, row.file, row.state, active.get(row.unit))
        for row in rows
    ]


def not_ours(place: Place, units: Sequence[Unit]) -> list[str]:
    """The files that an installation would overwrite although petmsg did not write them so."""
    strange = (UnitState.FOREIGN, UnitState.CHANGED)
    return [
        str(place.folder / unit.name)
        for unit in units
        if unit_files.state_of(place.folder, unit) in strange
    ]


def require_company(location: Location) -> None:
    """Raise what is wrong with a database for which services are to be installed."""
    with snapshot(location) as cursor:
        if not all_orgs(cursor):
            raise NoOrg


def install(store: Store, place: Place, plan: Wanted) -> list[Installed]:
    """Write the files that differ, and remove the units that are not used any more.

    With `store.dry_run` nothing is written. Raises `UnitFileUnusable`.
    """
    done = [_install(store, place, unit) for unit in plan.units]
    for path in unit_files.left_over(place.folder, plan.units):
        if unit_files.was_changed(path):
            done.append(Installed(path.name, str(path), UnitResult.KEPT))
            continue
        if not store.dry_run:
            unit_files.remove(path)
        done.append(Installed(path.name, str(path), UnitResult.REMOVED))
    before = environment_file.read(place.folder)
    after = environment_file.with_values(before, plan.values, systemctl=place.systemctl)
    path = place.folder / environment_file.NAME
    result = UnitResult.WRITTEN if before is None else UnitResult.UPDATED
    if before == after:
        result = UnitResult.UNCHANGED
    elif not store.dry_run:
        unit_files.write(path, after, environment_file.MODE)
    if not store.dry_run:
        _make_folders(place, plan.folders)
    return [*done, Installed(path.name, str(path), result)]


def _install(store: Store, place: Place, unit: Unit) -> Installed:
    results = {
        UnitState.MISSING: UnitResult.WRITTEN,
        UnitState.OUTDATED: UnitResult.UPDATED,
        UnitState.CURRENT: UnitResult.UNCHANGED,
    }
    path = place.folder / unit.name
    state = unit_files.state_of(place.folder, unit)
    if state is not UnitState.CURRENT and not store.dry_run:
        unit_files.write(path, unit_files.marked(unit), unit_files.UNIT_MODE)
    return Installed(unit.name, str(path), results.get(state, UnitResult.OVERWRITTEN))


def _make_folders(place: Place, folders: Sequence[Path]) -> None:
    """Make what the services write to: systemd does not start a service without these folders."""
    for folder in folders:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            try:
                each.mkdir(mode=0o700)
                if os.geteuid() == 0:
                    os.chown(each, place.user.pw_uid, place.user.pw_gid)
            except OSError as problem:
                raise unit_files.UnitFileUnusable(each, problem) from None


def uninstall(store: Store, place: Place) -> list[Installed]:
    """Remove the files that petmsg wrote, also those that were changed since (`changed_files`).

    Raises `UnitFileUnusable`.
    """
    paths = unit_files.left_over(place.folder, ())
    text = environment_file.read(place.folder)
    if text is not None and text.startswith(environment_file.MARK):
        paths.append(place.folder / environment_file.NAME)
    if not store.dry_run:
        for path in paths:
            unit_files.remove(path)
    return [Installed(path.name, str(path), UnitResult.REMOVED) for path in paths]


def changed_files(place: Place) -> list[str]:
    """The units that petmsg wrote and somebody has changed. Raises `UnitFileUnusable`."""
    ours = unit_files.left_over(place.folder, ())
    return [str(path) for path in ours if unit_files.was_changed(path)]


def is_running(place: Place) -> bool:
    """Whether systemd runs the units now."""
    return _active(place, [TARGET]).get(TARGET) in ("active", "activating")


def _active(place: Place, names: Sequence[str]) -> dict[str, str]:
    """systemd's word for the state of each unit; nothing where it cannot be asked."""
    if not place.is_default or shutil.which("systemctl") is None:
        return {}
    asked = subprocess.run(  # noqa: S603 because these are names of our own
        [*place.systemctl.split(), "is-active", *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    words = asked.stdout.split()
    return dict(zip(names, words, strict=True)) if len(words) == len(names) else {}


def secrets_left_out(environ: Mapping[str, str]) -> list[str]:
    """Variables that hold a secret, which the services do not get from this shell."""
    return sorted(name for name, value in environ.items() if value and _SECRET.fullmatch(name))

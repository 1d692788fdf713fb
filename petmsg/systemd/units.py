"""The units that run petmsg on a server: two services, a timer for each job, a target for all.

Texts only: nothing is read or written here. Times are those of the machine.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

PREFIX = "petmsg-"
TARGET = "petmsg.target"
SERVE = "petmsg-serve.service"
DISPATCH = "petmsg-dispatch.service"
PORT = "PETMSG_SERVE_PORT"
"""The variable in the file of settings that says where `petmsg serve` listens."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit file: its name, its text, what it runs, and when (`always`, or a calendar's words).

    `systemctl` is the beginning of commands for the systemd that runs it."""

    name: str
    text: str
    runs: str
    when: str
    systemctl: str = "systemctl"


@dataclass(frozen=True, slots=True)
class Host:
    """What the units need to know of the machine.

    `user` is None for the units of a user's own systemd. `writable` are the folders that petmsg
    writes to. `sees_tmp` keeps the machine's temporary folders, `sees_home` the home folders.
    `serves` says that webhooks are configured. `report` is the script of the night and its folder.
    """

    program: Path
    settings: Path
    user: str | None
    writable: tuple[Path, ...]
    sees_tmp: bool
    sees_home: bool
    serves: bool
    report: tuple[Path, Path]


@dataclass(frozen=True, slots=True)
class _Job:
    """A command that a timer starts."""

    name: str
    about: str
    when: str
    words: tuple[str, ...]


JOBS = (
    _Job("message-pull", "fetch received messages", "*:0/1", ("message", "pull")),
    _Job("message-sync", "fetch delivery receipts", "*:0/5", ("message", "sync")),
    _Job("notify-run", "tell channels of alerts", "*:0/5", ("notify", "run")),
    _Job("media-fetch", "fetch received pictures", "*:0/5", ("media", "fetch")),
    _Job("release-due", "end quarantines that are over", "*:0/10", ("number", "release-due")),
    _Job("number-health", "find filtered numbers", "*:07", ("number", "health", "--apply")),
    _Job("doctor", "check data, machine and settings", "*:20", ("doctor", "--findings")),
    _Job("reconcile", "compare with the provider", "*-*-* 04:30", ("reconcile",)),
    _Job(
        "coverage",
        "find visits without a number",
        "*-*-* 07:00",
        ("coverage", "--days", "14", "--findings"),
    ),
)
_REPORT = _Job("nightly-report", "report, backup and audit check", "*-*-* 02:10", ())


def units_of(host: Host) -> list[Unit]:
    """All units of a machine, the target last."""
    made = [_dispatch(host)]
    if host.serves:
        made.append(_serve(host))
    for job in JOBS:
        made += _timed(host, job, [host.program, *job.words, "--output", "jsonl"])
    script, folder = host.report
    make = f"ExecStartPre={_command(['/bin/mkdir', '-p', folder])}"
    made += _timed(host, _REPORT, ["/bin/sh", script, folder], make)
    ctl = "systemctl --user" if host.user is None else "systemctl"
    return [replace(unit, systemctl=ctl) for unit in (*made, _target(host, made))]


# ----------------------------------------------------------------------------------------- services


def _dispatch(host: Host) -> Unit:
    words = ["message", "dispatch", "--watch", "--output", "jsonl"]
    # Longer than a lookup at the provider and a wait for the database together.
    return _service(host, DISPATCH, "send messages when they are due", words, 300)


def _serve(host: Host) -> Unit:
    words = ["serve", "--host", "127.0.0.1", "--port", f"${{{PORT}}}", "--output", "jsonl"]
    return _service(host, SERVE, "receive webhooks", words, 60)


def _service(host: Host, name: str, about: str, words: Sequence[str], watchdog: int) -> Unit:
    text = _file(
        *_head(host, about),
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"WatchdogSec={watchdog}",
        *_run_as(host),
        f"ExecStart={_quoted(host.program)} {' '.join(words)}",
        "# What was accepted is stored, and what is on its way is recorded, before it ends.",
        "TimeoutStopSec=2min",
        "Restart=always",
        "RestartSec=5",
        *_sandbox(host),
    )
    return Unit(name, text, f"petmsg {' '.join(words)}", "always")


def _timed(host: Host, job: _Job, words: Sequence[str | Path], *before: str) -> list[Unit]:
    name = f"{PREFIX}{job.name}"
    what = f"petmsg {' '.join(job.words)}" if job.words else " ".join(map(str, words))
    service = _file(
        *_head(host, job.about),
        "",
        "[Service]",
        "Type=oneshot",
        *_run_as(host),
        f'Environment="PETMSG={_escaped(host.program)}"' if before else "",
        *before,
        f"ExecStart={_command(words)}",
        "# The database was busy: the next run does it.",
        "SuccessExitStatus=75",
        "TimeoutStartSec=15min",
        *_sandbox(host),
    )
    timer = _file(
        "[Unit]",
        f"Description=petmsg: when to {job.about}"
        if job.words
        else "Description=petmsg: the night",
        f"PartOf={TARGET}",
        "",
        "[Timer]",
        f"OnCalendar={job.when}",
        "Persistent=yes",
        "RandomizedDelaySec=10",
        "AccuracySec=5",
    )
    return [
        Unit(f"{name}.service", service, what, "by its timer"),
        Unit(f"{name}.timer", timer, f"{name}.service", job.when),
    ]


def _target(host: Host, units: Iterable[Unit]) -> Unit:
    started = [unit.name for unit in units if unit.when != "by its timer"]
    text = _file(
        "[Unit]",
        "Description=petmsg: all that runs by itself",
        *(f"Wants={name}" for name in started),
        "",
        "[Install]",
        f"WantedBy={'default.target' if host.user is None else 'multi-user.target'}",
    )
    return Unit(TARGET, text, "all of them", "always")


# ------------------------------------------------------------------------------------------- parts


def _head(host: Host, about: str) -> list[str]:
    head = ["[Unit]", f"Description=petmsg: {about}", f"PartOf={TARGET}"]
    if host.user is not None:  # a user's own systemd does not know these
        head += ["Wants=network-online.target", "After=network-online.target postgresql.service"]
    return head


def _run_as(host: Host) -> list[str]:
    run = [] if host.user is None else [f"User={host.user}"]
    return [*run, f"EnvironmentFile={_specified(host.settings)}", "UMask=0077"]


def _sandbox(host: Host) -> list[str]:
    """What the services may not do. A user's own systemd can only keep the rules of the first part:
    the others need rights that it does not have."""
    kept = [
        "NoNewPrivileges=yes",
        "LockPersonality=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "RestrictNamespaces=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallErrorNumber=EPERM",
    ]
    if host.user is None:
        return kept
    return [
        *kept,
        "CapabilityBoundingSet=",
        "PrivateDevices=yes",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        f"ProtectHome={'read-only' if host.sees_home else 'yes'}",
        "ProtectSystem=strict",
        *(f"ReadWritePaths={_quoted(folder)}" for folder in host.writable),
        # A PostgreSQL server may have its socket in the machine's temporary folder.
        f"PrivateTmp={'no' if host.sees_tmp else 'yes'}",
    ]


def _file(*lines: str) -> str:
    """The text of a unit. Two empty lines never follow one another."""
    text = "\n".join(line for at, line in enumerate(lines) if line or lines[at + 1].startswith("["))
    return f"{text}\n"


def _command(words: Sequence[str | Path]) -> str:
    """A command line. Variables are put into its arguments, not into the name of its program."""
    program, *arguments = map(_quoted, words)
    return " ".join([program, *(each.replace("$", "$$") for each in arguments)])


def _quoted(word: str | Path) -> str:
    """A word of a unit file (source: systemd.syntax(7), "Quoting"; systemd.service(5))."""
    escaped = _escaped(word)
    plain = all(letter.isalnum() or letter in "/._-:@%$+=," for letter in escaped)
    return escaped if plain and escaped else f'"{escaped}"'


def _escaped(word: str | Path) -> str:
    return str(word).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _specified(path: Path) -> str:
    """A path that is the whole value of a setting: it is not quoted, and spaces belong to it."""
    return str(path).replace("%", "%%")

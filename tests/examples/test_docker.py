"""The image and the compose file, without Docker: what they copy, run and allow.

Nothing here builds an image. The files are parsed; the wheel is built of what the image copies; and
its commands run as another user on a root file system that is read-only.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT
from tests.support.examples import COMMANDS
from tests.support.fixtures import run_cli
from tests.support.postgres import free_port
from tests.support.webhooks import KEYS

DOCKER = ROOT / "examples/docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"] == "petmsg"}


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, in order."""
    text = re.sub(r"(?m)^#.*\n", "", (DOCKER / "Dockerfile").read_text("utf-8"))
    lines = text.replace("\\\n", " ").splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


def the_last(name: str) -> str:
    return [rest for each, rest in instructions() if each == name][-1]


def copied() -> list[str]:
    """What the image takes from the repository."""
    plain = [rest for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    return [source for rest in plain for source in rest.split()[:-1]]


def require_command(words: list[str]) -> None:
    """Fail unless the words are a command of petmsg's with options that it has."""
    line = f"petmsg {' '.join(words)} "
    name = max((each for each in COMMANDS if line.startswith(f"{each} ")), key=len, default="")
    assert name, line
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options, line


# -------------------------------------------------------------------------------------- the image


def test_every_package_of_the_image_is_pinned_by_its_hash() -> None:
    installs = [rest for name, rest in instructions() if name == "RUN" and " pip install" in rest]
    pinned, own = installs
    assert "--require-hashes -r requirements.lock" in pinned
    assert {"--no-deps", "--no-build-isolation"} <= set(own.split())
    assert [rest.split()[0] for name, rest in instructions() if name == "FROM"] == [
        "${PYTHON_IMAGE}"
    ] * 2


def test_what_the_image_copies_is_there_and_reaches_the_build() -> None:
    assert all((ROOT / source).exists() for source in copied())
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert ignored[1] == "*"
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    assert {source.split("/")[0] for source in copied()} == let_in


def test_the_image_runs_as_a_user_who_is_not_root() -> None:
    names = [name for name, _ in instructions()]
    assert the_last("USER") == "10001:10001"
    assert names.index("USER") > len(names) - 1 - names[::-1].index("RUN")
    assert "--uid 10001" in "".join(rest for name, rest in instructions() if name == "RUN")


def test_what_the_image_runs_is_a_command() -> None:
    assert the_last("ENTRYPOINT") == '["petmsg"]'
    require_command(yaml.safe_load(the_last("CMD")))
    assert "8025" in the_last("CMD")


def test_the_image_asks_the_servers_own_address_for_its_health() -> None:
    assert "http://127.0.0.1:8025/healthz" in the_last("HEALTHCHECK")


def test_a_wheel_can_be_built_of_what_the_image_copies(tmp_path: Path) -> None:
    folder = tmp_path / "build"
    folder.mkdir()
    leave = shutil.ignore_patterns("__pycache__")
    for source in copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / source, ignore=leave, dirs_exist_ok=True)
        else:
            shutil.copy(ROOT / source, folder / source)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    assert len(list(tmp_path.glob("petmsg-*.whl"))) == 1


# ------------------------------------------------------------------------------------ the services


def test_one_image_serves_and_sends() -> None:
    assert {"serve", "dispatch", "jobs"} == set(OURS)
    assert OURS["serve"]["build"] == {
        "context": "../..",
        "dockerfile": "examples/docker/Dockerfile",
    }
    assert (DOCKER / "../..").resolve() == ROOT


@pytest.mark.parametrize("name", OURS)
def test_a_container_may_do_as_little_as_possible(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [each.partition(":")[0] for each in service["tmpfs"]] == ["/run/petmsg"]
    assert service["volumes"] == ["home:/var/lib/petmsg"]
    assert "PETMSG_DATABASE_PASSWORD:?" in service["environment"]["PETMSG_DATABASE_URL"]


def test_what_a_container_runs_is_a_command() -> None:
    require_command(OURS["serve"]["command"])
    require_command(OURS["dispatch"]["command"])
    checked = OURS["dispatch"]["healthcheck"]["test"]
    assert checked[:2] == ["CMD", "petmsg"]
    require_command(checked[2:])
    shell, script = OURS["jobs"]["entrypoint"]
    assert shell == "/bin/sh"
    assert (ROOT / "examples" / Path(script).relative_to("/srv/petmsg")).exists()


def test_the_proxy_has_the_one_configuration_there_is() -> None:
    proxy = SERVICES["proxy"]
    configuration = proxy["volumes"][0].partition(":")[0]
    assert (DOCKER / configuration).resolve() == ROOT / "examples/web/nginx.conf"
    assert proxy["network_mode"] == "service:serve"  # so that its 127.0.0.1 is the server's
    passed = set(re.findall(r"proxy_pass (\S+);", (DOCKER / configuration).read_text("utf-8")))
    host, port = (
        OURS["serve"]["command"][OURS["serve"]["command"].index(option) + 1]
        for option in ("--host", "--port")
    )
    assert passed == {f"http://{host}:{port}"}
    assert SERVICES["serve"]["ports"] == ["443:443"]


def test_only_volumes_that_are_declared_are_used() -> None:
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
    }
    assert {each for each in used if each[0] not in "./"} == set(COMPOSE["volumes"])


# ---------------------------------------------------------------- as in a container, without Docker

ENTER = """
set -e
mount --make-rprivate /
base=$1; shift
home=$1; shift
case $base in "$HOME"/*)  # root's folder is closed to others: show them this Python alone
    kept=$(mktemp -d)
    mount --bind "$base" "$kept"
    mount -t tmpfs -o mode=0755 none "$HOME"
    mkdir -p "$base"
    mount --bind "$kept" "$base"
esac
mount -o remount,bind,ro /
touch /usr/petmsg-may-not 2>/dev/null && exit 99
export HOME="$home"
cd "$home"
exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set -all "$@"
"""


def contained(home: Path, *words: str) -> list[str]:
    """A command line that runs a program as the image's user, on a read-only root."""
    enter = ["unshare", "--mount", "sh", "-c", ENTER, "sh", sys.base_prefix, str(home)]
    return [*enter, sys.executable, "-m", *words]


@pytest.fixture
def home() -> Iterator[Path]:
    """The only folder that the user of the image may write to, with a company in it."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("setpriv")):
        pytest.skip("only root can make a file system read-only for a process")
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("this machine lets nobody make mounts of their own")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        made = Path(folder)
        url = f"sqlite:///{made}/petmsg.db"
        ran = run_cli(url, "init", "--org", "hp", "--name", "HP", "--timezone", "UTC")
        assert ran.code == 0, ran.err
        for path in (made, *made.rglob("*")):
            os.chown(path, 10001, 10001)
        yield made


def environ_of(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(Path.home()),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(home),
        "PETMSG_DATABASE_URL": f"sqlite:///{home}/petmsg.db",
        **KEYS,
    }


def test_the_commands_of_the_image_run_on_a_read_only_root(home: Path) -> None:
    port, environ = str(free_port()), environ_of(home)
    check = yaml.safe_load(the_last("HEALTHCHECK").partition("CMD ")[2])[2].replace("8025", port)
    serve = [word.replace("8025", port) for word in OURS["serve"]["command"]]
    watch = OURS["dispatch"]["command"]
    running = [
        subprocess.Popen(contained(home, "petmsg", *words), env=environ) for words in (serve, watch)
    ]
    try:
        asks = [sys.executable, "-c", check]
        end = time.monotonic() + 60
        while subprocess.run(asks, check=False, capture_output=True).returncode:
            assert time.monotonic() < end, "the health check of the image never passed"
            time.sleep(0.2)
        checked = OURS["dispatch"]["healthcheck"]["test"]
        subprocess.run(contained(home, *checked[1:]), env=environ, check=True, capture_output=True)
        assert [process.poll() for process in running] == [None, None]
        for process in running:
            process.terminate()
        assert [process.wait(60) for process in running] == [0, 0]
    finally:
        for process in running:
            process.kill()
    assert {path.stat().st_uid for path in home.rglob("*") if path.is_file()} == {10001}


def test_the_health_check_fails_where_nothing_answers() -> None:
    check = yaml.safe_load(the_last("HEALTHCHECK").partition("CMD ")[2])[2]
    asks = [sys.executable, "-c", check.replace("8025", str(free_port()))]
    assert subprocess.run(asks, check=False, capture_output=True).returncode == 1


def test_a_command_that_there_is_not_would_be_noticed() -> None:
    for line in ("sarve", "serve --prot 8025", "message dispatch --wach"):
        with pytest.raises(AssertionError):
            require_command(shlex.split(line))

"""Backups of a database that two processes write to meanwhile: each is whole, and none is behind.

`python -m tests.campaigns.backups --backups 200` makes that many while clients, bookings,
messages and pictures are written, restores each by opening it, and asks `petmsg doctor`. What was
acknowledged before a backup began must be in it, and each picture that it names must lie beside it
as soon as it is made. `--control` copies the file instead, as people do, and must be found.
"""

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from petmsg.db import migrate
from petmsg.db.location import default_media_place, locate
from petmsg.media.folder_store import FolderStore
from petmsg.queries.transfer import every_stored_hash
from tests.support.consistency import problems
from tests.support.fixtures import ACTOR, NOW, add_org, looking, run_cli
from tests.support.media_rows import TINY_GIF

WRITERS = 2
Copying = Callable[[str, Path], object]


@dataclass
class Verdict:
    """What is wrong, in words; and how many rows the backups held between them."""

    faults: list[str] = field(default_factory=list)
    backups: int = 0
    written: int = 0


def pictures_of(target: Path) -> Path:
    """Where the pictures of a backup lie: every third has a folder of its own, the others share
    one, as a nightly backup does."""
    number = int(target.stem.rpartition("-")[2])
    return target.with_name(f"{target.stem}-pictures" if number % 3 == 0 else "pictures")


def by_petmsg(url: str, target: Path) -> object:
    """`petmsg db backup --media`."""
    ran = run_cli(url, "db", "backup", str(target), "--media", str(pictures_of(target)))
    if ran.code:
        raise RuntimeError(ran.err)
    return ran


def by_copying(url: str, target: Path) -> object:
    """The control: the file as it lies there."""
    path = locate(url).path
    assert path is not None
    return shutil.copy(path, target)


def pictures_first(url: str, target: Path) -> object:
    """Another control: the pictures are copied, and then the database, which has more by then."""
    pictures = Path(default_media_place(locate(url)))
    shutil.copytree(pictures, pictures_of(target), dirs_exist_ok=True)
    before = len([*pictures.rglob("*")])
    for _ in range(6_000):
        # A writer's newest picture and its folder may be in no row yet; those before are.
        if len([*pictures.rglob("*")]) > before + 3 * WRITERS:
            break
        time.sleep(0.01)
    ran = run_cli(url, "db", "backup", str(target))
    if ran.code:
        raise RuntimeError(ran.err)
    return ran


def _picture(writer: str, number: int) -> bytes:
    """A picture of one pixel, in a colour of its own."""
    color = bytes((ord(writer), *number.to_bytes(2, "big")))
    return TINY_GIF[:13] + color + TINY_GIF[16:]


def write(url: str, name: str, acknowledged: Any, stop: Any) -> None:
    """A writer's process: clients one by one, each with a booking, a message and a picture."""
    number = 0
    picture = Path(locate(url).path or "").with_name(f"{name}.gif")
    while not stop.is_set():
        number += 1
        ref = f"{name}-{number}"
        picture.write_bytes(_picture(name, number))
        phone = f"+1{ {'a': 202, 'b': 303}[name] }{number + 5550000:07}"
        for line in (
            ("client", "add", f"Client {ref}", "--phone", phone, "--ref", ref),
            ("booking", "add", "--ref", f"B-{ref}", "--client", ref, "--start", "+1d",
             "--end", "+2d"),
            ("booking", "confirm", f"B-{ref}"),
            ("message", "send", ref, "--body", "Hello", "--media", str(picture), "--queue-only"),
        ):  # fmt: skip
            ran = run_cli(url, *line)
            while ran.code == 75:  # locked for long: asked again, as it says
                ran = run_cli(url, *line)
            if ran.code:
                raise RuntimeError(f"{line}: {ran.err}")
        with acknowledged.get_lock():
            acknowledged.value += 1


def run(folder: Path, backups: int, copying: Copying = by_petmsg) -> Verdict:
    """Make the backups under way, then look at each."""
    url = locate(str(folder / "petmsg.db")).url
    migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
    add_org(url)
    spawned = multiprocessing.get_context("spawn")
    acknowledged, stop = spawned.Value("i", 0), spawned.Event()
    verdict = Verdict(backups=backups)
    promised: list[tuple[Path, int]] = []
    writers: list[Any] = []
    with ExitStack() as at_end:
        # Somebody who looks on, as a dispatcher that stays does: what is written stays in the log.
        at_end.enter_context(looking(url))
        for name in ("a", "b")[:WRITERS]:
            writer = spawned.Process(target=write, args=(url, name, acknowledged, stop))
            writer.start()
            at_end.callback(writer.join)
            writers.append(writer)
        at_end.callback(stop.set)
        for place in range(backups):
            _until_more(acknowledged, than=acknowledged.value)
            target = folder / f"backup-{place}.db"
            known = acknowledged.value
            copying(url, target)
            promised.append((target, known))
            verdict.faults += [f"{target.name}: {each}" for each in without_bytes(target)]
    verdict.written = acknowledged.value
    verdict.faults += [f"a writer ended with {each.exitcode}" for each in writers if each.exitcode]
    for target, known in promised:
        verdict.faults += [f"{target.name}: {each}" for each in look(target, known)]
    return verdict


def _until_more(acknowledged: Any, *, than: int) -> None:
    deadline = time.monotonic() + 60
    while acknowledged.value <= than:
        if time.monotonic() > deadline:
            raise RuntimeError("the writers write nothing")
        time.sleep(0.002)


def without_bytes(target: Path) -> list[str]:
    """The pictures that a backup names, and that its folder does not have whole."""
    copies = FolderStore(pictures_of(target))
    try:
        with looking(locate(str(target)).url) as cursor:
            named = every_stored_hash(cursor)
        return [f"no bytes of {name}" for name in named if not copies.size(name)]
    except Exception as problem:  # noqa: BLE001 because a damaged file may raise anything
        return [f"it cannot be read: {problem}"]


def look(target: Path, known: int) -> list[str]:
    """What is wrong with a backup that must hold `known` clients at least."""
    url = locate(str(target)).url
    try:
        with looking(url) as cursor:
            there = int(cursor.value("SELECT count(*) FROM media WHERE status = 'stored'"))
        found = problems(url)
    except Exception as problem:  # noqa: BLE001 because a damaged file may raise anything
        return [f"it cannot be read: {problem}"]
    if there < known:
        found.append(f"{known} were acknowledged before it began, and it holds {there}")
    pictures = {"PETMSG_MEDIA_DIR": str(pictures_of(target))}
    ran = run_cli(url, "doctor", "--findings", "-o", "json", **pictures)
    if ran.code:
        found.append(f"doctor: {ran.out}{ran.err}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.backups", description=__doc__)
    parser.add_argument("--seed", type=int, help="chance is the machine's: taken, and not used")
    parser.add_argument("--backups", type=int, default=200)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        verdict = run(Path(folder), asked.backups, by_copying if asked.control else by_petmsg)
    print(f"backups: {verdict.backups} while {verdict.written} clients were written")
    print("\n".join(verdict.faults[:20]) or "every one is whole, and none is behind")
    return bool(verdict.faults)


if __name__ == "__main__":
    sys.exit(main())

"""Messages with pictures under kills and faults: what the provider took, and the bytes that stay.

`python -m tests.campaigns.pictures --kills 2000 --seed 7` kills (kill -9) whatever stores, sends,
receives, fetches, relays, erases or prunes pictures, in an org on the fake Twilio and in one on the
sandbox, while 15 % of Twilio's requests meet a fault. Then the usual commands run, and those that
`petmsg doctor` names. Every message must be sent once, with its pictures; each row of a picture
must have its bytes, and each file in the media store a row. `--control row-before-bytes` and
`--control bytes-stay` take away what holds that together, and must fail.
"""

import argparse
import http.client
import json
import os
import random
import shlex
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from petmsg.media.folder_store import FolderStore
from tests.campaigns.petsitters import (
    ON_TWILIO,
    ORGS,
    SHARED,
    Incoming,
    Plan,
    build,
    comes_in,
    make_photos,
    plan,
)
from tests.campaigns.sending import FAULT_RATE, LATE, LATE_LIST, LATENCY, PATIENCE, database_of
from tests.campaigns.verdict import Verdict, unsettled
from tests.campaigns.workers import CONTROLS, DISPATCH, Nursery, Storm, Work
from tests.support.consistency import problems
from tests.support.fixtures import looking, run_cli
from tests.support.media_fetcher import fetch
from tests.support.on_twilio import keys
from tests.support.twilio_fake import ACCOUNT_SID, TwilioFake
from tests.support.twilio_faults import SeededFaults
from tests.support.twilio_media import Storage, storage_host
from tests.support.webhooks import inbound, signed

WORKERS = 3
MESSAGES_A_KILL = 0.6
SETTLE_SECONDS = 240.0
OLD = 7200.0
"""Seconds: older than what petmsg takes for a file that is being stored just now."""
INBOUND = "/twilio/inbound"
CHORES = (
    DISPATCH,
    DISPATCH,
    ("media", "fetch"),
    ("media", "fetch"),
    ("message", "pull"),
    ("media", "prune"),
    ("reconcile",),
)
PRELOAD = (
    "petmsg.media.prepare",
    "petmsg.media.pictures",
    "petmsg.web.app",
    "petmsg.web.server",
    "petmsg.web.media_route",
    "PIL.JpegImagePlugin",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.lifespan.on",
)
UNDER_WAY = "SELECT count(*) FROM media WHERE status IN ('missing', 'erasing')"
_STUCK = """
SELECT id, status, attempts, error_code, error_message FROM message
WHERE direction = 'outbound' AND status NOT IN ('sent', 'delivered', 'cancelled') ORDER BY id
"""
_ROWS = "SELECT id, message_id, status, sha256 FROM media ORDER BY id"
_ON_SANDBOX = "SELECT to_e164, body, media FROM sandbox_text WHERE body IS NOT NULL"


@dataclass(frozen=True)
class Campaign:
    """What is to be done: kills in all, the seed of every chance, and a control or None."""

    kills: int
    seed: int
    control: str | None = None
    workers: int = WORKERS


@dataclass(frozen=True)
class Outcome:
    """What came of a campaign. `bare_at_once` are the pictures without bytes when the last process
    was killed, before anything was repeated; `mended` are the fixes that the doctor named."""

    campaign: Campaign
    verdict: Verdict
    plan: Plan
    storm: Storm
    codes: list[int]
    bare_at_once: list[str]
    orphaned_at_once: int
    mended: list[str]
    seconds: Mapping[str, float]
    faults: Mapping[str, int] = field(default_factory=dict)
    said: str = ""

    def __str__(self) -> str:
        campaign, seconds = self.campaign, sum(self.seconds.values())
        control = f" with {campaign.control}" if campaign.control else ""
        pictures = sum(each.pictures for each in self.plan.asked)
        return (
            f"seed {campaign.seed}{control}: {self.storm.kills} kills, {len(self.plan.asked)}"
            f" messages with {pictures} pictures, {sum(self.faults.values())} faults,"
            f" {self.orphaned_at_once} files without a row before the doctor's commands,"
            f" {seconds:.0f} s: {self.verdict}"
        )


def run(url: str, campaign: Campaign, folder: Path) -> Outcome:
    """Fill the empty database at `url`, storm it, repeat what was cut off, and judge. `folder`
    takes the pictures, the media store and a log."""
    with ExitStack() as stack:
        trial = _Trial(url, campaign, folder, stack)
        return trial.run()


class _Trial:
    """One campaign on one database."""

    def __init__(self, url: str, campaign: Campaign, folder: Path, stack: ExitStack) -> None:
        self.url, self.campaign = url, campaign
        self.place = folder / "pictures"
        self.log = folder / "workers.log"
        self.log.touch()
        messages = int(campaign.kills * MESSAGES_A_KILL) + 10
        self.photos = make_photos(folder, SHARED + messages)
        self.plan = plan(campaign.seed, messages, self.photos)
        self.faults = SeededFaults(campaign.seed, 0.0, LATE, LATE_LIST)
        numbers = [each for org in ORGS for each in (org.desk, org.pool, *org.numbers)]
        self.fake = stack.enter_context(
            TwilioFake(
                numbers=numbers,
                any_number=True,
                latency_seconds=LATENCY,
                choose_fault=self.faults.choose,
                choose_quickly=True,
                keep_requests=False,
                hide_for=self.faults.hide_for,
            )
        )
        self.storage: Storage = stack.enter_context(storage_host())
        self.fake.media.storage = self.storage.url
        self.port = _free_port()
        self.public = f"http://127.0.0.1:{self.port}"
        self.environ = keys(
            self.fake, PETMSG_MEDIA_DIR=str(self.place), PETMSG_PUBLIC_URL=self.public
        )
        self.serve = ("serve", "--port", str(self.port))
        self.coming = [*self.plan.incoming]
        self.undelivered: list[dict[str, str]] = []
        self.dice = random.Random(f"{campaign.seed} meanwhile")
        self.orphans = 0
        self.seconds: dict[str, float] = {}
        self._mark = time.monotonic()
        self.nursery = stack.enter_context(
            Nursery(
                url,
                self.environ,
                self.log,
                control=campaign.control,
                preload=PRELOAD,
                patience=PATIENCE,
            )
        )
        build(url, self.environ, self.fake, self.storage, self.photos)
        for photo in self.photos[SHARED::4]:
            self._leave(photo.clean)  # an old file that messages need again
        self._spent("start")

    def run(self) -> Outcome:
        campaign = self.campaign
        self.faults.rate = FAULT_RATE
        work = Work(self.plan.tasks, CHORES, self.serve)
        storm = self.nursery.storm(
            campaign.kills, campaign.workers, campaign.seed, self._meanwhile, work
        )
        self.faults.rate, self.faults.late_list_seconds = 0.0, 0.0
        time.sleep(0.5)  # PostgreSQL notices that its clients are gone
        self._spent("storm")
        bare, orphaned = self._bare(), len(self._orphaned())
        trouble: list[str] = []
        with self.nursery.calm(2, also=[self.serve]) as codes:
            trouble += self._repeat(storm)
            trouble += self._settle()
            trouble += self._not_served()
        self._spent("calm")
        self._leave(self.dice.randbytes(200))  # the doctor always has something to delete
        mended = self._as_the_doctor_says()
        self._spent("doctor")
        verdict = self._judge(trouble)
        said = self.log.read_text(errors="replace")
        return Outcome(
            campaign, verdict, self.plan, storm, codes, bare, orphaned, mended, self.seconds,
            dict(self.faults.dealt), said,
        )  # fmt: skip

    def _spent(self, what: str) -> None:
        now = time.monotonic()
        self.seconds[what], self._mark = now - self._mark, now

    # --- during the storm -------------------------------------------------------------------

    def _meanwhile(self) -> None:
        """A message comes in, a webhook is tried, an old file lies about."""
        if self.coming:
            self._comes(self.coming.pop(0))
        if self.undelivered:
            self._deliver()
        if self.dice.random() < 0.05:
            self._leave(self.dice.randbytes(200))

    def _comes(self, message: Incoming) -> None:
        sid, files = comes_in(self.fake, self.storage, message)
        if not message.by_webhook:
            return
        form = inbound(sid, message.sender, message.to, message.body)
        form["NumMedia"] = str(len(files))
        for i, file in enumerate(files):
            form[f"MediaContentType{i}"] = "image/jpeg"
            form[f"MediaUrl{i}"] = (
                f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{sid}"
                f"/Media/{file}"
            )
        self.undelivered.append(form)

    def _deliver(self) -> None:
        """One request, as Twilio repeats it until it is answered 200."""
        form = self.undelivered.pop(0)
        if _post(self.port, *signed(INBOUND, form, at=self.public)) != 200:
            self.undelivered.append(form)

    def _leave(self, content: bytes) -> None:
        """A file of no message, old enough to be pruned."""
        sha256_ = FolderStore(self.place).put(content)
        past = time.time() - OLD
        os.utime(self.place / sha256_[:2] / sha256_, (past, past))

    # --- after it ---------------------------------------------------------------------------

    def _repeat(self, storm: Storm) -> Iterator[str]:
        """Repeat what was not acknowledged. A client whose erasing was cut off after its commit is
        left to `media fetch`."""
        with looking(self.url) as cursor:
            forgotten = cursor.tuples("SELECT ref FROM client WHERE forgotten_at IS NOT NULL")
        left = [
            line
            for place, line in enumerate(self.plan.tasks)
            if place not in storm.finished and not (line[1] == "forget" and (line[2],) in forgotten)
        ]
        for line, code in zip(left, self.nursery.run(left), strict=True):
            if code not in (0, 6, 75):
                yield f"{shlex.join(line)}: exit {code}"
        while self.coming:
            self._comes(self.coming.pop(0))

    def _settle(self) -> Iterator[str]:
        """Run what cron runs until nothing is left to do."""
        deadline, left = time.monotonic() + SETTLE_SECONDS, -1
        while time.monotonic() < deadline:
            for _ in range(len(self.undelivered)):
                self._deliver()
            self.nursery.run([("message", "pull"), ("media", "fetch"), ("reconcile",)])
            with looking(self.url) as cursor:
                left = unsettled(cursor) + int(cursor.value(UNDER_WAY))
            if not left and not self.undelivered:
                return
            time.sleep(0.2)
        yield f"not settled: {left} rows, {len(self.undelivered)} webhooks"

    def _not_served(self) -> Iterator[str]:
        """The pictures that Twilio was told of and cannot fetch, or fetches with other bytes."""
        ours = {each.clean for each in self.photos}
        for message in [*self.fake.messages.values()]:
            if message.to in ON_TWILIO.leaving:
                continue
            for url in message.media_urls:
                answer = fetch(url)
                if answer.status != 200 or answer.content not in ours:
                    yield f"{message.sid} {message.body!r}: {url} {answer.status}"

    def _as_the_doctor_says(self) -> list[str]:
        """Run the commands of the doctor's findings about pictures, an hour later."""
        past = time.time() - OLD
        for path in self.place.rglob("*"):
            if path.is_file():
                os.utime(path, (past, past))
        named = [command for _, _, command in self._doctor() if command]
        for command in dict.fromkeys(named):
            self.nursery.run([shlex.split(command)[1:]])
        return named

    def _doctor(self) -> list[tuple[str, str, str | None]]:
        """The problems, and whatever is found about pictures: check, message, command."""
        ran = run_cli(self.url, "doctor", "-o", "json", now=None, **self.environ)
        return [
            (row["check"], row["message"], row["command"])
            for row in ran.json
            if row["result"] == "problem"
            or (row["check"].startswith("media_") and row["result"] != "ok")
        ]

    # --- the verdict ------------------------------------------------------------------------

    def _judge(self, trouble: Sequence[str]) -> Verdict:
        taken = self._taken()
        found = {each: [row for row in taken if each.words in row[1]] for each in self.plan.asked}
        with looking(self.url) as cursor:
            stuck = cursor.tuples(_STUCK)
        return Verdict(
            lost=[(each.to, each.words) for each, rows in found.items() if not rows],
            twice=[(each.to, each.words) for each, rows in found.items() if len(rows) > 1],
            stuck=stuck,
            misbound=[
                {"asked": each, "taken": row}
                for each, rows in found.items()
                for row in rows
                if (row[0], row[2]) != (each.to, each.pictures)
            ],
            broken=[
                *problems(self.url),
                *trouble,
                *(f"doctor: {check}: {message}" for check, message, _ in self._doctor()),
                *self._left_at_twilio(),
            ],
            bare=self._bare(final=True),
            orphaned=self._orphaned(),
        )

    def _taken(self) -> list[tuple[str, str, int]]:
        """To whom, words and number of pictures of each message that a provider took."""
        self.fake.call(self.fake.accept_what_is_late)
        taken = [
            (each.to, each.body, each.media_count)
            for each in self.fake.messages.values()
            if not each.came_in
        ]
        with looking(self.url) as cursor:
            rows = cursor.tuples(_ON_SANDBOX)
        return taken + [(to, body, len(json.loads(media or "[]"))) for to, body, media in rows]

    def _bare(self, *, final: bool = False) -> list[str]:
        """The rows that say that bytes are stored, which are not; and finally, every row whose file
        is not stored, though nothing was lost here."""
        store, good = FolderStore(self.place), dict[str, bool]()
        with looking(self.url) as cursor:
            rows = cursor.tuples(_ROWS)
        found = []
        for id_, message, status, name in rows:
            if status == "stored":
                if name not in good:
                    good[name] = (
                        store.size(name) is not None
                        and sha256(store.read(name)).hexdigest() == name
                    )
                if not good[name]:
                    found.append(f"picture {id_} of message {message} has no bytes")
            elif final and status != "erased":
                found.append(f"picture {id_} of message {message} is {status}")
        return found

    def _orphaned(self) -> list[str]:
        """The files, also unfinished ones, that no row names."""
        with looking(self.url) as cursor:
            named = {row[3] for row in cursor.tuples(_ROWS)}
        files = [path for path in self.place.rglob("*") if path.is_file()]
        return sorted(path.name for path in files if path.name not in named)

    def _left_at_twilio(self) -> Iterator[str]:
        """What a client who was forgotten sent and Twilio still has."""
        for message in self.fake.messages.values():
            if message.from_ in ON_TWILIO.leaving and self.fake.media.by_message[message.sid]:
                yield f"Twilio still has the pictures of {message.sid}"


def _post(port: int, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer, 0 if there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("POST", INBOUND, body, dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def main() -> int:
    """Run one campaign and print it; 0 if it went as it must."""
    options = _parser().parse_args()
    campaign = Campaign(options.kills, options.seed, options.control, options.workers)
    print(f"seed {campaign.seed} …", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="petmsg-campaign-")))
        outcome = run(database_of(options.database, folder, stack), campaign, folder)
    for what, counts in (
        ("faults", outcome.faults),
        ("killed", outcome.storm.killed),
        ("ended by themselves", outcome.storm.exits),
        ("doctor's commands", Counter(outcome.mended)),
        ("seconds", {name: round(span, 1) for name, span in outcome.seconds.items()}),
    ):
        print(f"{what}: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    print(f"workers at the end: {outcome.codes}; without bytes at once: {outcome.bare_at_once[:5]}")
    for name in outcome.verdict.faults:
        print(f"{name}: {getattr(outcome.verdict, name)[:5]}")
    if outcome.verdict.faults or "Traceback" in outcome.said:
        print(outcome.said[-5000:])
    print(outcome)
    failed = bool(outcome.verdict.faults or outcome.bare_at_once)
    return int(failed != (campaign.control is not None))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.pictures", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--control", choices=sorted(CONTROLS))
    parser.add_argument("--workers", type=int, default=WORKERS)
    return parser


if __name__ == "__main__":
    sys.exit(main())

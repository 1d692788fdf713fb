"""The steps of `petmsg demo`: real commands on real data, and a check of each claim.

Every line that begins with `$` runs the code that a shell would run, on the demo's database.
"""

import io
import shlex
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

from petmsg.db import migrate
from petmsg.db.create import create
from petmsg.db.location import Location
from petmsg.db.snapshot import snapshot, stored_revision
from petmsg.errors import Refused
from petmsg.queries import demo
from petmsg.queries.org import orgs_in_earnest
from petmsg.workflows.environment import Environment
from petmsg.workflows.shipped_files import shipped

ORG = "happy-paws"
ORGS = {
    ORG: ("Happy Paws", "America/New_York"),
    "tail-waggers": ("Tail Waggers", "America/Los_Angeles"),
}
CLIENT = "HP-C-001"
OUTSIDER = "HP-C-002"
SITTER = "HP-S-01"
BOOKINGS = [f"HP-B-000{index}" for index in range(1, 6)]


class Demo:
    """The demo on one database. `silent` hides the output of the commands."""

    def __init__(
        self,
        location: Location,
        environment: Environment,
        *,
        silent: bool = False,
        pause: bool = False,
    ) -> None:
        self.location = location
        self.silent = silent
        self.pause = pause
        self.chapters = 0
        self.claims: list[dict[str, Any]] = []
        kept = {
            name: value
            for name, value in environment.environ.items()
            if not name.startswith(("PETMSG_", "TWILIO_"))
        }
        self.environment = Environment(
            {**kept, "PETMSG_DATABASE_URL": location.url, "PETMSG_ORG": ORG}, environment.now
        )

    def play(self, *, actor: str, now: datetime) -> list[dict[str, Any]]:
        """Play all chapters; returns the claims, each with its result.

        Raises `Refused` for a database with an org that the demo did not create.
        """
        self._fresh_database(actor=actor, now=now)
        self._the_company()
        self._a_number_of_her_own()
        self._five_bookings_one_thread()
        self._the_right_number()
        self._quarantine()
        self._the_audit()
        return self.claims

    # --- chapters --------------------------------------------------------------------------

    def _the_company(self) -> None:
        self._chapter("Import a small company")
        for org in ORGS:
            for noun in ("number", "sitter", "client", "booking"):
                self._quietly(org, noun, "import", str(_examples() / org / f"{noun}s.csv"))
            for ref in _refs(_examples() / org / "cancelled.csv"):
                why = "the client cancelled"
                self._quietly(org, "booking", "cancel", ref, "--reason", why, "--yes")
            sitters = [ref for ref in _refs(_examples() / org / "sitters.csv") if ref != SITTER]
            self._quietly(org, "sitter", "activate", *sitters, "--without-number")
            self._quietly(org, "booking", "confirm", "--file", str(_examples() / org / "paid.csv"))
        counts = {
            noun: self._query(demo.row_count(noun))
            for noun in ("org", "sitter", "client", "booking", "message_number", "thread")
        }
        self._tell(
            "Loaded from examples/company: "
            + ", ".join(f"{count} {noun.replace('_', ' ')}s" for noun, count in counts.items())
        )
        self._tell("To explore the data afterwards:")
        self._tell(f"  export PETMSG_DATABASE_URL={self.location.display_url} PETMSG_ORG={ORG}")

    def _a_number_of_her_own(self) -> None:
        self._chapter("A sitter is activated and gets a dedicated number")
        self._run("sitter", "activate", SITTER)
        self.number = self._query(demo.HELD)
        self._run("sitter", "activate", SITTER)
        self._claim(
            "activated twice, the sitter holds the same one number",
            self._query(demo.HELD) == self.number,
        )

    def _five_bookings_one_thread(self) -> None:
        self._chapter("One client, five bookings, one thread")
        self._run("booking", "confirm", *BOOKINGS)
        threads = self._select(demo.THREADS)
        windows = self._select(demo.WINDOWS)
        self._claim("five bookings, still one thread", threads == 1)
        self._claim("and five assignment windows in it", windows == 5)
        self._run("booking", "confirm", *BOOKINGS)
        self._claim(
            "confirmed again: the same thread and windows",
            (self._query(demo.THREADS), self._query(demo.WINDOWS)) == (1, 5),
        )
        self._claim(
            "the sitter's number is still the one from the activation",
            self._query(demo.HELD) == self.number,
        )

    def _the_right_number(self) -> None:
        self._chapter("Which number is a message sent from?")
        self._tell("Inside a window, the sitter's:")
        self._run("route", "explain", CLIENT)
        self._run("message", "send", CLIENT, "--body", "Rex had a long walk and is asleep now.")
        self._claim(
            "inside the window the message was sent from the sitter's number",
            self._query(demo.LAST_TEXT) == self.number,
        )
        self._claim(
            "and its trace says so",
            "Active assignment window for sitter Maya Lee" in self._query(demo.LAST_DECISION),
        )
        self._tell("Outside, a pool number or the front desk's:")
        self._run("message", "send", OUTSIDER, "--body", "Thank you for staying with us!")
        self._run("route", "explain", OUTSIDER)
        self._claim(
            "outside every window it was sent from another number",
            self._query(demo.LAST_TEXT) != self.number,
        )
        self._claim(
            "and its trace says No active window - using pool",
            "No active window - using pool" in self._query(demo.LAST_DECISION),
        )

    def _quarantine(self) -> None:
        self._chapter("The sitter's number is quarantined")
        number = self.number
        self._run("number", "quarantine", number, "--days", "14", "--reason", "filtered as spam")
        self._run("route", "explain", CLIENT)
        self._run("message", "send", CLIENT, "--body", "He ate all of his dinner.")
        self._claim(
            "meanwhile messages are sent from another number", self._query(demo.LAST_TEXT) != number
        )
        self._tell("The two weeks are not over, so restoring it requires a reason:")
        refused = self._run("number", "restore", number)
        self._claim("an early restore without a reason is refused with exit 4", refused == 4)
        self._run("number", "restore", number, "--reason", "the carrier cleared it")
        self._claim("with a reason it is the sitter's again", self._query(demo.HELD) == number)
        self._run("number", "history", number)

    def _the_audit(self) -> None:
        self._chapter("Everything is in the audit log")
        self._run("audit", "list", "--event", "number.restored")
        self._claim("the audit shows forced and the reason", self._select(demo.FORCED) == 1)
        verified = self._run("audit", "verify", "--org", ORG)
        self._claim("the audit log is intact", verified == 0)

    # --- machinery -------------------------------------------------------------------------

    def _fresh_database(self, *, actor: str, now: datetime) -> None:
        if self._holds_tables():
            # An older petmsg's demo is replaced too, so its schema does not matter.
            with snapshot(self.location, any_schema=True) as cursor:
                foreign = orgs_in_earnest(cursor)
            if foreign:
                raise Refused(
                    f"{self.location.display_url} holds org {foreign[0]}, "
                    "which the demo did not create.",
                    hint="Give the demo a database of its own: petmsg demo --db demo.db",
                )
            migrate.downgrade(self.location.url, "base")
        create(self.location, actor=actor, now=now)
        from petmsg.db.engine import make_engine
        from petmsg.db.transaction import transaction
        from petmsg.services.orgs import org

        engine = make_engine(self.location)
        for slug, (name, timezone) in ORGS.items():
            with transaction(engine, self.location) as begun:
                _, uow = org.add(
                    begun, slug, name=name, timezone=timezone, actor=actor, now=now, is_demo=True
                )
                uow.finish()
        engine.dispose()

    def _holds_tables(self) -> bool:
        if not self.location.exists:
            return False
        with snapshot(self.location, any_schema=True) as cursor:
            return stored_revision(cursor) is not None

    def _run(self, *arguments: str) -> int:
        """Run a command as a shell would, with its output; its exit code."""
        self._tell(f"\n$ petmsg {shlex.join(arguments)}")
        sys.stdout.flush()
        with ExitStack() as quiet:
            if self.silent:
                quiet.enter_context(redirect_stdout(io.StringIO()))
                quiet.enter_context(redirect_stderr(io.StringIO()))
            code = self._command(*arguments, "-o", "table")
            sys.stdout.flush()
        if code:
            self._tell(f"(exit {code})")
        return code

    def _quietly(self, org: str, *arguments: str) -> None:
        """Run a command for its effect; the demo ends if it fails."""
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
            code = self._command(*arguments, "--org", org)
        if code:
            raise Refused(
                f"The demo's own petmsg {shlex.join(arguments[:3])} ended with {code}: "
                f"{said.getvalue().strip()[:300]}"
            )

    def _command(self, *arguments: str) -> int:
        from petmsg.cli import run_command_line

        return run_command_line(
            arguments, environ=self.environment.environ, now=self.environment.now
        )

    def _select(self, sql: str) -> Any:
        """Print a query as an operator would run it, and its result."""
        found = self._query(sql)
        self._tell("\nsql> " + sql.replace("\n", "\n     ") + f";\n     {found}")
        return found

    def _query(self, sql: str) -> Any:
        with snapshot(self.location) as cursor:
            return cursor.value(sql)

    def _claim(self, claim: str, holds: bool) -> None:
        self.claims.append({"claim": claim, "holds": holds, "proof": self.title})
        self._tell(f"{'[passed]' if holds else '[FAILED]'} {claim}")

    def _chapter(self, title: str) -> None:
        self.title = title
        self.chapters += 1
        if self.pause and self.claims:
            sys.stderr.write("Press Enter to continue. ")
            sys.stderr.flush()
            sys.stdin.readline()
        self._tell(f"\n{self.chapters}. {title}\n{'=' * (len(title) + 3)}")

    def _tell(self, text: str) -> None:
        if not self.silent:
            sys.stdout.write(text + "\n")

    def close(self) -> None:
        """Print the last line: how many checks passed, and where the database is."""
        holding = sum(claim["holds"] for claim in self.claims)
        self._tell(f"\n{holding} of {len(self.claims)} checks passed. {self.location.display_url}")


def _examples() -> Path:
    return shipped("company")


def _refs(file: Path) -> list[str]:
    rows = file.read_text("utf-8").splitlines()
    return [row.partition(",")[0] for row in rows[1:] if row.strip()]

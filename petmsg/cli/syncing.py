"""`message sync`: ask the provider, with no transaction open, then store what it said.

Stored every 100 texts, so that whatever stops the run leaves little to ask again.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from petmsg.cli.carriers import carrier_of
from petmsg.cli.results import result_data, show_results
from petmsg.cli.run import Run
from petmsg.enums import OutputFormat
from petmsg.errors import REFUSED, PetmsgError, ProviderAccount, ProviderUnavailable
from petmsg.providers.base import Provider
from petmsg.queries.org import OrgRow
from petmsg.queries.sync import OnItsWay, on_its_way
from petmsg.render import output as render
from petmsg.render.fields import Field
from petmsg.render.safe import json_text
from petmsg.services.sync import REPORTS_COME_WITHIN, Answer, Reported, take_in
from petmsg.services.work import Failure

CHUNK = 100
THREADS = 8
MOST_UNANSWERED = 5
"""So many questions without an answer, and a provider is asked nothing more in this run."""


def sync(run: Run, *, fields: Sequence[Field], limit: int) -> None:
    """Ask for at most `limit` texts of each org; raises what a provider did not answer."""
    # All of them before the first question: one org's missing credentials leave no other half done.
    lines = [(org, carrier_of(run, org, threads=THREADS)) for org in run.orgs()]
    unanswered: dict[str, list[PetmsgError]] = {carrier.name: [] for _, carrier in lines}
    shown = _Shown(run, fields)
    try:
        for org, carrier in lines:
            _sync_org(run, org, carrier, unanswered[carrier.name], shown, limit=limit)
    finally:
        shown.close()
    for problems in unanswered.values():
        if problems:
            raise _told(problems)


class _Shown:
    """What is printed: with `-o jsonl` as it is stored, else together at the end."""

    def __init__(self, run: Run, fields: Sequence[Field]) -> None:
        self._run = run
        self._fields = fields
        self._rows: list[Reported | Failure] = []

    def add(self, rows: Sequence[Reported | Failure]) -> None:
        """Take in what was stored."""
        if self._run.output is not OutputFormat.JSONL:
            self._rows += rows
            return
        for row in rows:
            render.write(json_text(result_data(self._run, self._fields, row)))
            if isinstance(row, Failure):
                self._run.exit_code = REFUSED
        render.flush()

    def close(self) -> None:
        """Print what was kept."""
        if any(isinstance(row, Failure) for row in self._rows):
            show_results(self._run, self._fields, self._rows)
        elif self._run.output is not OutputFormat.JSONL:
            self._run.show_list(self._fields, self._rows)


def _sync_org(
    run: Run,
    org: OrgRow,
    carrier: Provider,
    problems: list[PetmsgError],
    shown: _Shown,
    *,
    limit: int,
) -> None:
    with run.snapshot() as cursor:
        texts = on_its_way(cursor, org, since=run.now - REPORTS_COME_WITHIN, limit=limit)
    for start in range(0, len(texts), CHUNK):
        answers = _ask(carrier, texts[start : start + CHUNK], problems)
        if answers:
            run.tick()
            shown.add(run.write_in(org.slug, take_in, answers))


def _ask(carrier: Provider, texts: Sequence[OnItsWay], problems: list[PetmsgError]) -> list[Answer]:
    """What the provider says of each text; what it did not answer is added to `problems`."""

    def ask(text: OnItsWay) -> Answer | None:
        if _in_vain(problems):
            return None
        try:
            found = carrier.fetch(text.provider_message_id)
        except PetmsgError as problem:
            problems.append(problem)
            return None
        return Answer(text.message, text.provider_message_id, found)

    if _in_vain(problems):
        return []
    with ThreadPoolExecutor(THREADS) as threads:
        return [answer for answer in threads.map(ask, texts) if answer is not None]


def _in_vain(problems: Sequence[PetmsgError]) -> bool:
    refused = any(isinstance(each, ProviderAccount) for each in problems)
    return refused or len(problems) >= MOST_UNANSWERED


def _told(problems: Sequence[PetmsgError]) -> PetmsgError:
    for each in problems:
        if isinstance(each, ProviderAccount):
            return each
    return ProviderUnavailable(
        problems[0].message,
        hint="What was answered is stored; the rest is asked for by the next petmsg message sync.",
    )

"""Storing what webhooks bring, 16 requests at once: one commit for many, against one for each.

Both sides run the same queue, thread and services on the same durable database. The peer is handed
the messages one by one, so that each has a transaction and a commit of its own.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import company
from benchmarks.bench import Bench
from benchmarks.measure import Row, seconds, take_turns
from petmsg.providers.base import ReceivedMessage
from petmsg.web.group_commit import GroupCommit
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from petmsg.workflows.store_webhooks import WebhookStore
from petmsg.workflows.webhook_outcome import Outcome

AT_ONCE = 16
Keep = Callable[[Sequence[Any]], list[Outcome]]


def measure(bench: Bench) -> list[Row]:
    """The rows of receiving."""
    return [_receiving(bench, kind, bench.few(320, 32)) for kind in bench.databases]


def _receiving(bench: Bench, kind: str, count: int) -> Row:
    def side(one_by_one: bool) -> Callable[[], float]:
        def timed() -> float:
            store = Store(Environment({}), db=bench.company(kind, "webhooks", _build))
            with store.at_end:
                keep = WebhookStore(store)
                texts = [_text(number) for number in range(count)]
                return seconds(lambda: asyncio.run(_bring(keep, texts, one_by_one=one_by_one)))

        return timed

    taken = take_turns({"petmsg": side(False), "peer": side(True)}, rounds=3)
    what = f"{count} messages, {AT_ONCE} requests at once, {kind}"
    return Row("webhooks", what, taken["petmsg"], "a commit for each", taken["peer"], at_least=3.0)


def _build(url: str) -> None:
    company.add_visits(url, [1] * AT_ONCE)


async def _bring(keep: WebhookStore, texts: Sequence[ReceivedMessage], *, one_by_one: bool) -> None:
    def each(items: Sequence[Any]) -> list[Outcome]:
        return [outcome for item in items for outcome in keep([item])]

    with GroupCommit(each if one_by_one else keep) as commits:

        async def request(first: int) -> None:
            for text in texts[first::AT_ONCE]:
                outcome = await commits.put(text)
                assert outcome.status == 200, outcome

        await asyncio.gather(*(request(first) for first in range(AT_ONCE)))


def _text(number: int) -> ReceivedMessage:
    return ReceivedMessage(
        provider_message_id=f"SM{number:032x}",
        from_phone=f"+1202555{number % AT_ONCE:04}",
        to_e164="+14155550100",
        body="Is Rex fine?",
    )

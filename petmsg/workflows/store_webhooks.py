"""What the server's one writer does with a batch: messages, delivery receipts, calls and payments,
each kind by the service that every other way in calls too.

Whatever goes wrong becomes an outcome. A database that is locked or broken is everybody's 503; any
other trouble is looked for item by item, so that a message which cannot be stored stops no other.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.named_error import named_error
from petmsg.enums.orgs import ProviderName
from petmsg.enums.payments import StripeOutcome
from petmsg.errors import Busy, Misconfigured
from petmsg.providers.base import DeliveryReport, ReceivedMessage
from petmsg.providers.call_events import SignedCall
from petmsg.providers.stripe_event import Payment
from petmsg.queries.delivery_status import orgs_of_reports
from petmsg.queries.former_accounts import is_stranger
from petmsg.queries.inbound import orgs_of_numbers
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.services.bookings.payments import PaymentResult
from petmsg.services.inbound.refused_webhooks import (
    ManyRefused,
    alert_other_account,
    alert_rejected,
)
from petmsg.services.inbound.unmatched import ReceivedUnmatched
from petmsg.services.outbox.delivery_status import report_each
from petmsg.services.outbox.unknown_outcomes import orgs_to_reconcile
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.payments import pay
from petmsg.workflows.receive import ReceiveResult, store_messages
from petmsg.workflows.store import Store
from petmsg.workflows.store_calls import has_voicemail, store_signed_calls
from petmsg.workflows.webhook_outcome import Outcome, SignedMessage, SignedReport

Keep = Callable[[Sequence[Any]], list[Outcome]]


class WebhookStore:
    """Called in the writer's thread, which alone uses the store."""

    def __init__(
        self,
        store: Store,
        *,
        on_media: Callable[[], None] = lambda: None,
        calls_of: ProviderName = ProviderName.TWILIO,
    ) -> None:
        """`on_media` is called after the commit of messages with pictures or files, and of
        voicemails. `calls_of` is the provider that carries the calls."""
        self._store = store
        self._on_media = on_media
        self._calls_of = calls_of
        self._kinds: tuple[tuple[type, Keep], ...] = (
            (SignedMessage, self._signed),
            (ReceivedMessage, self._texts),
            (SignedReport, self._signed_reports),
            (DeliveryReport, self._reports),
            (SignedCall, self._signed_calls),
            (Payment, self._payments),
            (ManyRefused, self._refusals),
        )

    def __call__(self, items: Sequence[object]) -> list[Outcome]:
        """Store them, at this moment; committed when it returns."""
        self._store.tick()
        outcomes: dict[int, Outcome] = {}
        for kind, keep in self._kinds:
            places = [place for place, item in enumerate(items) if isinstance(item, kind)]
            if places:
                done = _try(keep, [items[place] for place in places])
                outcomes.update(zip(places, done, strict=True))
        return [outcomes[place] for place in range(len(items))]

    def _signed(self, signed: Sequence[SignedMessage]) -> list[Outcome]:
        """Store messages, but for those to a number whose org never had the account that signed
        them: a company may not write into another one's inbox."""
        with self._store.snapshot() as cursor:
            orgs = {org.slug: org for org in all_orgs(cursor)}
            owners = orgs_of_numbers(cursor, [each.text.to_e164 for each in signed])
            strange = [_stranger_to(cursor, each, orgs, owners) for each in signed]
        outcomes = [Outcome(403, "other_account")] * len(signed)
        for each, slug in zip(signed, strange, strict=True):
            if slug is not None:
                self._store.write_in(slug, alert_other_account, each.text.to_e164)
        places = [place for place, slug in enumerate(strange) if slug is None]
        texts = [signed[place].text for place in places]
        stored = self._texts(texts, owners=owners) if texts else []
        for place, outcome in zip(places, stored, strict=True):
            outcomes[place] = outcome
        return outcomes

    def _texts(
        self, texts: Sequence[ReceivedMessage], *, owners: Mapping[str, str] | None = None
    ) -> list[Outcome]:
        result = store_messages(self._store, texts, provider=ProviderName.TWILIO, owners=owners)
        if any(text.media_count for text in texts):
            self._on_media()
        return [_outcome_of_message(each) for each in result]

    def _signed_reports(self, signed: Sequence[SignedReport]) -> list[Outcome]:
        """Apply receipts, but for those about a message of an org that never had the account that
        signed them: a company may not decide about another one's messages and numbers."""
        return self._reports(
            [each.report for each in signed], signers=[each.accounts for each in signed]
        )

    def _reports(
        self,
        reports: Sequence[DeliveryReport],
        *,
        signers: Sequence[frozenset[str | None]] | None = None,
    ) -> list[Outcome]:
        with self._store.snapshot() as cursor:
            slugs = orgs_of_reports(cursor, [each.provider_message_id for each in reports])
            slugs |= orgs_to_reconcile(
                cursor,
                [each for each in reports if each.provider_message_id not in slugs],
                provider=ProviderName.TWILIO,
                now=self._store.now,
            )
            strange = self._strange(cursor, reports, slugs, signers)
        # A report may be faster than the sender's own note of the id: message sync asks later.
        outcomes = [Outcome(204, "unknown")] * len(reports)
        for place in strange:
            outcomes[place] = Outcome(403, "other_account")
        for slug in sorted({*slugs.values()}):
            places = [
                place
                for place, each in enumerate(reports)
                if slugs.get(each.provider_message_id) == slug and place not in strange
            ]
            done = self._store.write_in(
                slug,
                report_each,
                [reports[place] for place in places],
                provider=ProviderName.TWILIO,
            )
            for place, each in zip(places, done, strict=True):
                if isinstance(each, Failure):
                    outcomes[place] = Outcome(500, each.error.code)
                elif each is not None:
                    outcomes[place] = Outcome(204, "changed" if each.changed else "known")
        return outcomes

    def _strange(
        self,
        cursor: Cursor,
        reports: Sequence[DeliveryReport],
        slugs: Mapping[str, str],
        signers: Sequence[frozenset[str | None]] | None,
    ) -> set[int]:
        """The places of receipts whose org never had the account that signed them."""
        if signers is None or not slugs:
            return set()
        orgs = {org.slug: org for org in all_orgs(cursor)}
        return {
            place
            for place, (each, accounts) in enumerate(zip(reports, signers, strict=True))
            if is_stranger(cursor, accounts, orgs.get(slugs.get(each.provider_message_id, "")))
        }

    def _signed_calls(self, signed: Sequence[SignedCall]) -> list[Outcome]:
        """Store what is told of calls; each outcome has what happens next."""
        outcomes = store_signed_calls(self._store, signed, provider=self._calls_of)
        if has_voicemail([each.event for each in signed]):
            self._on_media()
        return outcomes

    def _refusals(self, refusals: Sequence[ManyRefused]) -> list[Outcome]:
        for each in refusals:
            self._store.transact(
                partial(alert_rejected, refused=each, actor=self._store.actor, now=self._store.now)
            )
        return [Outcome(200, "told")] * len(refusals)

    def _payments(self, payments: Sequence[Payment]) -> list[Outcome]:
        return [_outcome_of_payment(each) for each in pay(self._store, payments)]


def _stranger_to(
    cursor: Cursor, signed: SignedMessage, orgs: Mapping[str, OrgRow], owners: Mapping[str, str]
) -> str | None:
    """The org whose number the message is to, if it never had the account; else None."""
    slug = owners.get(signed.text.to_e164)
    return slug if is_stranger(cursor, signed.accounts, orgs.get(slug or "")) else None


def _try(keep: Keep, items: Sequence[Any]) -> list[Outcome]:
    try:
        return keep(items)
    except (Busy, Misconfigured) as problem:
        return [Outcome(503, problem.code)] * len(items)
    except Exception as problem:  # noqa: BLE001 because no message may stop the others
        if len(items) > 1:
            return [outcome for item in items for outcome in _try(keep, [item])]
        return [Outcome(500, named_error(problem).code)]


def _outcome_of_message(result: ReceiveResult) -> Outcome:
    if isinstance(result, Failure):
        return Outcome(500, result.error.code)
    new = "stray" if isinstance(result, ReceivedUnmatched) else "stored"
    return Outcome(200, "known" if result.duplicate else new)


def _outcome_of_payment(result: PaymentResult | Failure) -> Outcome:
    if isinstance(result, Failure):
        return Outcome(500, result.error.code)
    if result.outcome is None:
        # What may be no booking at all need not come again for three days: an alert tells of it.
        comes_again = result.payment.is_certain and result.payment.trouble is None
        return Outcome(404 if comes_again else 200, "not_matched")
    if result.told:
        return Outcome(200, "told")
    if result.outcome is StripeOutcome.REFUSED and result.problem is not None:
        return Outcome(200, f"refused: {result.problem.code}")
    return Outcome(200, "known" if result.reused else result.outcome.value)

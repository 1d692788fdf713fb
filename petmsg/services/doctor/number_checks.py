"""Checks of `doctor --provider` on what the provider says of the company's numbers.

`doctor` writes nothing: `petmsg reconcile` stores what it finds here. Standard library only.
"""

from collections.abc import Iterator
from typing import Any

from petmsg.db.snapshot import snapshot
from petmsg.enums.alerts import CheckResult
from petmsg.providers.registry import reaches_phones
from petmsg.queries.number_facts import NumberMms, known_mms
from petmsg.services.doctor.check import Check, CheckContext, Finding, group_findings


def number_pictures(context: CheckContext) -> Iterator[Finding]:
    """Numbers that cannot send pictures, and numbers of which the provider says otherwise than
    petmsg has stored. A provider that did not answer the check `provider` is not asked again."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        return Finding(
            row["words"],
            context.command(row["fix"], org, row),
            org,
            CheckResult.WARNING,
        )

    with snapshot(context.location) as cursor:
        known = known_mms(cursor)
    said = {
        org.id: {each.e164: each.mms for each in context.numbers_of(org)}
        for org in context.orgs
        if reaches_phones(org.provider)
    }
    rows = [
        _row(each, said[each.org_id].get(each.number)) for each in known if said.get(each.org_id)
    ]
    yield from group_findings(context, [row for row in rows if row is not None], finding)


def _row(number: NumberMms, said: bool | None) -> dict[str, Any] | None:
    """What is to be said of a number; None if it is known to send pictures or nothing is known."""
    row = {"org_id": number.org_id, "number": number.number}
    if said is not None and said is not number.mms:
        can = "can" if said else "cannot"
        words = f"The provider says that {number.number} {can} send pictures, and petmsg has not"
        return {**row, "words": f"{words} stored that yet", "fix": "petmsg reconcile{org}"}
    if number.mms is False:
        words = f"{number.number} cannot send pictures: messages with pictures are sent from others"
        return {**row, "words": words, "fix": "petmsg number show {number}{org}"}
    return None


NUMBERS_AT_PROVIDER = (
    Check(
        "number_pictures",
        "All numbers can send pictures, as far as the provider says it",
        number_pictures,
        is_external=True,
        applies=lambda context: context.provider_of is not None,
    ),
)

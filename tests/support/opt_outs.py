"""A client who opts out, and what stops a message to them."""

from datetime import timedelta
from typing import Any

from petmsg.enums.messages import Direction, MessageStatus
from petmsg.models import Message, Thread
from petmsg.queries.lookup import find_client
from petmsg.queries.org import find_org
from petmsg.queries.send_blocks import read_block_facts
from petmsg.rules.send_blocks import SendBlockFacts
from tests.support.fixtures import ACTOR, NOW, Cli, looking, working

ANN = ("client", "add", "Ann", "--phone", "+14155551001", "--phone", "+14155551002")
OUT = ("optout", "add", "C-1", "--reason", "asked at the desk")
IN = ("optout", "remove", "C-1", "--reason", "asked again")
LATER = NOW + timedelta(hours=1)
DESK = "+14155550100"


def show(cli: Cli, client: str = "C-1") -> dict[str, Any]:
    found: dict[str, Any] = cli("optout", "show", client, "-o", "json").json
    return found


def facts(url: str, client: str = "C-1", *, number: str = DESK) -> SendBlockFacts:
    """What the claim would know of a message to the client's primary phone."""
    with looking(url) as cursor:
        org = find_org(cursor, "happy-paws")
        return read_block_facts(
            cursor,
            org,
            client_id=find_client(cursor, org.id, client).id,
            to_e164=cursor.value(
                "SELECT p.e164 FROM client_phone p JOIN client c ON c.id = p.client_id"
                " WHERE c.org_id = :org_id AND c.ref = :ref AND p.is_primary",
                org_id=org.id,
                ref=client,
            ),
            number_id=number_id(cursor, number),
        )


def number_id(cursor: Any, e164: str) -> int:
    found: int = cursor.value("SELECT id FROM message_number WHERE e164 = :e164", e164=e164)
    return found


def waiting_message(url: str, *, status: MessageStatus = MessageStatus.QUEUED) -> None:
    with working(url) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        thread = uow.cursor.value("SELECT id FROM thread WHERE client_id = :id", id=client.id)
        if thread is None:
            made = Thread(org_id=uow.org.id, client_id=client.id, created_at=NOW)
            uow.session.add(made)
            uow.session.flush()
            thread = made.id
        uow.session.add(
            Message(
                org_id=uow.org.id, thread_id=thread, client_id=client.id, status=status,
                direction=Direction.OUTBOUND, body="hi", to_e164="+14155551001", actor=ACTOR,
                created_at=NOW, send_at=NOW, due_at=NOW,
            )
        )  # fmt: skip

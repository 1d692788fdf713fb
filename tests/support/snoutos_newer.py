"""The newer schema of the old system as tests need it, with the types that Prisma gives its models:
enums, `timestamp(3)` without a zone, `jsonb`, IDs that are texts, names in camelCase."""

from typing import Any

from tests.support.snoutos import DESK, MAYA, OLD, OLGA, ORG, POOL, of, sid

ENUMS = {
    "NumberStatus": ("active", "disabled", "quarantined"),
    "NumberClass": ("front_desk", "sitter", "pool"),
    "BookingStatus": ("pending", "confirmed", "completed", "cancelled"),
}
TABLES = {
    "Org": {"id": "text PRIMARY KEY", "name": "text", "createdAt": "timestamp(3)"},
    "Client": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "firstName": "text",
        "lastName": "text",
        "phone": "text",
        "email": "text",
        "deletedAt": "timestamp(3)",
    },
    "Sitter": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "firstName": "text",
        "lastName": "text",
        "phone": "text",
        "personalPhone": "text",
        "active": "boolean",
        "deletedAt": "timestamp(3)",
    },
    "MessageNumber": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "e164": "text",
        "numberClass": '"NumberClass"',
        "status": '"NumberStatus"',
        "poolType": "text",
        "lastAssignedAt": "timestamp(3)",
    },
    "SitterMaskedNumber": {
        "id": "text PRIMARY KEY",
        "sitterId": "text",
        "messageNumberId": "text",
        "status": "text",
        "assignedAt": "timestamp(3)",
        "deactivatedAt": "timestamp(3)",
    },
    "MessageThread": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "clientId": "text",
        "assignedSitterId": "text",
        "messageNumberId": "text",
        "maskedNumberE164": "text",
        "status": "text",
        "createdAt": "timestamp(3)",
    },
    "Booking": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "clientId": "text",
        "sitterId": "text",
        "startAt": "timestamp(3)",
        "endAt": "timestamp(3)",
        "status": '"BookingStatus"',
        "totalPrice": "double precision",
    },
    "AssignmentWindow": {
        "id": "text PRIMARY KEY",
        "threadId": "text",
        "sitterId": "text",
        "bookingId": "text",
        "startAt": "timestamp(3)",
        "endAt": "timestamp(3)",
        "status": "text",
    },
    "MessageEvent": {
        "id": "text PRIMARY KEY",
        "threadId": "text",
        "orgId": "text",
        "direction": "text",
        "actorType": "text",
        "body": "text",
        "mediaJson": "text",
        "deliveryStatus": "text",
        "failureCode": "text",
        "failureDetail": "text",
        "providerMessageSid": "text",
        "metadata": "jsonb",
        "createdAt": "timestamp(3)",
    },
    "OptOutState": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "phone": "text",
        "state": "text",
        "updatedAt": "timestamp(3)",
    },
}
"""The tables and their types. `Message` of an earlier purpose stands beside them there."""

LEGACY_MESSAGE = {
    "Message": {
        "id": "text PRIMARY KEY",
        "direction": "text",
        "from": "text",
        "to": "text",
        "body": "text",
        "bookingId": "text",
    }
}


def sound() -> dict[str, list[dict[str, Any]]]:
    """The same company as in the older schema: a client with three threads, one with one, two
    sitters; a booking of each status, deliveries and opt-outs."""
    return {
        "Org": [{"id": ORG, "name": "Happy Paws"}],
        "Client": of(
            [
                {"id": "c-ann", "firstName": "Ann", "lastName": "Ivers", "phone": "+12125550101"},
                {"id": "c-bob", "firstName": "Bob", "lastName": "", "phone": "+1 (212) 555-0103"},
            ],
            orgId=ORG,
        ),
        "Sitter": of(
            [
                {"id": "s-maya", "firstName": "Maya", "lastName": "Lee", "active": True,
                 "phone": MAYA, "personalPhone": "+1 303 555 0101"},
                {"id": "s-olga", "firstName": "Olga", "lastName": "Roy", "active": False,
                 "phone": "+13035550102", "personalPhone": None},
            ],
            orgId=ORG,
        ),
        "MessageNumber": of(
            [
                {"id": "n-desk", "e164": DESK, "numberClass": "front_desk", "status": "active"},
                {"id": "n-maya", "e164": MAYA, "numberClass": "sitter", "status": "active",
                 "lastAssignedAt": "2026-02-13 09:30:00.123"},
                {"id": "n-olga", "e164": OLGA, "numberClass": "sitter", "status": "active"},
                {"id": "n-pool", "e164": POOL, "numberClass": "pool", "status": "active",
                 "poolType": "rotating"},
                {"id": "n-old", "e164": OLD, "numberClass": "pool", "status": "disabled"},
            ],
            orgId=ORG,
        ),
        "SitterMaskedNumber": [
            {"id": "a-1", "sitterId": "s-maya", "messageNumberId": "n-maya", "status": "active"},
            {"id": "a-2", "sitterId": "s-olga", "messageNumberId": "n-olga",
             "status": "deactivated", "deactivatedAt": "2026-01-01 08:00"},
        ],
        "MessageThread": of(
            [
                {"id": "t-1", "clientId": "c-ann", "assignedSitterId": "s-olga",
                 "messageNumberId": "n-olga", "createdAt": "2025-03-01 08:00"},
                {"id": "t-2", "clientId": "c-ann", "assignedSitterId": "s-maya",
                 "messageNumberId": "n-maya", "createdAt": "2025-09-01 08:00"},
                {"id": "t-3", "clientId": "c-ann", "messageNumberId": "n-pool",
                 "createdAt": "2025-05-01 08:00"},
                {"id": "t-4", "clientId": "c-bob", "messageNumberId": "n-desk",
                 "createdAt": "2026-01-01 08:00"},
            ],
            orgId=ORG,
            status="open",
        ),
        "Booking": of(
            [
                {"id": "b-1", "clientId": "c-ann", "sitterId": "s-maya", "status": "confirmed",
                 "startAt": "2026-02-14 14:00", "endAt": "2026-02-14 16:00"},
                {"id": "b-2", "clientId": "c-ann", "sitterId": "s-olga", "status": "completed",
                 "startAt": "2025-03-02 14:00", "endAt": "2025-03-02 16:00"},
                {"id": "b-3", "clientId": "c-bob", "sitterId": "s-maya", "status": "pending",
                 "startAt": "2026-03-01 14:00", "endAt": "2026-03-01 16:00"},
                {"id": "b-4", "clientId": "c-bob", "sitterId": None, "status": "cancelled",
                 "startAt": "2026-03-02 14:00", "endAt": "2026-03-02 16:00"},
            ],
            orgId=ORG,
        ),
        "AssignmentWindow": [
            {"id": "w-1", "threadId": "t-2", "sitterId": "s-maya", "bookingId": "b-1",
             "startAt": "2026-02-14 14:00", "endAt": "2026-02-14 16:00", "status": "active"},
            {"id": "w-2", "threadId": "t-1", "sitterId": "s-olga", "bookingId": "b-2",
             "startAt": "2025-03-02 14:00", "endAt": "2025-03-02 16:00", "status": "expired"},
            {"id": "w-4", "threadId": "t-4", "sitterId": "s-maya", "bookingId": "b-4",
             "startAt": "2026-03-02 14:00", "endAt": "2026-03-02 16:00", "status": "closed"},
        ],
        "MessageEvent": of(
            [
                {"id": "m-1", "threadId": "t-1", "direction": "inbound", "actorType": "client",
                 "body": "Hello?", "createdAt": "2025-03-01 08:00:01.250",
                 "deliveryStatus": "received", "providerMessageSid": sid(1)},
                {"id": "m-2", "threadId": "t-1", "direction": "outbound", "actorType": "sitter",
                 "body": "Rex is fine", "createdAt": "2025-03-02 14:10",
                 "deliveryStatus": "delivered", "providerMessageSid": sid(2)},
                {"id": "m-3", "threadId": "t-3", "direction": "outbound", "actorType": "owner",
                 "body": "Your invoice", "createdAt": "2025-05-01 08:00",
                 "deliveryStatus": "failed", "failureCode": "30007", "failureDetail": "filtered",
                 "providerMessageSid": sid(3)},
                {"id": "m-4", "threadId": "t-2", "direction": "outbound", "actorType": "sitter",
                 "body": "On my way", "createdAt": "2026-02-14 14:05",
                 "deliveryStatus": "queued", "providerMessageSid": sid(4)},
                {"id": "m-5", "threadId": "t-4", "direction": "outbound", "actorType": "system",
                 "body": "Welcome, Bob", "createdAt": "2026-01-01 08:00",
                 "deliveryStatus": "delivered", "providerMessageSid": None},
                {"id": "m-6", "threadId": "t-4", "direction": "outbound", "actorType": "system",
                 "body": "Never sent", "createdAt": "2026-01-02 08:00",
                 "deliveryStatus": "queued", "providerMessageSid": None},
            ],
            orgId=ORG,
        ),
        "OptOutState": of(
            [
                {"id": "o-1", "phone": "+12125550103", "state": "opted_out",
                 "updatedAt": "2026-01-03 08:00"},
                {"id": "o-2", "phone": "+12125550101", "state": "opted_in",
                 "updatedAt": "2026-01-03 08:00"},
                {"id": "o-3", "phone": "+12125550177", "state": "OPTED_OUT",
                 "updatedAt": "2026-01-03 08:00"},
            ],
            orgId=ORG,
        ),
    }  # fmt: skip

"""What the newer schema of the old system says elsewhere, moved to where the older one says it.

So the steps of the import read the staged tables in one way. The statements run once, on the staged
copy.
"""

import sqlite3

CLOSED = ("closed", "cancelled", "canceled", "ended", "revoked", "deleted", "inactive", "void")
"""The states of an assignment window that a person ended: no message is routed by it."""
HELD = "lower(coalesce(m.status, 'active')) IN ('active', 'assigned')"
"""Whether a sitter still has a masked number (`m`)."""

_OPEN = f"lower(coalesce(w.status, 'active')) NOT IN {CLOSED!r}"

# The phone that stands with the client is their first one.
_STATEMENTS = (
    """
UPDATE "Client" SET name = trim(coalesce(firstName, '') || ' ' || coalesce(lastName, ''))
WHERE name IS NULL
""",
    """
UPDATE "Sitter" SET name = trim(coalesce(firstName, '') || ' ' || coalesce(lastName, ''))
WHERE name IS NULL
""",
    """
INSERT INTO "ClientContact" (line, clientId, e164, createdAt)
SELECT line, id, phone, '1970-01-01T00:00:00.000000+00:00' FROM "Client" WHERE phone IS NOT NULL
""",
    """
UPDATE "MessageNumber" SET class = 'pool' WHERE class IS NULL AND poolType IS NOT NULL
""",
    f"""
UPDATE "MessageNumber" SET assignedSitterId = (
    SELECT m.sitterId FROM "SitterMaskedNumber" m
    WHERE m.messageNumberId = "MessageNumber".id AND {HELD}
    ORDER BY m.assignedAt DESC, m.rowid LIMIT 1)
WHERE id IN (SELECT messageNumberId FROM "SitterMaskedNumber")
""",
    """
UPDATE "MessageNumber" SET formerSitterId = (
    SELECT m.sitterId FROM "SitterMaskedNumber" m WHERE m.messageNumberId = "MessageNumber".id
    ORDER BY m.deactivatedAt DESC, m.assignedAt DESC, m.rowid LIMIT 1)
WHERE assignedSitterId IS NULL
""",
    """
UPDATE "Thread" SET assumed = 1, numberId = coalesce(
    (SELECT n.id FROM "MessageNumber" n WHERE n.assignedSitterId = "Thread".sitterId LIMIT 1),
    (SELECT n.id FROM "MessageNumber" n
     WHERE n.orgId = "Thread".orgId
       AND lower(replace(n.class, '_', '')) = 'frontdesk' AND lower(n.status) = 'active' LIMIT 1))
WHERE numberId IS NULL AND maskedNumberE164 IS NULL
""",
    """
UPDATE "Thread" SET createdAt = (
    SELECT min(m.createdAt) FROM "Message" m WHERE m.threadId = "Thread".id)
WHERE createdAt IS NULL
""",
    """
UPDATE "AssignmentWindow" SET orgId = coalesce(
    (SELECT t.orgId FROM "Thread" t WHERE t.id = threadId),
    (SELECT b.orgId FROM "Booking" b WHERE b.id = bookingRef))
WHERE orgId IS NULL
""",
    """
UPDATE "Booking" SET clientId = (
    SELECT t.clientId FROM "AssignmentWindow" w JOIN "Thread" t ON t.id = w.threadId
    WHERE w.bookingRef = "Booking".id AND t.clientId IS NOT NULL ORDER BY w.startsAt LIMIT 1)
WHERE clientId IS NULL
""",
    f"""
UPDATE "Booking" SET sitterId = (
    SELECT w.sitterId FROM "AssignmentWindow" w
    WHERE w.bookingRef = "Booking".id AND {_OPEN} ORDER BY w.startsAt LIMIT 1)
WHERE sitterId IS NULL
""",
)

ORG_TABLES = ("Client", "Sitter", "MessageNumber", "Thread", "AssignmentWindow", "Booking",
              "OptOut", "Message")  # fmt: skip
"""The staged tables whose rows name their organisation."""

_WITHOUT_A_ROW = " UNION ".join(
    f'SELECT orgId FROM "{table}" WHERE orgId IS NOT NULL' for table in ORG_TABLES
)


def adapt(staged: sqlite3.Connection) -> None:
    """Bring staged tables of the newer schema into the form of the older one."""
    for statement in _STATEMENTS:
        staged.execute(statement)


def require_orgs(staged: sqlite3.Connection) -> None:
    """Where the old system lists no organisation, let those be organisations that rows name."""
    staged.execute(
        f'INSERT INTO "Organization" (id) SELECT orgId FROM ({_WITHOUT_A_ROW})'
        ' WHERE NOT EXISTS (SELECT 1 FROM "Organization")'
    )


def add_org(staged: sqlite3.Connection, org: str) -> bool:
    """List an organisation that rows name although it is not listed; False if none does."""
    return bool(
        staged.execute(
            f'INSERT INTO "Organization" (id) SELECT orgId FROM ({_WITHOUT_A_ROW})'
            ' WHERE orgId = :org AND orgId NOT IN (SELECT id FROM "Organization")',
            {"org": org},
        ).rowcount
    )

"""Invariants of route overrides: each ends after it began, and at most one holds at each time."""

from petmsg.queries.invariants.invariant import Invariant

OVERRIDES = (
    Invariant(
        name="override_span",
        holds="Each override ends after it began, within its time, and by somebody",
        finding="Override {override} of client {client} {what}",
        sql="""
SELECT o.org_id, o.id AS override, c.ref AS client, 'ends before it began' AS what
FROM route_override o JOIN client c ON c.id = o.client_id
WHERE o.starts_at >= o.until_at
UNION ALL
SELECT o.org_id, o.id, c.ref, 'was ended outside its time'
FROM route_override o JOIN client c ON c.id = o.client_id
WHERE o.ended_at < o.starts_at OR o.ended_at > o.until_at
UNION ALL
SELECT o.org_id, o.id, c.ref, 'has an end or a person who ended it, but not both'
FROM route_override o JOIN client c ON c.id = o.client_id
WHERE (o.ended_at IS NULL) <> (o.ended_by IS NULL)
ORDER BY 2, 4
""",
        command="petmsg route override list --all{org}",
    ),
    Invariant(
        name="one_override_at_a_time",
        holds="At most one override of a client holds at each time",
        finding="Override {override} of client {client} began before the one before it ended",
        sql="""
SELECT o.org_id, o.id AS override, c.ref AS client
FROM (
    SELECT id, org_id, client_id, starts_at,
           max(coalesce(ended_at, until_at)) OVER (
               PARTITION BY client_id ORDER BY starts_at, id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS busy_until
    FROM route_override WHERE ended_at IS NULL OR ended_at > starts_at
) o JOIN client c ON c.id = o.client_id
WHERE o.busy_until > o.starts_at
ORDER BY o.id
""",
        command="petmsg route override list --all{org}",
    ),
    Invariant(
        name="override_in_its_clients_thread",
        holds="Each override is of its client's thread",
        finding="Override {override} of client {client} is of another client's thread",
        sql="""
SELECT o.org_id, o.id AS override, c.ref AS client
FROM route_override o
JOIN thread t ON t.id = o.thread_id
JOIN client c ON c.id = o.client_id
WHERE t.client_id <> o.client_id
ORDER BY o.id
""",
        command="petmsg route override list --all{org}",
    ),
)

"""Invariants of clients, their one thread, bookings and assignment windows."""

from petmsg.queries.invariants.invariant import Invariant

CLIENTS = (
    Invariant(
        name="one_thread_per_client",
        holds="Each client has one thread",
        finding="Client {client} has {threads} threads",
        sql="""
SELECT d.org_id, coalesce(c.ref, '?') AS client, d.threads
FROM (
    SELECT org_id, client_id, count(*) AS threads FROM thread
    GROUP BY org_id, client_id HAVING count(*) > 1
) d
LEFT JOIN client c ON c.id = d.client_id
ORDER BY d.org_id, d.client_id
""",
        command="petmsg thread show {client}{org}",
    ),
    Invariant(
        name="phone_once",
        holds="Each phone belongs to one client of an org",
        finding="A phone of client {client} is stored {times} times among the clients' phones",
        sql="""
SELECT p.org_id, coalesce(c.ref, '?') AS client, d.times
FROM (
    SELECT org_id, e164, count(*) AS times FROM client_phone
    GROUP BY org_id, e164 HAVING count(*) > 1
) d
JOIN client_phone p ON p.org_id = d.org_id AND p.e164 = d.e164
LEFT JOIN client c ON c.id = p.client_id
ORDER BY p.org_id, p.client_id, p.id
""",
        command="petmsg client show {client}{org} --reveal",
    ),
    Invariant(
        name="one_primary_phone",
        holds="Each client has exactly one primary phone",
        finding="Client {client} has {primary_ones} primary phones among {phones}",
        sql="""
SELECT c.org_id, c.ref AS client, count(*) AS phones,
       sum(CASE WHEN p.is_primary THEN 1 ELSE 0 END) AS primary_ones
FROM client_phone p
JOIN client c ON c.id = p.client_id
GROUP BY c.org_id, c.id, c.ref
HAVING sum(CASE WHEN p.is_primary THEN 1 ELSE 0 END) <> 1
ORDER BY c.id
""",
        command="petmsg client phone primary {client}{org} E164",
    ),
    Invariant(
        name="forgotten_wholly",
        holds="No personal data of erased clients is left",
        finding="Client {client} was not erased completely: {what}",
        sql="""
SELECT org_id, ref AS client, 'they have no name but were not erased' AS what FROM client
WHERE forgotten_at IS NULL AND name IS NULL
UNION
SELECT org_id, ref, 'their name or timezone is still stored' FROM client
WHERE forgotten_at IS NOT NULL AND (name IS NOT NULL OR timezone IS NOT NULL)
UNION
SELECT c.org_id, c.ref, 'a phone is still stored'
FROM client_phone p JOIN client c ON c.id = p.client_id
WHERE c.forgotten_at IS NOT NULL
UNION
SELECT c.org_id, c.ref, 'a message is still stored or queued'
FROM message m JOIN client c ON c.id = m.client_id
WHERE c.forgotten_at IS NOT NULL AND (
    m.body IS NOT NULL
    OR (m.direction = 'outbound' AND m.to_e164 IS NOT NULL)
    OR (m.direction = 'inbound' AND m.from_e164 IS NOT NULL)
    OR m.status IN ('queued', 'held', 'sending', 'unknown'))
UNION
SELECT c.org_id, c.ref, 'the phone of a call is still stored'
FROM call l JOIN client c ON c.id = l.client_id
WHERE c.forgotten_at IS NOT NULL AND l.caller <> 'sitter' AND l.from_phone IS NOT NULL
UNION
SELECT c.org_id, c.ref, 'the reason of an override is still stored'
FROM route_override o JOIN client c ON c.id = o.client_id
WHERE c.forgotten_at IS NOT NULL AND o.reason <> '(erased)'
ORDER BY 1, 2, 3
""",
        command="petmsg client show {client}{org}",
    ),
)


def _windows_unlike_their_bookings(lead: str) -> str:
    """The statement with `lead`, the minutes from the window's start to the booking's.

    A booking without a lead time of its own has the org's of its last confirmation: today's, or any
    if the org's was changed. The small tolerance is for the rounding of SQLite's days.
    """
    return f"""
SELECT f.org_id, f.booking,
       CASE WHEN f.lead < f.least OR f.lead > f.most THEN 'start'
            WHEN f.booked_until > f.ends_at THEN 'end' ELSE 'sitter' END AS what
FROM (
    SELECT w.id, w.org_id, b.ref AS booking, w.booked_until, b.ends_at,
           coalesce(w.sitter_id, 0) AS sitter_id, coalesce(b.sitter_id, 0) AS booked_sitter_id,
           {lead} AS lead,
           coalesce(b.lead_minutes, CASE WHEN c.org_id IS NULL THEN o.lead_minutes ELSE 0 END)
             - 0.005 AS least,
           coalesce(b.lead_minutes, CASE WHEN c.org_id IS NULL THEN o.lead_minutes ELSE 10080 END)
             + 0.005 AS most
    FROM assignment_window w
    JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
    LEFT JOIN org o ON o.id = w.org_id
    LEFT JOIN (
        SELECT org_id FROM audit_event
        WHERE event = 'org.updated' AND payload LIKE '%"lead_minutes"%' GROUP BY org_id
    ) c ON c.org_id = w.org_id
) f
WHERE f.lead < f.least OR f.lead > f.most OR f.booked_until > f.ends_at
   OR f.sitter_id <> f.booked_sitter_id
ORDER BY f.id
"""


BOOKINGS = (
    Invariant(
        name="booking_ends_after_its_start",
        holds="Each booking ends after it starts, and its lead time is in range",
        finding="Booking {booking} {what}",
        sql="""
SELECT org_id, ref AS booking,
       CASE WHEN starts_at < ends_at THEN 'has a lead time that is out of range'
            ELSE 'does not end after it starts' END AS what
FROM booking WHERE NOT starts_at < ends_at OR lead_minutes NOT BETWEEN 0 AND 10080
ORDER BY id
""",
        command="petmsg booking reschedule {booking}{org} --start T --end T",
    ),
    Invariant(
        name="window_ends_after_its_start",
        holds="Each window ends after it starts, and its grace period after that",
        finding="The window of booking {booking} does not end after it starts",
        sql="""
SELECT w.org_id, coalesce(b.ref, '?') AS booking
FROM assignment_window w
LEFT JOIN booking b ON b.id = w.booking_id
WHERE NOT (w.starts_at < w.booked_until AND w.booked_until <= w.ends_at)
   OR w.booked_until <= b.starts_at
ORDER BY w.id
""",
        command="petmsg booking confirm {booking}{org}",
    ),
    Invariant(
        name="one_window_per_booking",
        holds="Each booking has at most one window",
        finding="Booking {booking} has {windows} windows",
        sql="""
SELECT d.org_id, coalesce(b.ref, '?') AS booking, d.windows
FROM (
    SELECT org_id, booking_id, count(*) AS windows FROM assignment_window
    GROUP BY org_id, booking_id HAVING count(*) > 1
) d
LEFT JOIN booking b ON b.id = d.booking_id
ORDER BY d.org_id, d.booking_id
""",
        command="petmsg booking show {booking}{org}",
    ),
    Invariant(
        name="window_in_its_clients_thread",
        holds="Each window is in the thread of its booking's client",
        finding="The window of booking {booking} is in the thread of another client",
        sql="""
SELECT w.org_id, b.ref AS booking
FROM assignment_window w
JOIN booking b ON b.id = w.booking_id
JOIN thread t ON t.id = w.thread_id
WHERE t.client_id <> b.client_id OR w.client_id <> b.client_id
ORDER BY w.id
""",
        command="petmsg booking show {booking}{org}",
    ),
    Invariant(
        name="confirmed_has_a_window",
        holds="Each confirmed booking has a window",
        finding="Booking {booking} is confirmed but has no window",
        sql="""
SELECT b.org_id, b.ref AS booking
FROM booking b
LEFT JOIN assignment_window w ON w.booking_id = b.id
WHERE b.status = 'confirmed' AND w.booking_id IS NULL
ORDER BY b.id
""",
        command="petmsg booking confirm {booking}{org}",
    ),
    Invariant(
        name="pending_has_no_window",
        holds="No pending booking has a window",
        finding="Booking {booking} is pending but has a window",
        sql="""
SELECT b.org_id, b.ref AS booking
FROM booking b
JOIN assignment_window w ON w.booking_id = b.id
WHERE b.status = 'pending'
ORDER BY b.id
""",
        command="petmsg booking show {booking}{org}",
    ),
    Invariant(
        name="window_follows_its_booking",
        holds="Each window has its booking's times, lead time and sitter",
        finding="The window of booking {booking} has a different {what} than the booking",
        sql=_windows_unlike_their_bookings(
            "(julianday(b.starts_at) - julianday(w.starts_at)) * 1440"
        ),
        on_postgres=_windows_unlike_their_bookings(
            "EXTRACT(EPOCH FROM b.starts_at - w.starts_at) / 60"
        ),
        command="petmsg booking confirm {booking}{org}",
    ),
    Invariant(
        name="leaver_has_no_window",
        holds="No current or future window belongs to an offboarded sitter",
        finding="The window of booking {booking} belongs to sitter {sitter}, who is offboarded",
        sql="""
SELECT w.org_id, b.ref AS booking, s.ref AS sitter
FROM assignment_window w
JOIN booking b ON b.id = w.booking_id
JOIN sitter s ON s.id = w.sitter_id
WHERE s.status = 'offboarded' AND b.status = 'confirmed' AND w.ends_at > :now
ORDER BY w.starts_at, w.id
""",
        command="petmsg booking reassign {booking} SITTER{org}",
    ),
)

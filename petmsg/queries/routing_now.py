"""The statements of `petmsg.queries.routing` for the present and the future.

Constants are literals: with bound ones SQLite prepares the query of a partial index each time.
"""

# At most one: an override ends the one before it. One that was ended holds until then.
OVERRIDE = """
SELECT 2, NULL, NULL, o.starts_at, NULL, coalesce(o.ended_at, o.until_at), NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM route_override o
WHERE o.client_id = :client_id AND o.until_at > :at AND o.starts_at <= :at
  AND (o.ended_at IS NULL OR o.ended_at > :at)
"""

OPEN_WINDOW = """thread t
JOIN assignment_window w ON w.thread_id = t.id
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'"""
IT_IS_OPEN = """t.org_id = :org_id AND t.client_id = :client_id
  AND w.ends_at > :at AND w.starts_at <= :at"""
# There may be thousands of pool numbers, and where a window is open it usually decides alone. With
# the row of the org first, SQLite looks for a window once, and not for each number.
WITHOUT_WINDOW = f"""g.id = :org_id
  AND NOT EXISTS (SELECT 1 FROM {OPEN_WINDOW} WHERE {IT_IS_OPEN})"""

# Columns: kind, then for a window: booking id, booking, starts, booked until, ends, sitter, name,
# is active; for all: number id, e164, class, status, quarantined until; for a pool number: last
# used, own threads, whether it is the thread's own; whether the number can send pictures; last,
# for a window, from when it is booked. An override has its start and end where a window has them.
_NUMBER_NOW = """1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       n.id, n.e164, n.class, n.status, n.quarantined_until, n.last_used_at,
       CASE WHEN :pool_limit > 0 THEN (
           SELECT count(*) FROM (
               SELECT 1 FROM thread o WHERE o.pool_number_id = n.id LIMIT :pool_limit
           ) counted
       ) ELSE 0 END,
       CASE WHEN n.class = 'pool' AND n.id = (
           SELECT t.pool_number_id FROM thread t
           WHERE t.org_id = :org_id AND t.client_id = :client_id
       ) THEN 1 ELSE 0 END, n.mms, NULL"""
LENT_POOL = "org_id = :org_id AND class = 'pool' AND status IN ('active', 'quarantined')"
_LENT = """org_id = :org_id AND class IN ('pool', 'front_desk')
     AND status IN ('active', 'quarantined')"""
# Of thousands of pool numbers those that rule 2 looks at first, the thread's own, and the two that
# come first and last by their digits: those of several countries are not all of one then.
FIRST_LENT = f"""SELECT id FROM (
        SELECT id FROM message_number WHERE {LENT_POOL} AND last_used_at IS NULL
        ORDER BY last_used_at, id LIMIT :most
    ) never_used
    UNION ALL SELECT id FROM (
        SELECT id FROM message_number WHERE {LENT_POOL} AND last_used_at IS NOT NULL
        ORDER BY last_used_at, id LIMIT :most
    ) used
    UNION ALL SELECT id FROM message_number
    WHERE org_id = :org_id AND class = 'front_desk' AND status IN ('active', 'quarantined')
    UNION ALL SELECT id FROM (
        SELECT id FROM message_number WHERE {_LENT} ORDER BY e164 LIMIT 1
    ) lowest
    UNION ALL SELECT id FROM (
        SELECT id FROM message_number WHERE {_LENT} ORDER BY e164 DESC LIMIT 1
    ) highest"""
IS_LENT = "n.class IN ('pool', 'front_desk') AND n.status IN ('active', 'quarantined')"
_SHARED_NOW = f"""n.id IN (
    {FIRST_LENT}
    UNION ALL SELECT pool_number_id FROM thread
    WHERE org_id = :org_id AND client_id = :client_id
  )
  AND {IS_LENT}"""

NUMBERS_NOW = f"SELECT {_NUMBER_NOW} FROM message_number n WHERE {_SHARED_NOW}"
NOW = f"""
SELECT 0, b.id, b.ref, w.starts_at, w.booked_until, w.ends_at, s.ref, s.name,
       CASE WHEN s.status = 'active' THEN 1 ELSE 0 END,
       n.id, n.e164, n.class, n.status, n.quarantined_until, n.last_used_at, 0, 0, n.mms,
       b.starts_at
FROM {OPEN_WINDOW}
LEFT JOIN sitter s ON s.id = w.sitter_id
LEFT JOIN message_number n ON n.sitter_id = w.sitter_id
WHERE {IT_IS_OPEN}
UNION ALL
SELECT {_NUMBER_NOW}
FROM org g CROSS JOIN message_number n
WHERE {WITHOUT_WINDOW} AND {_SHARED_NOW}
UNION ALL
{OVERRIDE}"""

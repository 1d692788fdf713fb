"""The statements of `petmsg.queries.routing` for the past.

They read the number ledger, the periods of activity and the attempts to send as they were; every
attempt used its number, whatever its outcome was.
"""

from petmsg.queries.routing_now import IT_IS_OPEN, LENT_POOL, OPEN_WINDOW, OVERRIDE, WITHOUT_WINDOW

_AT_THAT_TIME = """c.org_id = :org_id AND c.from_at = (
    SELECT max(l.from_at) FROM number_custody l
    WHERE l.number_id = c.number_id AND l.from_at <= :at
)"""
_OWN_PAST = """SELECT a.number_id FROM message_attempt a
           JOIN thread t ON t.id = a.thread_id
           WHERE t.org_id = :org_id AND t.client_id = :client_id
             AND a.claimed_at <= :at AND a.rule = 'pool'
           ORDER BY a.claimed_at DESC, a.id DESC LIMIT 1"""
_NUMBER_PAST = f"""1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       n.id, n.e164, c.class, c.status, c.quarantined_until,
       (SELECT max(a.claimed_at) FROM message_attempt a
        WHERE a.number_id = n.id AND a.claimed_at <= :at),
       CASE WHEN :pool_limit > 0 THEN (
           SELECT count(*) FROM thread o WHERE o.org_id = :org_id AND n.id = (
               SELECT a.number_id FROM message_attempt a
               WHERE a.thread_id = o.id AND a.claimed_at <= :at AND a.rule = 'pool'
               ORDER BY a.claimed_at DESC, a.id DESC LIMIT 1
           )
       ) ELSE 0 END,
       CASE WHEN n.id = (
           {_OWN_PAST}
       ) THEN 1 ELSE 0 END, n.mms, NULL"""
_ITS_ROW = """(
    SELECT max(l.from_at) FROM number_custody l
    WHERE l.number_id = n.id AND l.from_at <= :at
)"""
_WAS_LENT = f"""number_custody c ON c.number_id = n.id AND c.from_at = {_ITS_ROW}
     AND c.class IN ('pool', 'front_desk') AND c.status IN ('active', 'quarantined')"""
_WAS_POOL = f"""SELECT n.id FROM message_number n JOIN {_WAS_LENT} AND c.class = 'pool'
        WHERE n.org_id = :org_id AND n.class = 'pool' AND n.status IN ('active', 'quarantined')"""
# Their last use of today says nothing of the past, or they may have been the pool's then.
IMPORTED_OR_ELSEWHERE = """SELECT id FROM message_number
    WHERE org_id = :org_id AND last_used_at < created_at
    UNION ALL SELECT id FROM message_number
    WHERE org_id = :org_id AND class IN ('sitter', 'front_desk')
    UNION ALL SELECT id FROM message_number
    WHERE org_id = :org_id AND class = 'pool' AND status = 'retired'
    UNION ALL SELECT number_id FROM number_custody
    WHERE org_id = :org_id AND class = 'front_desk'"""
# A number that was not used since has today's last use. Those that were, those that the pool has
# lost or got since, and those whose last use is no attempt of ours but came with an import are all
# read.
_SHARED_PAST = f"""n.id IN (
    SELECT id FROM (
        {_WAS_POOL} AND n.last_used_at IS NULL ORDER BY n.last_used_at, n.id LIMIT :most
    ) never_used
    UNION ALL SELECT id FROM (
        {_WAS_POOL} AND n.last_used_at <= :at ORDER BY n.last_used_at, n.id LIMIT :most
    ) used
    UNION ALL SELECT id FROM message_number WHERE {LENT_POOL} AND last_used_at > :at
    UNION ALL {IMPORTED_OR_ELSEWHERE}
    UNION ALL SELECT * FROM ({_OWN_PAST}) own
    UNION ALL SELECT id FROM (
        SELECT n.id FROM message_number n JOIN {_WAS_LENT}
        WHERE n.org_id = :org_id AND n.class IN ('pool', 'front_desk')
          AND n.status IN ('active', 'quarantined')
        ORDER BY n.e164 LIMIT 1
    ) lowest
    UNION ALL SELECT id FROM (
        SELECT n.id FROM message_number n JOIN {_WAS_LENT}
        WHERE n.org_id = :org_id AND n.class IN ('pool', 'front_desk')
          AND n.status IN ('active', 'quarantined')
        ORDER BY n.e164 DESC LIMIT 1
    ) highest
  )
  AND c.number_id = n.id AND c.from_at = {_ITS_ROW}
  AND c.class IN ('pool', 'front_desk') AND c.status IN ('active', 'quarantined')"""

NUMBERS_PAST = f"""
SELECT {_NUMBER_PAST} FROM message_number n CROSS JOIN number_custody c WHERE {_SHARED_PAST}"""
PAST = f"""
SELECT 0, b.id, b.ref, w.starts_at, w.booked_until, w.ends_at, s.ref, s.name,
       CASE WHEN EXISTS (
           SELECT 1 FROM sitter_activity a WHERE a.sitter_id = w.sitter_id
             AND a.activated_at <= :at AND (a.offboarded_at IS NULL OR a.offboarded_at > :at)
       ) THEN 1 ELSE 0 END,
       n.id, n.e164, c.class, c.status, c.quarantined_until, n.last_used_at, 0, 0, n.mms,
       b.starts_at
FROM {OPEN_WINDOW}
LEFT JOIN sitter s ON s.id = w.sitter_id
LEFT JOIN number_custody c ON c.sitter_id = w.sitter_id AND {_AT_THAT_TIME}
LEFT JOIN message_number n ON n.id = c.number_id
WHERE {IT_IS_OPEN}
UNION ALL
SELECT {_NUMBER_PAST}
FROM org g CROSS JOIN message_number n CROSS JOIN number_custody c
WHERE {WITHOUT_WINDOW} AND {_SHARED_PAST}
UNION ALL
{OVERRIDE}"""

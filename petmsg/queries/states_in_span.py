"""The statements of `petmsg.queries.state_intervals`.

Of thousands of pool numbers they read those that can be lent in the span: the own ones of the
client, or of all clients, and the first of the others in the order of rule 2.
"""

from petmsg.queries.routing_now import FIRST_LENT, IS_LENT, LENT_POOL
from petmsg.queries.routing_past import IMPORTED_OR_ELSEWHERE

SITTERS = """
SELECT s.id AS sitter_id, s.ref, s.name, s.status AS sitter_status,
       n.id, n.e164, n.class AS number_class, n.status, n.quarantined_until
FROM sitter s
LEFT JOIN message_number n ON n.sitter_id = s.id
WHERE s.org_id = :org_id
"""

LENT = f"""
SELECT n.id, n.e164, n.class AS number_class, n.status, n.quarantined_until, n.last_used_at,
       CASE WHEN :pool_limit > 0 THEN (
           SELECT count(*) FROM (
               SELECT 1 FROM thread o WHERE o.pool_number_id = n.id LIMIT :pool_limit
           ) counted
       ) ELSE 0 END AS own_threads
FROM message_number n
WHERE n.id IN (
    {FIRST_LENT}
    UNION ALL SELECT pool_number_id FROM thread
    WHERE org_id = :org_id AND client_id >= :first_client_id AND client_id <= :last_client_id
  )
  AND {IS_LENT}
"""

# The first and the last number by their digits: if these are of one country, so are all between.
LOWEST_AND_HIGHEST = """
SELECT e164 FROM (
    SELECT e164 FROM message_number
    WHERE org_id = :org_id AND class IN ('pool', 'front_desk')
      AND status IN ('active', 'quarantined')
    ORDER BY e164 LIMIT 1
) lowest
UNION ALL SELECT e164 FROM (
    SELECT e164 FROM message_number
    WHERE org_id = :org_id AND class IN ('pool', 'front_desk')
      AND status IN ('active', 'quarantined')
    ORDER BY e164 DESC LIMIT 1
) highest
"""

_LENT_ALL_ALONG = f"""{LENT_POOL}
  AND EXISTS (SELECT 1 FROM number_custody c WHERE c.number_id = n.id AND c.from_at <= :since)
  AND NOT EXISTS (
      SELECT 1 FROM number_custody c WHERE c.number_id = n.id AND c.from_at < :until
        AND NOT (c.class = 'pool' AND c.status IN ('active', 'quarantined'))
  )"""
# The last of the first `most` pool numbers that were lent all along and have not been used since
# the span began. No number after it is among the first `most` at any instant of the span.
LAST_NEVER_USED = f"""
SELECT n.id FROM message_number n
WHERE {_LENT_ALL_ALONG} AND n.last_used_at IS NULL
ORDER BY n.last_used_at, n.id LIMIT 1 OFFSET :before
"""
LAST_USED = f"""
SELECT n.last_used_at FROM message_number n
WHERE {_LENT_ALL_ALONG} AND n.last_used_at <= :since
ORDER BY n.last_used_at, n.id LIMIT 1 OFFSET :before
"""

_OWN_BEFORE = """(
    SELECT a.number_id FROM message_attempt a
    WHERE a.thread_id = t.id AND a.claimed_at <= :since AND a.rule = 'pool'
    ORDER BY a.claimed_at DESC, a.id DESC LIMIT 1
)"""
_OF_CLIENTS = """FROM thread t
WHERE t.org_id = :org_id AND t.client_id >= :first_client_id AND t.client_id <= :last_client_id"""
# As in `routing_past`: numbers that were used since, that the pool has lost, and those whose last
# use came with an import are all read, and those that sitters and the front desk had.
_IN_QUESTION = f"""n.id IN (
    SELECT id FROM message_number
    WHERE {LENT_POOL} AND last_used_at IS NULL AND id <= :last_never_used
    UNION ALL SELECT id FROM message_number WHERE {LENT_POOL} AND last_used_at <= :last_used
    UNION ALL SELECT id FROM message_number WHERE {LENT_POOL} AND last_used_at > :since
    UNION ALL {IMPORTED_OR_ELSEWHERE}
    UNION ALL SELECT c.number_id FROM sitter s JOIN number_custody c ON c.sitter_id = s.id
    WHERE s.org_id = :org_id
    UNION ALL SELECT {_OWN_BEFORE} {_OF_CLIENTS}
  )"""

# The row that holds at the start of the span, and those that begin in it.
LEDGER = f"""
SELECT n.id, n.e164, c.from_at, c.class AS number_class, c.status, c.sitter_id, c.quarantined_until
FROM message_number n
JOIN number_custody c ON c.number_id = n.id AND c.from_at < :until AND c.from_at >= coalesce((
    SELECT max(l.from_at) FROM number_custody l
    WHERE l.number_id = n.id AND l.from_at <= :since
), c.from_at)
WHERE {_IN_QUESTION}
ORDER BY c.from_at
"""

ACTIVITY = """
SELECT a.sitter_id, a.activated_at, a.offboarded_at
FROM sitter_activity a
WHERE a.org_id = :org_id AND a.activated_at < :until
  AND (a.offboarded_at IS NULL OR a.offboarded_at > :since)
"""

# Of numbers that were lent at some time: only their use ever counts.
USED_BEFORE = f"""
SELECT n.id, (
    SELECT max(a.claimed_at) FROM message_attempt a
    WHERE a.number_id = n.id AND a.claimed_at <= :since
) AS last_used_at
FROM message_number n
WHERE {_IN_QUESTION}
  AND EXISTS (SELECT 1 FROM number_custody c WHERE c.number_id = n.id AND c.class = 'pool')
"""
USES = f"""
SELECT a.claimed_at, a.number_id, a.thread_id, a.rule
FROM message_number n
JOIN message_attempt a ON a.number_id = n.id AND a.claimed_at > :since AND a.claimed_at < :until
WHERE {_IN_QUESTION}
  AND EXISTS (SELECT 1 FROM number_custody c WHERE c.number_id = n.id AND c.class = 'pool')
ORDER BY a.claimed_at, a.id
"""

# The thread's own pool number at the start of the span.
OWN_BEFORE = f"SELECT t.id AS thread_id, {_OWN_BEFORE} AS number_id {_OF_CLIENTS}"

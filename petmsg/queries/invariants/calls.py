"""Invariants of phone calls, their ends and their entries in the inbox."""

from petmsg.queries.invariants.invariant import Invariant

CALLS = (
    Invariant(
        name="call_agrees",
        holds="The status, the end and the answer of each call agree",
        finding="Call {call} {what}",
        sql="""
SELECT org_id, id AS call, 'is ' || status || ' and its end says otherwise' AS what FROM call
WHERE (status = 'ringing') <> (ended_at IS NULL)
UNION ALL
SELECT org_id, id, 'was answered, but not who answered it' FROM call
WHERE status = 'completed' AND answered_by IS NULL
UNION ALL
SELECT org_id, id, 'was answered without a time, or has the time without an answer' FROM call
WHERE (answered_by IS NULL) <> (answered_at IS NULL)
UNION ALL
SELECT org_id, id, 'was rejected and answered' FROM call
WHERE status = 'rejected' AND answered_by IS NOT NULL
UNION ALL
SELECT org_id, id, 'has a negative length' FROM call
WHERE duration_seconds < 0 OR voicemail_seconds < 0
ORDER BY 2, 3
""",
        command="petmsg call show {call}{org}",
    ),
    Invariant(
        name="call_names_people",
        holds="Each call names the client and the sitter whom it is from or for",
        finding="Call {call} names no {who}",
        sql="""
SELECT org_id, id AS call, 'client' AS who FROM call
WHERE client_id IS NULL AND (caller = 'client' OR answered_by = 'client')
UNION ALL
SELECT org_id, id, 'sitter' FROM call
WHERE sitter_id IS NULL
  AND (caller = 'sitter' OR addressed_to = 'sitter' OR answered_by = 'sitter')
ORDER BY 2, 3
""",
        command="petmsg call show {call}{org}",
    ),
    Invariant(
        name="call_once",
        holds="Each call is stored once, and each entry in the inbox is of one call",
        finding="{times} calls have the same {what}; one is call {call}",
        sql="""
SELECT min(org_id) AS org_id, min(id) AS call, 'ID of the provider' AS what, count(*) AS times
FROM call GROUP BY provider_call_id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), min(id), 'entry in the inbox', count(*) FROM call
WHERE message_id IS NOT NULL GROUP BY message_id HAVING count(*) > 1
ORDER BY 2, 3
""",
        command="petmsg call show {call}{org}",
    ),
    Invariant(
        name="call_in_inbox",
        holds="The entry of a call in the inbox is inbound, of the same client and number",
        finding="Call {call} {what}",
        sql="""
SELECT c.org_id, c.id AS call, 'has message ' || m.id || ', which is outbound' AS what
FROM call c JOIN message m ON m.id = c.message_id WHERE m.direction <> 'inbound'
UNION ALL
SELECT c.org_id, c.id, 'has message ' || m.id || ', which is of another client'
FROM call c JOIN message m ON m.id = c.message_id
WHERE c.caller = 'client' AND coalesce(m.client_id, 0) <> coalesce(c.client_id, 0)
UNION ALL
SELECT c.org_id, c.id, 'has message ' || m.id || ', which is of another call or number'
FROM call c JOIN message m ON m.id = c.message_id
WHERE m.number_id <> c.number_id OR m.provider_message_id <> c.provider_call_id
UNION ALL
SELECT org_id, id, 'was rejected and is in the inbox' FROM call
WHERE status = 'rejected' AND message_id IS NOT NULL
UNION ALL
SELECT org_id, id, 'has a voicemail without an entry in the inbox' FROM call
WHERE voicemail_seconds IS NOT NULL AND message_id IS NULL
UNION ALL
SELECT c.org_id, c.id, 'has a voicemail without a file'
FROM call c LEFT JOIN media f ON f.message_id = c.message_id
WHERE c.voicemail_seconds IS NOT NULL AND c.message_id IS NOT NULL AND f.id IS NULL
ORDER BY 2, 3
""",
        command="petmsg call show {call}{org}",
    ),
)

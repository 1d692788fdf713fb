"""Invariants of inbound messages, the inbox, forwarding, unmatched messages and payments."""

from petmsg.queries.invariants.invariant import Invariant

REPLIES = (
    Invariant(
        name="received_is_addressed",
        holds="Each inbound message has one recipient, outbound ones have none",
        finding="Message {message} is {direction}, and its number of recipients is {rows}",
        sql="""
SELECT m.org_id, m.id AS message, m.direction, coalesce(i.times, 0) AS "rows"
FROM message m
LEFT JOIN (
    SELECT message_id, count(*) AS times FROM inbound_text GROUP BY message_id
) i ON i.message_id = m.id
WHERE coalesce(i.times, 0) <> CASE WHEN m.direction = 'inbound' THEN 1 ELSE 0 END
ORDER BY m.id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="addressee_named",
        holds="Inbound messages name a sitter only if they are for or from one",
        finding="Message {message} is addressed to {addressed_to}, but its sitter says otherwise",
        sql="""
SELECT org_id, message_id AS message, addressed_to FROM inbound_text
WHERE (addressed_to IN ('sitter', 'relay')) <> (sitter_id IS NOT NULL)
ORDER BY message_id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="inbox_agrees",
        holds="Inbox entries have consistent assignees and times",
        finding="Message {message} has an incomplete assignee or end, or ended without waiting",
        sql="""
SELECT org_id, message_id AS message FROM inbound_text
WHERE (claimed_by IS NULL) <> (claimed_at IS NULL) OR (done_by IS NULL) <> (done_at IS NULL)
   OR (done_at IS NOT NULL AND inbox_at IS NULL) OR media_count IS NULL OR media_count < 0
ORDER BY message_id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="nobodys_text_has_its_why",
        holds="Each message outside a thread has a reason",
        finding="Message {message} is outside any thread, and no reason for it is stored",
        sql="""
SELECT m.org_id, m.id AS message
FROM message m LEFT JOIN relay r ON r.message_id = m.id
WHERE m.direction = 'outbound' AND m.thread_id IS NULL AND r.message_id IS NULL
ORDER BY m.id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="relay_fits",
        holds="Each forwarded message is stored once, is about an inbound one and has a sitter",
        finding="Message {message} was forwarded but {what}",
        sql="""
SELECT org_id, message_id AS message, 'has no sitter' AS what FROM relay
WHERE kind IN ('forward', 'reply', 'notice', 'staff') AND sitter_id IS NULL
UNION ALL
SELECT min(org_id), message_id, 'is stored ' || count(*) || ' times' FROM relay
GROUP BY message_id HAVING count(*) > 1
UNION ALL
SELECT r.org_id, r.message_id, 'is not outbound'
FROM relay r JOIN message m ON m.id = r.message_id WHERE m.direction <> 'outbound'
UNION ALL
SELECT r.org_id, r.message_id, 'is about a message that is not inbound'
FROM relay r JOIN message m ON m.id = r.about_id WHERE m.direction <> 'inbound'
ORDER BY 2, 3
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="question_fits",
        holds="Sitters are asked once per message, and closed questions have an outcome",
        finding="The question about message {message} {what}",
        sql="""
SELECT org_id, message_id AS message, 'has an end or an outcome, but not both' AS what
FROM relay_question
WHERE (closed_at IS NULL) <> (outcome IS NULL)
UNION ALL
SELECT min(org_id), message_id, 'is stored ' || count(*) || ' times' FROM relay_question
GROUP BY message_id HAVING count(*) > 1
UNION ALL
SELECT q.org_id, q.message_id, 'is about a message that is not inbound'
FROM relay_question q JOIN message m ON m.id = q.message_id WHERE m.direction <> 'inbound'
ORDER BY 2, 3
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="stray_once",
        holds="Each unmatched message is stored once and becomes at most one message",
        finding="Unmatched message {stray} {what}",
        sql="""
SELECT NULL AS org_id, min(id) AS stray, 'is stored ' || count(*) || ' times' AS what
FROM stray_text GROUP BY provider_message_id HAVING count(*) > 1
UNION ALL
SELECT NULL, id, 'has half of the data of its adoption' FROM stray_text
WHERE (adopted_id IS NULL) <> (adopted_at IS NULL)
UNION ALL
SELECT NULL, id, 'is a call and became a message' FROM stray_text
WHERE is_call AND adopted_id IS NOT NULL
UNION ALL
SELECT NULL, id, 'has an invalid number of pictures' FROM stray_text
WHERE media_count IS NULL OR media_count < 0
UNION ALL
SELECT NULL, t.id, 'became a message that is missing or not inbound'
FROM stray_text t LEFT JOIN message m ON m.id = t.adopted_id
WHERE t.adopted_id IS NOT NULL AND (m.id IS NULL OR m.direction <> 'inbound')
ORDER BY 2, 3
""",
        command="petmsg inbox strays",
    ),
    Invariant(
        name="told_once",
        holds="Payments, poll cursors and automatic replies are stored once",
        finding="{times} rows of {what} have the same key",
        sql="""
SELECT min(org_id) AS org_id, 'stripe_event' AS what, count(*) AS times FROM stripe_event
GROUP BY event_id HAVING count(*) > 1
UNION ALL
SELECT org_id, 'auto_reply', count(*) FROM auto_reply
GROUP BY org_id, phone_key HAVING count(*) > 1
UNION ALL
SELECT NULL, 'pull_mark', count(*) FROM pull_mark
GROUP BY provider, account HAVING count(*) > 1
ORDER BY 2
""",
        command="petmsg db check",
    ),
)

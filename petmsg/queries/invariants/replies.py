"""What holds of texts that came in, the inbox, the relay, strays and payments."""

from petmsg.queries.invariants.invariant import Invariant

REPLIES = (
    Invariant(
        name="received_is_addressed",
        holds="Every text that came in says who is to read it, and no other one does",
        finding="Text {message} is {direction}, and {rows} row(s) say who is to read it",
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
        holds="A text for a sitter, or from one, names her, and no other one does",
        finding="Text {message} is addressed to {addressed_to}, which does not fit its sitter",
        sql="""
SELECT org_id, message_id AS message, addressed_to FROM inbound_text
WHERE (addressed_to IN ('sitter', 'relay')) <> (sitter_id IS NOT NULL)
ORDER BY message_id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="inbox_agrees",
        holds="A text in the inbox says who took it and ended it, and when",
        finding="Text {message} has half of who took it or ended it, or ended without waiting",
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
        holds="A text to nobody's thread says why it was written",
        finding="Text {message} is in nobody's thread, and nothing says why",
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
        holds="What was passed on left once, is about a text that came in, and names its sitter",
        finding="Text {message} was passed on, and {what}",
        sql="""
SELECT org_id, message_id AS message, 'names no sitter' AS what FROM relay
WHERE kind IN ('forward', 'reply', 'notice') AND sitter_id IS NULL
UNION ALL
SELECT min(org_id), message_id, 'stands ' || count(*) || ' times' FROM relay
GROUP BY message_id HAVING count(*) > 1
UNION ALL
SELECT r.org_id, r.message_id, 'did not leave from here'
FROM relay r JOIN message m ON m.id = r.message_id WHERE m.direction <> 'outbound'
UNION ALL
SELECT r.org_id, r.message_id, 'is about a text that did not come in'
FROM relay r JOIN message m ON m.id = r.about_id WHERE m.direction <> 'inbound'
ORDER BY 2, 3
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="question_fits",
        holds="A sitter is asked once about a text, and a closed question says how it ended",
        finding="The question about text {message} {what}",
        sql="""
SELECT org_id, message_id AS message, 'has half of its end' AS what FROM relay_question
WHERE (closed_at IS NULL) <> (outcome IS NULL)
UNION ALL
SELECT min(org_id), message_id, 'stands ' || count(*) || ' times' FROM relay_question
GROUP BY message_id HAVING count(*) > 1
UNION ALL
SELECT q.org_id, q.message_id, 'is about a text that did not come in'
FROM relay_question q JOIN message m ON m.id = q.message_id WHERE m.direction <> 'inbound'
ORDER BY 2, 3
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="stray_once",
        holds="A text to a number that was never ours stands once, and became one text at most",
        finding="Stray {stray} {what}",
        sql="""
SELECT NULL AS org_id, min(id) AS stray, 'stands ' || count(*) || ' times' AS what
FROM stray_text GROUP BY provider_message_id HAVING count(*) > 1
UNION ALL
SELECT NULL, id, 'has half of its adoption' FROM stray_text
WHERE (adopted_id IS NULL) <> (adopted_at IS NULL)
UNION ALL
SELECT NULL, id, 'counts its pictures from below nothing' FROM stray_text
WHERE media_count IS NULL OR media_count < 0
UNION ALL
SELECT NULL, t.id, 'became a text that is not there, or did not come in'
FROM stray_text t LEFT JOIN message m ON m.id = t.adopted_id
WHERE t.adopted_id IS NOT NULL AND (m.id IS NULL OR m.direction <> 'inbound')
ORDER BY 2, 3
""",
        command="petmsg inbox strays",
    ),
    Invariant(
        name="told_once",
        holds="A payment, a provider's mark and an answer's time stand once",
        finding="{times} rows of {what} are about the same",
        sql="""
SELECT min(org_id) AS org_id, 'stripe_event' AS what, count(*) AS times FROM stripe_event
GROUP BY event_id HAVING count(*) > 1
UNION ALL
SELECT org_id, 'auto_reply', count(*) FROM auto_reply
GROUP BY org_id, phone_key HAVING count(*) > 1
UNION ALL
SELECT NULL, 'pull_mark', count(*) FROM pull_mark GROUP BY provider HAVING count(*) > 1
ORDER BY 2
""",
        command="petmsg db check",
    ),
)

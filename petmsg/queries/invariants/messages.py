"""What holds of texts, the tries to send them, opt-outs and alerts."""

from petmsg.queries.invariants.invariant import Invariant

TEXTS = (
    Invariant(
        name="provider_id_once",
        holds="A provider's message id stands once",
        finding="{times} {things} have the same provider's id, text {message} among them",
        sql="""
SELECT m.org_id, m.id AS message, d.times, 'texts' AS things
FROM (
    SELECT provider_message_id, count(*) AS times, min(id) AS first_id FROM message
    WHERE provider_message_id IS NOT NULL GROUP BY provider_message_id HAVING count(*) > 1
) d
JOIN message m ON m.id = d.first_id
UNION ALL
SELECT a.org_id, a.message_id, d.times, 'tries'
FROM (
    SELECT provider_message_id, count(*) AS times, min(id) AS first_id FROM message_attempt
    WHERE provider_message_id IS NOT NULL GROUP BY provider_message_id HAVING count(*) > 1
) d
JOIN message_attempt a ON a.id = d.first_id
ORDER BY 2
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="key_once",
        holds="An idempotency key stands once per org",
        finding="{times} texts have the same key, text {message} among them",
        sql="""
SELECT org_id, min(id) AS message, count(*) AS times FROM message
WHERE idempotency_key IS NOT NULL
GROUP BY org_id, idempotency_key HAVING count(*) > 1
ORDER BY 2
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="one_under_way_per_phone",
        holds="At most one text is under way to a phone",
        finding="{times} texts are under way to the same phone, text {message} among them",
        sql="""
SELECT org_id, min(id) AS message, count(*) AS times FROM message
WHERE direction = 'outbound' AND status IN ('sending', 'unknown')
GROUP BY org_id, to_e164 HAVING count(*) > 1
ORDER BY 2
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="text_in_its_clients_thread",
        holds="A text is in its client's thread, and its tries too",
        finding="Text {message}, or a try of it, is in another client's thread",
        sql="""
SELECT m.org_id, m.id AS message
FROM message m JOIN thread t ON t.id = m.thread_id
WHERE coalesce(m.client_id, 0) <> t.client_id
UNION
SELECT m.org_id, m.id
FROM message_attempt a JOIN message m ON m.id = a.message_id
WHERE coalesce(a.thread_id, 0) <> coalesce(m.thread_id, 0)
   OR (a.thread_id IS NULL) <> (a.rule IS NULL)
ORDER BY 2
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="received_came_in",
        holds="A text that came in is received, and no other one",
        finding="Text {message} is {direction} and {status}",
        sql="""
SELECT org_id, id AS message, direction, status FROM message
WHERE (direction = 'inbound') <> (status = 'received')
ORDER BY id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="sent_with_a_decision",
        holds="A text that was handed over has its number, its Decision and its try",
        finding="Text {message} is {status}, without number, Decision or try",
        sql="""
SELECT org_id, id AS message, status FROM message
WHERE direction = 'outbound' AND status IN ('sending', 'unknown', 'sent', 'delivered',
  'undelivered')
  AND (number_id IS NULL OR decision IS NULL OR claimed_at IS NULL OR attempts < 1)
ORDER BY id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="taken_with_an_id",
        holds="A text that the provider took has its id, and so has the try",
        finding="Text {message} is {status}, and no try of it has its provider's id",
        sql="""
SELECT m.org_id, m.id AS message, m.status
FROM message m
LEFT JOIN message_attempt a ON a.message_id = m.id
     AND a.provider_message_id = m.provider_message_id
WHERE m.status IN ('sent', 'delivered', 'undelivered') AND a.message_id IS NULL
ORDER BY m.id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="tries_counted",
        holds="A text counts its tries, each of which stands once",
        finding="Text {message} counts {attempts} tries, and has {tries}, the last being {last}",
        sql="""
SELECT m.org_id, m.id AS message, m.attempts, coalesce(a.tries, 0) AS tries,
       coalesce(a.last, 0) AS last
FROM message m
LEFT JOIN (
    SELECT message_id, count(*) AS tries, max(attempt) AS last FROM message_attempt
    GROUP BY message_id
) a ON a.message_id = m.id
WHERE m.attempts <> coalesce(a.last, 0) OR coalesce(a.tries, 0) > coalesce(a.last, 0)
ORDER BY m.id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="sent_by_somebody",
        holds="A text that is being sent has its sender and its open try",
        finding="Text {message} is being sent by nobody",
        sql="""
SELECT m.org_id, m.id AS message
FROM message m
LEFT JOIN message_attempt a ON a.message_id = m.id AND a.attempt = m.attempts
     AND a.status = 'sending' AND a.worker = m.worker
WHERE m.status = 'sending' AND a.message_id IS NULL
ORDER BY m.id
""",
        command="petmsg reconcile{org}",
    ),
    Invariant(
        name="waiting_has_its_time",
        holds="A text that waits has its place and its time",
        finding="Text {message} waits without a time, and would never leave",
        sql="""
SELECT org_id, id AS message FROM message
WHERE status = 'queued' AND (send_at IS NULL OR due_at IS NULL)
ORDER BY id
""",
        command="petmsg message cancel {message}{org} --reason 'it would never leave'",
    ),
    Invariant(
        name="waiting_was_not_taken",
        holds="A text that waits was not taken by the provider",
        finding="Text {message} is {status}, and the provider took it: it would leave twice",
        sql="""
SELECT m.org_id, m.id AS message, m.status
FROM message_attempt a
JOIN message m ON m.id = a.message_id
WHERE m.status IN ('queued', 'held') AND a.status IN ('sent', 'delivered')
ORDER BY m.id
""",
        command="petmsg message cancel {message}{org} --reason 'it was sent'",
    ),
    Invariant(
        name="doubt_has_its_time",
        holds="A text in doubt says since when",
        finding="Text {message} is in doubt, and does not say since when",
        sql="""
SELECT org_id, id AS message FROM message
WHERE status = 'unknown' AND in_doubt_at IS NULL
ORDER BY id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="held_was_told",
        holds="A text is held for a person, and somebody was told",
        finding="Text {message} is held, and no alert ever said so",
        sql="""
SELECT m.org_id, m.id AS message
FROM message m
LEFT JOIN alert a ON a.org_id = m.org_id AND a.kind = 'message_held' AND a.entity = 'message'
     AND a.ref = CAST(m.id AS VARCHAR)
WHERE m.status = 'held' AND a.org_id IS NULL
ORDER BY m.id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="alert_once",
        holds="A matter has at most one open alert",
        finding="{times} open alerts {kind} are about {entity} {ref}",
        sql="""
SELECT org_id, kind, entity, ref, count(*) AS times, min(id) AS alert FROM alert
WHERE done_at IS NULL
GROUP BY org_id, kind, entity, ref HAVING count(*) > 1
ORDER BY 6
""",
        command="petmsg alert done {alert}{org}",
    ),
    Invariant(
        name="opt_out_once",
        holds="An opt-out of a phone stands once",
        finding="{times} opt-outs of the same phone stand, {opt_out} among them",
        sql="""
SELECT org_id, count(*) AS times, min(id) AS opt_out FROM opt_out
WHERE ended_at IS NULL
GROUP BY org_id, phone_key HAVING count(*) > 1
ORDER BY 3
""",
        command="petmsg optout list{org}",
    ),
    Invariant(
        name="block_once",
        holds="A block between a number and a phone stands once",
        finding="{times} blocks stand between {number} and the same phone",
        sql="""
SELECT b.org_id, n.e164 AS number, count(*) AS times
FROM blocked_pair b JOIN message_number n ON n.id = b.number_id
GROUP BY b.org_id, n.e164, b.phone_key HAVING count(*) > 1
ORDER BY 2
""",
        command="petmsg number show {number}{org}",
    ),
    Invariant(
        name="sandbox_id_once",
        holds="An id of the sandbox carrier stands once",
        finding="{times} texts of the sandbox carrier have the id {provider_id}",
        sql="""
SELECT NULL AS org_id, provider_message_id AS provider_id, count(*) AS times FROM sandbox_text
GROUP BY provider_message_id HAVING count(*) > 1
ORDER BY 2
""",
    ),
)

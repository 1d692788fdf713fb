"""Invariants of messages, the attempts to send them, opt-outs, blocks and alerts."""

from petmsg.queries.invariants.invariant import Invariant

MESSAGES = (
    Invariant(
        name="provider_id_once",
        holds="Each message id of a provider is stored once",
        finding="{times} {things} have the same provider id; message {message} is one of them",
        sql="""
SELECT m.org_id, m.id AS message, d.times, 'messages' AS things
FROM (
    SELECT provider_message_id, count(*) AS times, min(id) AS first_id FROM message
    WHERE provider_message_id IS NOT NULL GROUP BY provider_message_id HAVING count(*) > 1
) d
JOIN message m ON m.id = d.first_id
UNION ALL
SELECT a.org_id, a.message_id, d.times, 'attempts'
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
        holds="Each idempotency key is used once per org",
        finding="{times} messages have the same key; message {message} is one of them",
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
        holds="At most one message at a time is being sent to a phone",
        finding="{times} messages are being sent to the same phone, including message {message}",
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
        holds="Each message and its attempts are in its client's thread",
        finding="Message {message}, or an attempt of it, is in another client's thread",
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
        holds="Inbound messages are received, outbound ones are not",
        finding="Message {message} is {direction} and has the status {status}",
        sql="""
SELECT org_id, id AS message, direction, status FROM message
WHERE (direction = 'inbound') <> (status = 'received')
ORDER BY id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="sent_with_a_decision",
        holds="Each sent message has a number, a routing decision and an attempt",
        finding="Message {message} is {status} without a number, a routing decision or an attempt",
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
        holds="Each accepted message and its attempt have the provider's id",
        finding="Message {message} is {status}, but no attempt of it has its provider id",
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
        holds="Each message counts its attempts, and each attempt is stored once",
        finding="Message {message} counts {attempts} attempts but has {tries}, the last is {last}",
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
        holds="Each message that is being sent has a sender and an open attempt",
        finding="Message {message} is being sent, but by no process",
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
        holds="Each queued message has a time to be sent",
        finding="Message {message} is queued without a time and would never be sent",
        sql="""
SELECT org_id, id AS message FROM message
WHERE status = 'queued' AND (send_at IS NULL OR due_at IS NULL)
ORDER BY id
""",
        command="petmsg message cancel {message}{org} --reason 'it would never be sent'",
    ),
    Invariant(
        name="waiting_was_not_taken",
        holds="No queued or held message was accepted by the provider",
        finding="Message {message} is {status}, but the provider has it: it would be sent twice",
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
        holds="Each unknown outcome has the time since when it is unknown",
        finding="The outcome of message {message} is unknown, without a time since when",
        sql="""
SELECT org_id, id AS message FROM message
WHERE status = 'unknown' AND in_doubt_at IS NULL
ORDER BY id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="held_was_told",
        holds="Each held message has an alert",
        finding="Message {message} is held, but no alert was raised for it",
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
        name="price_has_its_currency",
        holds="Each price of a message has a currency",
        finding="Message {message} has a price or a currency, but not both",
        sql="""
SELECT org_id, id AS message FROM message
WHERE (price_micros IS NULL) <> (price_currency IS NULL)
ORDER BY id
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="alert_once",
        holds="Each subject has at most one open alert of a kind",
        finding="{entity} {ref} has {times} open alerts of the kind {kind}",
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
        holds="Each phone has at most one active opt-out",
        finding="{times} active opt-outs have the same phone; opt-out {opt_out} is one of them",
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
        holds="Each block between a number and a phone is stored once",
        finding="{times} blocks between {number} and the same phone are stored",
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
        holds="Each message id of the sandbox provider is stored once",
        finding="{times} messages of the sandbox provider have the id {provider_id}",
        sql="""
SELECT NULL AS org_id, provider_message_id AS provider_id, count(*) AS times FROM sandbox_text
GROUP BY provider_message_id HAVING count(*) > 1
ORDER BY 2
""",
    ),
)

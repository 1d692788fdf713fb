"""Invariants of the pictures of messages and of the links to them."""

from petmsg.queries.invariants.invariant import Invariant

MEDIA = (
    Invariant(
        name="media_agrees",
        holds="Each picture has one place in its message, and bytes, a link or neither, as it says",
        finding="Picture {media} of message {message} {what}",
        sql="""
SELECT org_id, id AS media, message_id AS message, 'has an invalid position, size or count of tries'
  AS what
FROM media WHERE position < 0 OR attempts < 0 OR size < 0 OR original_size < 0
UNION ALL
SELECT m.org_id, m.id, m.message_id, 'has the same position as another one'
FROM media m WHERE EXISTS (
  SELECT 1 FROM media o
  WHERE o.message_id = m.message_id AND o.position = m.position AND o.id <> m.id
)
UNION ALL
SELECT org_id, id, message_id, 'is ' || status || ' and its hash says otherwise'
FROM media WHERE (status IN ('stored', 'erasing')) <> (sha256 IS NOT NULL)
UNION ALL
SELECT org_id, id, message_id, 'is ' || status || ' and its address says otherwise'
FROM media WHERE (status = 'linked') <> (url IS NOT NULL)
UNION ALL
SELECT m.org_id, m.id, m.message_id, 'repeats one that was not received'
FROM media m JOIN media s ON s.id = m.source_id JOIN message r ON r.id = s.message_id
WHERE r.direction <> 'inbound'
ORDER BY 2, 4
""",
        command="petmsg media show {media}{org}",
    ),
    Invariant(
        name="media_counted",
        holds="Each outbound message has as many pictures as it says",
        finding="Message {message} says that it has {said} pictures and has {has}",
        sql="""
SELECT m.org_id, m.id AS message, m.media_count AS said,
  (SELECT count(*) FROM media f WHERE f.message_id = m.id) AS has
FROM message m
WHERE m.direction = 'outbound'
  AND m.media_count <> (SELECT count(*) FROM media f WHERE f.message_id = m.id)
ORDER BY 2
""",
        command="petmsg message show {message}{org}",
    ),
    Invariant(
        name="media_link_once",
        holds="Each link to pictures is stored once",
        finding="{times} links have the same token; one is of message {message}",
        sql="""
SELECT org_id, min(message_id) AS message, count(*) AS times FROM media_link
GROUP BY org_id, token_hash HAVING count(*) > 1
ORDER BY 2
""",
        command="petmsg message show {message}{org}",
    ),
)

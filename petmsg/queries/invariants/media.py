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
FROM media m JOIN (
  SELECT message_id, position FROM media GROUP BY message_id, position HAVING count(*) > 1
) o ON o.message_id = m.message_id AND o.position = m.position
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
        name="media_in_order",
        holds="The positions of a message's pictures have no gaps",
        finding="The {has} pictures of message {message} have the positions {first} to {last}",
        sql="""
SELECT min(org_id) AS org_id, message_id AS message, count(DISTINCT position) AS has,
  min(position) AS first, max(position) AS last
FROM media WHERE position >= 0 GROUP BY message_id
HAVING max(position) - min(position) + 1 <> count(DISTINCT position) OR min(position) <> 0
ORDER BY 2
""",
        command="petmsg media list --message {message}{org}",
    ),
    # A message that was received before petmsg stored pictures has a count and no rows.
    Invariant(
        name="media_counted",
        holds="Each message has as many pictures as it says",
        finding="Message {message} says that it has {said} pictures and has {has}",
        sql="""
SELECT m.org_id, m.id AS message, coalesce(f.has, 0) AS has,
  CASE WHEN m.direction = 'outbound' THEN m.media_count ELSE i.media_count END AS said
FROM message m
LEFT JOIN inbound_text i ON i.message_id = m.id AND m.direction = 'inbound'
LEFT JOIN (SELECT message_id, count(*) AS has FROM media GROUP BY message_id) f
  ON f.message_id = m.id
WHERE (m.direction = 'outbound' AND m.media_count <> coalesce(f.has, 0))
   OR (m.direction = 'inbound' AND i.media_count <> f.has)
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

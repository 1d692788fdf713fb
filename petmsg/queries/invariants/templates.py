"""Invariants of message templates and of where messages come from."""

from petmsg.queries.invariants.invariant import Invariant

TEMPLATES = (
    Invariant(
        name="template_agrees",
        holds="Each listed template has a name of its own, and each version a number of its own",
        finding="Template {template} {what}",
        sql="""
SELECT org_id, min(name) AS template, 'is listed ' || count(*) || ' times' AS what FROM template
WHERE removed_at IS NULL GROUP BY org_id, name HAVING count(*) > 1
UNION ALL
SELECT t.org_id, t.name, 'has version ' || v.version || ' more than once'
FROM template t JOIN (
  SELECT template_id, version FROM template_version GROUP BY template_id, version
  HAVING count(*) > 1
) v ON v.template_id = t.id
UNION ALL
SELECT t.org_id, t.name, 'has a version ' || v.version FROM template t
JOIN template_version v ON v.template_id = t.id WHERE v.version < 1
UNION ALL
SELECT t.org_id, t.name, 'has no version' FROM template t
WHERE NOT EXISTS (SELECT 1 FROM template_version v WHERE v.template_id = t.id)
ORDER BY 2, 3
""",
        command="petmsg template list{org}",
    ),
    Invariant(
        name="message_source_agrees",
        holds="A message that is a reply or comes from a template says so once, and of what",
        finding="Message {message} {what}",
        sql="""
SELECT org_id, message_id AS message, 'comes from nowhere' AS what FROM message_source
WHERE reply_to_id IS NULL AND template_version_id IS NULL
UNION ALL
SELECT min(org_id), message_id, 'has more than one source' FROM message_source
GROUP BY message_id HAVING count(*) > 1
UNION ALL
SELECT o.org_id, o.message_id, 'answers a message that was not received'
FROM message_source o JOIN message r ON r.id = o.reply_to_id WHERE r.direction <> 'inbound'
UNION ALL
SELECT o.org_id, o.message_id, 'was received, and yet has a source'
FROM message_source o JOIN message m ON m.id = o.message_id WHERE m.direction <> 'outbound'
ORDER BY 2, 3
""",
        command="petmsg message show {message}{org}",
    ),
)

"""Invariants of orgs and their settings, and of the refs and ids in all tables."""

from petmsg.queries.invariants.invariant import Invariant

ORGS = (
    Invariant(
        name="ref_once",
        holds="Each ref is used once per org and noun, each slug once",
        finding="{times} {noun}s have the ref {ref}",
        sql="""
SELECT org_id, 'client' AS noun, ref, count(*) AS times FROM client
GROUP BY org_id, ref HAVING count(*) > 1
UNION ALL
SELECT org_id, 'sitter', ref, count(*) FROM sitter GROUP BY org_id, ref HAVING count(*) > 1
UNION ALL
SELECT org_id, 'booking', ref, count(*) FROM booking GROUP BY org_id, ref HAVING count(*) > 1
UNION ALL
SELECT min(id), 'org', slug, count(*) FROM org GROUP BY slug HAVING count(*) > 1
ORDER BY 1, 2, 3
""",
        command="petmsg {noun} list{org}",
    ),
    Invariant(
        name="settings_in_range",
        holds="All settings of the orgs are in range",
        finding="A setting of org {slug} is out of range: {what}",
        sql="""
SELECT id AS org_id, slug, 'grace_minutes' AS what FROM org
WHERE grace_minutes IS NULL OR grace_minutes NOT BETWEEN 0 AND 10080
UNION ALL
SELECT id, slug, 'lead_minutes' FROM org
WHERE lead_minutes IS NULL OR lead_minutes NOT BETWEEN 0 AND 10080
UNION ALL
SELECT id, slug, 'unanswered_minutes' FROM org WHERE unanswered_minutes NOT BETWEEN 1 AND 10080
UNION ALL
SELECT id, slug, 'country' FROM org WHERE length(country) <> 2 OR country <> upper(country)
UNION ALL
SELECT id, slug, 'twilio_account' FROM org WHERE twilio_account = ''
UNION ALL
SELECT id, slug, 'ring_seconds' FROM org
WHERE ring_seconds IS NULL OR ring_seconds NOT BETWEEN 5 AND 60
UNION ALL
SELECT id, slug, 'calls_per_hour' FROM org
WHERE calls_per_hour IS NULL OR calls_per_hour NOT BETWEEN 1 AND 1000
UNION ALL
SELECT o.id, o.slug, 'desk_phone is one of the masked numbers'
FROM org o JOIN message_number n ON n.e164 = o.desk_phone
UNION ALL
SELECT id, slug, 'quarantine_days' FROM org
WHERE quarantine_days IS NULL OR quarantine_days NOT BETWEEN 1 AND 3650
UNION ALL
SELECT id, slug, 'pool_threads_per_number' FROM org WHERE pool_threads_per_number < 1
UNION ALL
SELECT id, slug, 'quiet_hours' FROM org
WHERE (quiet_from_minute IS NULL) <> (quiet_until_minute IS NULL)
   OR quiet_from_minute NOT BETWEEN 0 AND 1439 OR quiet_until_minute NOT BETWEEN 0 AND 1439
   OR quiet_from_minute = quiet_until_minute
UNION ALL
SELECT id, slug, 'office_hours' FROM org
WHERE (open_from_minute IS NULL) <> (open_until_minute IS NULL)
   OR open_from_minute NOT BETWEEN 0 AND 1439 OR open_until_minute NOT BETWEEN 0 AND 1439
   OR open_from_minute = open_until_minute
UNION ALL
SELECT id, slug, 'freeze' FROM org
WHERE (frozen_at IS NULL) <> (freeze_reason IS NULL)
   OR (frozen_until IS NOT NULL AND frozen_at IS NULL)
UNION ALL
SELECT n.org_id, o.slug, 'segments_per_second of ' || n.e164
FROM message_number n JOIN org o ON o.id = n.org_id
WHERE NOT (n.segments_per_second > 0 AND n.segments_per_second <= 1000)
ORDER BY 1, 3
""",
        command="petmsg org show{org}",
    ),
    Invariant(
        name="id_once",
        holds="Each id is used once in its table",
        finding="{times} rows of the table for {noun} have the id {id}",
        sql="""
SELECT min(id) AS org_id, 'org' AS noun, id, count(*) AS times FROM org
GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'client', id, count(*) FROM client GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'sitter', id, count(*) FROM sitter GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'number', id, count(*) FROM message_number GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'thread', id, count(*) FROM thread GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'booking', id, count(*) FROM booking GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'message', id, count(*) FROM message GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'call', id, count(*) FROM call GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'picture', id, count(*) FROM media GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'channel', id, count(*) FROM notify_channel GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'template', id, count(*) FROM template GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'template version', id, count(*) FROM template_version
GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'purchase', id, count(*) FROM number_purchase GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'header map', id, count(*) FROM import_map GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'question', id, count(*) FROM relay_question GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT NULL, 'stray', id, count(*) FROM stray_text GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT min(org_id), 'audit checkpoint', org_id, count(*) FROM audit_head
GROUP BY org_id HAVING count(*) > 1
ORDER BY 2, 3
""",
    ),
)

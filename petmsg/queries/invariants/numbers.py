"""Invariants of masked numbers, the sitters who hold them, and the number ledger."""

from petmsg.queries.invariants.invariant import Invariant

NUMBERS = (
    Invariant(
        name="number_once",
        holds="Each number is stored once across all orgs",
        finding="The number {number} is stored {times} times",
        sql="""
SELECT n.org_id, n.e164 AS number, d.times
FROM (SELECT e164, count(*) AS times FROM message_number GROUP BY e164 HAVING count(*) > 1) d
JOIN message_number n ON n.e164 = d.e164
ORDER BY n.e164, n.id
""",
        command="petmsg number show {number}{org}",
    ),
    Invariant(
        name="one_number_per_sitter",
        holds="Each sitter holds at most one number",
        finding="Sitter {sitter} holds {held} numbers; {number} is the latest of them",
        sql="""
SELECT n.org_id, s.ref AS sitter, d.held, n.e164 AS number
FROM (
    SELECT sitter_id, count(*) AS held, max(id) AS last_id FROM message_number
    WHERE sitter_id IS NOT NULL GROUP BY sitter_id HAVING count(*) > 1
) d
JOIN message_number n ON n.id = d.last_id
LEFT JOIN sitter s ON s.id = d.sitter_id
ORDER BY n.id
""",
        command="petmsg number retire {number}{org}",
    ),
    Invariant(
        name="held_class",
        holds="Only numbers of the class sitter are held by sitters",
        finding="{number} is a {class} number, but sitter {sitter} holds it",
        sql="""
SELECT n.org_id, n.e164 AS number, n.class, s.ref AS sitter
FROM message_number n
LEFT JOIN sitter s ON s.id = n.sitter_id
WHERE n.sitter_id IS NOT NULL AND n.class <> 'sitter'
ORDER BY n.id
""",
        command="petmsg sitter renumber {sitter}{org} --reason '…'",
    ),
    Invariant(
        name="held_not_retired",
        holds="No sitter holds a retired number",
        finding="{number} is retired, but sitter {sitter} holds it",
        sql="""
SELECT n.org_id, n.e164 AS number, s.ref AS sitter
FROM message_number n
LEFT JOIN sitter s ON s.id = n.sitter_id
WHERE n.sitter_id IS NOT NULL AND n.status = 'retired'
ORDER BY n.id
""",
        command="petmsg number show {number}{org}",
    ),
    Invariant(
        name="number_of_one_sitter",
        holds="Each sitter number was assigned to one sitter only",
        finding="{number} was assigned to more than one sitter",
        sql="""
SELECT n.org_id, n.e164 AS number
FROM message_number n
LEFT JOIN (
    SELECT number_id, min(sitter_id) AS first_id, max(sitter_id) AS last_id FROM number_custody
    WHERE sitter_id IS NOT NULL GROUP BY number_id
) c ON c.number_id = n.id
WHERE c.first_id <> c.last_id OR c.first_id <> n.first_sitter_id
   OR (c.first_id IS NOT NULL AND n.first_sitter_id IS NULL)
   OR (n.sitter_id IS NOT NULL AND (n.first_sitter_id IS NULL OR n.first_sitter_id <> n.sitter_id))
ORDER BY n.id
""",
        command="petmsg number history {number}{org}",
    ),
    Invariant(
        name="one_front_desk",
        holds="Each org has at most one active front desk number",
        finding="{number} and {first} are both active front desk numbers",
        sql="""
SELECT n.org_id, n.e164 AS number, f.e164 AS first
FROM (
    SELECT org_id, min(id) AS first_id FROM message_number
    WHERE class = 'front_desk' AND status = 'active' GROUP BY org_id HAVING count(*) > 1
) d
JOIN message_number f ON f.id = d.first_id
JOIN message_number n ON n.org_id = d.org_id AND n.id <> d.first_id
     AND n.class = 'front_desk' AND n.status = 'active'
ORDER BY n.id
""",
        command="petmsg number quarantine {number} --replacement {first}{org}"
        " --reason 'a second front desk'",
    ),
    Invariant(
        name="quarantine_has_its_terms",
        holds="Each quarantine has a reason and an end",
        finding="{number} is quarantined without {lacks}",
        sql="""
SELECT org_id, e164 AS number,
       CASE WHEN quarantined_until IS NULL THEN 'an end' ELSE 'a reason' END AS lacks
FROM message_number
WHERE status = 'quarantined' AND (quarantined_until IS NULL OR quarantine_reason IS NULL)
ORDER BY id
""",
        command="petmsg number quarantine {number}{org} --reason '…'",
    ),
    Invariant(
        name="no_terms_without_quarantine",
        holds="Only quarantined numbers have a quarantine's reason or end",
        finding="{number} is {status}, but has the reason or the end of a quarantine",
        sql="""
SELECT org_id, e164 AS number, status FROM message_number
WHERE status <> 'quarantined'
  AND (quarantined_until IS NOT NULL OR quarantine_reason IS NOT NULL)
ORDER BY id
""",
        command="petmsg number quarantine {number}{org} --days 1 --reason '…'"
        " && petmsg number restore {number}{org} --reason '…'",
    ),
    Invariant(
        name="ledger_whole",
        holds="The ledger of each number starts when the number was added",
        finding="The ledger of {number} {what}",
        sql="""
SELECT n.org_id, n.e164 AS number,
       CASE WHEN c.from_at IS NULL THEN 'is empty' ELSE 'starts after the number was added' END
       AS what
FROM message_number n
LEFT JOIN (
    SELECT number_id, min(from_at) AS from_at FROM number_custody GROUP BY number_id
) c ON c.number_id = n.id
WHERE c.from_at IS NULL OR c.from_at > n.created_at
ORDER BY n.id
""",
        command="petmsg number history {number}{org}",
    ),
    Invariant(
        name="ledger_without_overlap",
        holds="No two rows of a number's ledger start at the same time",
        finding="{times} rows of the ledger of {number} start at the same time",
        sql="""
SELECT n.org_id, n.e164 AS number, d.times
FROM (
    SELECT number_id, from_at, count(*) AS times FROM number_custody
    GROUP BY number_id, from_at HAVING count(*) > 1
) d
JOIN message_number n ON n.id = d.number_id
ORDER BY n.id
""",
        command="petmsg number history {number}{org}",
    ),
    Invariant(
        name="ledger_agrees",
        holds="The last row of each number's ledger matches the number",
        finding="The ledger says that {number} is {ledger}, but it is {state}",
        sql="""
SELECT n.org_id, n.e164 AS number,
       c.class || ', ' || c.status || ', ' || coalesce(h.ref, 'held by nobody') AS ledger,
       n.class || ', ' || n.status || ', ' || coalesce(s.ref, 'held by nobody') AS state
FROM message_number n
JOIN (
    SELECT number_id, max(from_at) AS from_at FROM number_custody GROUP BY number_id
) l ON l.number_id = n.id
JOIN number_custody c ON c.number_id = n.id AND c.from_at = l.from_at
LEFT JOIN sitter s ON s.id = n.sitter_id
LEFT JOIN sitter h ON h.id = c.sitter_id
WHERE c.class <> n.class OR c.status <> n.status
   OR coalesce(c.sitter_id, 0) <> coalesce(n.sitter_id, 0)
   OR coalesce(c.quarantined_until, n.created_at) <> coalesce(n.quarantined_until, n.created_at)
ORDER BY n.id
""",
        command="petmsg number history {number}{org}",
    ),
)

SITTERS = (
    Invariant(
        name="leaver_holds_nothing",
        holds="No offboarded sitter holds a number",
        finding="Sitter {sitter} is offboarded, but holds {number}",
        sql="""
SELECT s.org_id, s.ref AS sitter, n.e164 AS number
FROM message_number n
JOIN sitter s ON s.id = n.sitter_id
WHERE s.status = 'offboarded'
ORDER BY n.id
""",
        command="petmsg sitter activate {sitter}{org} && petmsg sitter deactivate {sitter}{org}",
    ),
    Invariant(
        name="activity_agrees",
        holds="Active sitters have one open period of activity, other sitters none",
        finding="Sitter {sitter} is {status}, but has {spans} open periods of activity",
        sql="""
SELECT s.org_id, s.ref AS sitter, s.status, count(a.sitter_id) AS spans
FROM sitter s
LEFT JOIN sitter_activity a ON a.sitter_id = s.id AND a.offboarded_at IS NULL
GROUP BY s.org_id, s.id, s.ref, s.status
HAVING count(a.sitter_id) <> CASE WHEN s.status = 'active' THEN 1 ELSE 0 END
ORDER BY s.id
""",
        command="petmsg sitter show {sitter}{org}",
    ),
    Invariant(
        name="activity_ends_after_it_began",
        holds="No period of activity ends before it starts",
        finding="A period of activity of sitter {sitter} ends before it starts",
        sql="""
SELECT s.org_id, s.ref AS sitter
FROM sitter_activity a
JOIN sitter s ON s.id = a.sitter_id
WHERE a.offboarded_at < a.activated_at
ORDER BY s.id
""",
        command="petmsg sitter show {sitter}{org}",
    ),
)

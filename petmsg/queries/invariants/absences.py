"""Invariants of absences: each ends after it began, and those of a sitter do not overlap."""

from petmsg.queries.invariants.invariant import Invariant

ABSENCES = (
    Invariant(
        name="absence_span",
        holds="Each absence ends after it began, and was ended by somebody within its time",
        finding="Absence {absence} of sitter {sitter} {what}",
        sql="""
SELECT a.org_id, a.id AS absence, s.ref AS sitter, 'ends before it began' AS what
FROM sitter_absence a JOIN sitter s ON s.id = a.sitter_id
WHERE a.starts_at >= a.ends_at
UNION ALL
SELECT a.org_id, a.id, s.ref, 'was ended after its time'
FROM sitter_absence a JOIN sitter s ON s.id = a.sitter_id
WHERE a.ended_at > a.ends_at
UNION ALL
SELECT a.org_id, a.id, s.ref, 'has an end or a person who ended it, but not both'
FROM sitter_absence a JOIN sitter s ON s.id = a.sitter_id
WHERE (a.ended_at IS NULL) <> (a.ended_by IS NULL)
ORDER BY 2, 4
""",
        command="petmsg sitter show {sitter}{org}",
    ),
    Invariant(
        name="one_absence_at_a_time",
        holds="Absences of a sitter that nobody ended do not overlap",
        finding="Absence {absence} of sitter {sitter} begins before the one before it ends",
        sql="""
SELECT a.org_id, a.id AS absence, s.ref AS sitter
FROM (
    SELECT id, org_id, sitter_id, starts_at,
           max(ends_at) OVER (
               PARTITION BY sitter_id ORDER BY starts_at, id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS away_until
    FROM sitter_absence WHERE ended_at IS NULL
) a JOIN sitter s ON s.id = a.sitter_id
WHERE a.away_until > a.starts_at
ORDER BY a.id
""",
        command="petmsg sitter show {sitter}{org}",
    ),
)

"""Invariants of saved header maps."""

from petmsg.queries.invariants.invariant import Invariant

IMPORT_MAPS = (
    Invariant(
        name="header_map_once",
        holds="Each header of imported files is mapped once, and none is empty",
        finding="The header map of {header} for {noun} files {what}",
        sql="""
SELECT min(org_id) AS org_id, noun, header, 'is stored ' || count(*) || ' times' AS what
FROM import_map GROUP BY org_id, noun, header HAVING count(*) > 1
UNION ALL
SELECT org_id, noun, header, 'has no header' FROM import_map WHERE header = ''
ORDER BY 2, 3, 4
""",
        command="petmsg import map list{org}",
    ),
)

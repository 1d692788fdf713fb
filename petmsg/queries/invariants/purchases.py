"""Invariants of the numbers that were bought from the provider or given back to it."""

from petmsg.queries.invariants.invariant import Invariant

PURCHASES = (
    Invariant(
        name="purchase_agrees",
        holds="Each purchase that ended has its time, and each price its currency",
        finding="The purchase of {number} {what}",
        sql="""
SELECT org_id, e164 AS number, 'has ended without a time, or has a time without an end' AS what
FROM number_purchase WHERE (status = 'intended') <> (ended_at IS NULL)
UNION ALL
SELECT org_id, e164, 'has a price or a currency, but not both'
FROM number_purchase WHERE (monthly_micros IS NULL) <> (currency IS NULL)
ORDER BY 2, 3
""",
    ),
    Invariant(
        name="purchase_open_once",
        holds="Each number has at most one purchase whose outcome is not known",
        finding="{number} has {times} purchases whose outcome is not known",
        sql="""
SELECT min(org_id) AS org_id, e164 AS number, count(*) AS times FROM number_purchase
WHERE status = 'intended' GROUP BY e164 HAVING count(*) > 1
ORDER BY 2
""",
    ),
)

"""Invariants of the channels of notifications."""

from petmsg.queries.invariants.invariant import Invariant

CHANNELS = (
    Invariant(
        name="channel_once",
        holds="Channel names are unique, and counts of failures are not negative",
        finding="Channel {channel} {what}",
        sql="""
SELECT min(org_id) AS org_id, name AS channel, 'is stored ' || count(*) || ' times' AS what
FROM notify_channel GROUP BY org_id, name HAVING count(*) > 1
UNION ALL
SELECT org_id, name, 'has a negative count of failures' FROM notify_channel WHERE failures < 0
ORDER BY 2, 3
""",
        command="petmsg notify list{org}",
    ),
    Invariant(
        name="channel_failing",
        holds="A channel has the time of its first failure while it fails",
        finding="Channel {channel} has {failures} failures, and the time of the first disagrees",
        sql="""
SELECT org_id, name AS channel, failures FROM notify_channel
WHERE (failures > 0) <> (failed_at IS NOT NULL) AND failures >= 0
ORDER BY 2
""",
        command="petmsg notify list{org}",
    ),
    Invariant(
        name="delivery_once",
        holds="Each channel has at most one delivery row per alert",
        finding="{times} rows say when channel {channel} was told of alert {alert}",
        sql="""
SELECT min(d.org_id) AS org_id, min(c.name) AS channel, d.alert_id AS alert, count(*) AS times
FROM notify_delivery d JOIN notify_channel c ON c.id = d.channel_id
GROUP BY d.channel_id, d.alert_id HAVING count(*) > 1
ORDER BY 2, 3
""",
        command="petmsg alert show {alert}{org}",
    ),
)

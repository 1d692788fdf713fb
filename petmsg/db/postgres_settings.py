"""The settings of a PostgreSQL session that petmsg reads and writes by, on every connection.

A role or a database has settings of its own, and so has the environment (PGTZ, PGDATESTYLE,
PGCLIENTENCODING): with another date style, time zone or encoding the same value reads differently.
Most are given when the session begins. The environment's come after those, and are put right here;
the server tells the values by itself, so that nothing is asked where they are as they must be.
"""

from typing import Any

ENCODING = "UTF8"
OPTIONS = (
    "-c timezone=UTC -c datestyle=ISO,MDY -c intervalstyle=postgres"
    " -c standard_conforming_strings=on -c bytea_output=hex -c transform_null_equals=off"
)
"""For the `options` of a connection; a later setting of the same name counts."""
_TOLD = {
    "client_encoding": ENCODING,
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
}


def set_up(connection: Any) -> None:
    """Give a new connection of psycopg's the settings that it has otherwise."""
    wrong = {
        name: value
        for name, value in _TOLD.items()
        if connection.info.parameter_status(name) != value
    }
    if wrong:
        calls = ", ".join(["set_config(%s, %s, false)"] * len(wrong))
        given = [each for setting in wrong.items() for each in setting]
        connection.execute(f"SELECT {calls}", given)
        connection.commit()  # a rollback would take them back

"""The invariants of the database: each with the statement that finds the rows that break it.

Imported by `petmsg.services.doctor` and by tests. Standard library only, like all queries.
"""

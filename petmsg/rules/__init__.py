"""The rules of petmsg. Pure: facts in, answer out; no database, no clock, no I/O.

Imported by services and by queries for the types of facts. Standard library and leaves only.
"""

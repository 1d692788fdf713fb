"""The rules of petmsg. Pure: facts in, answer out; no database, no clock, no I/O.

Services and queries import them, for the rules and for the types of facts. They import only the
standard library and leaf modules.
"""

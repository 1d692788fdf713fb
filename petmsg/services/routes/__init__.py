"""Routes explained: why this number, now or at any time; simulation, timeline, coverage, status.

Nothing here changes a row. Imported by the command line; the rules are in `petmsg.rules.routing`.
"""

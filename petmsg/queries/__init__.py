"""SQL as named texts, each run by a named function on a bare cursor. Standard library only.

The rule: what reads, and what writes by one statement, stands here. One row that a rule changes
(load it, decide, change it) goes through the session in `petmsg.services`. There is no SQL text in
`petmsg.services`, `petmsg.workflows`, `petmsg.cli`, `petmsg.web`, `petmsg.render` or
`petmsg.importers`, but for what an importer reads of the tables of the other system.

One statement, one text: it runs on SQLite and PostgreSQL alike, and a test holds each against the
tables. Rows come back as NamedTuples (`cursor.all(Row, TEXT, ...)`), whose fields are the columns.
Three kinds of rows stay dictionaries, and a test names the functions that return them: the findings
of an invariant, whose columns each check names itself; audit events, which may be damaged and are
compared as they are stored; and an org's settings, which are shown by their names.
"""

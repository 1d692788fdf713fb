"""What must hold of the rows of a database: each invariant with the statement that finds breaches.

Imported by `petmsg.services.doctor` and by tests. Standard library only, like all queries.
"""

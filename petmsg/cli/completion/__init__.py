"""Shell completion: the candidates for a half-typed word, and the scripts that shells load.

Imported by `petmsg.cli` when a shell asks for candidates. Uses `petmsg.queries` and the bare
database driver, so that the Tab key is answered quickly.
"""

COMPLETE = "_PETMSG_COMPLETE"
"""The variable in which a shell that completes a line names itself."""

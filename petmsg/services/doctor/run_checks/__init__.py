"""The checks of `petmsg doctor`: invariants of the rows, the machine, the backlog, the provider.

Imported by the command line. Nothing here changes a row; each finding names the command that
fixes it.
"""

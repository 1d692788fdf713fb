"""Import from Snoutos, the system that petmsg replaces: its tables are staged, then stored.

Imported by `petmsg.cli.flows.import_snoutos` only. Can be repeated: only new rows are imported.
"""

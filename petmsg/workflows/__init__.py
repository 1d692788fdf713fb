"""Work that needs more than one transaction, or a provider between two: send, receive, sync.

Imported by `petmsg.cli` and `petmsg.web`. Calls services; no transaction is open while a provider
is asked.
"""

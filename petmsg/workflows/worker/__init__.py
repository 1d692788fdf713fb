"""The dispatcher: claims due messages, hands them to a provider at each number's rate limit.

Imported by `petmsg.cli.flows.dispatch`. Calls `petmsg.services.outbox`; it prints nothing and
knows providers by their Protocol only.
"""

"""The dispatcher: claims due messages, hands them to a provider at each number's rate limit.

Imported by `petmsg.cli.flows.dispatch`; `petmsg.workflows.send` and `reconcile` use its parts.
Calls `petmsg.services.outbox`; it prints nothing and knows providers by their Protocol only.
"""

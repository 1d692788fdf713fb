"""Commands with a longer body: dispatching, serving and importing, with progress and signals.

Called by one module of `petmsg.cli.commands` each. They call `petmsg.workflows`,
`petmsg.importers` and `petmsg.web`, and print what these return.
"""

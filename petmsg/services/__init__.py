"""What petmsg does: a package per capability; `f(uow, …)` in, frozen results out.

A service neither commits nor prints nor looks at a clock; its caller owns the transaction. Imported
by `petmsg.cli`, `petmsg.web`, `petmsg.metrics`, `petmsg.workflows` and `petmsg.importers`.
"""

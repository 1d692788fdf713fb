"""What petmsg does: one module per noun, `f(uow, …)` in, frozen results out.

A service neither commits nor prints nor looks at a clock; the command owns the transaction.
"""

"""The commands: one module per group; parse the arguments, call one function, print the result.

A module here is named after its group: `petmsg number` is `number.py`. `petmsg.cli` loads it when
the group is used; nothing else imports it.
"""

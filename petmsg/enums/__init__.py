"""The closed vocabularies of petmsg: all values of its statuses, kinds and codes.

One module per noun, because a short command needs only some of them. Everybody may import them;
they need the standard library only.
They are stored by value, and CHECK constraints of the database hold them unless noted here.
"""

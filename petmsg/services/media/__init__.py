"""Pictures of messages: what is stored of them, fetched, passed on and erased.

One transaction each; the bytes are in `petmsg.media`, and no provider is called here.
Used by workflows and by other services.
"""

"""The webhook server: checks requests, queues them, stores them together, and answers after the
commit.

The only package that imports Starlette and uvicorn (the extra `web`). Imported by `petmsg serve`
and `petmsg call simulate`.
"""

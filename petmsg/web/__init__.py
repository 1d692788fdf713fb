"""What the internet reaches: requests are checked, queued, stored together, and answered after the
commit. The only package that imports Starlette and uvicorn (the extra `web`)."""

"""Messages that go out: queue, claim, record the outcome, handle rejections and receipts.

One transaction per function; no provider is called here. Imported by workflows and commands.
"""

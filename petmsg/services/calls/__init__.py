"""Phone calls: who is rung, and what becomes of a call.

One transaction per function; no provider is called here. Imported by workflows and commands.
"""

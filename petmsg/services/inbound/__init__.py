"""Messages that come in: store each once, decide who reads it, relay it, answer automatically.

One transaction per function. Imported by workflows and by the command line.
"""

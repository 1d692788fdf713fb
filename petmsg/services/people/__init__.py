"""Clients and sitters: add, import, change, erase, offboard; their phones and opt-outs.

One transaction per function. Imported by the command line, by workflows and by importers.
"""

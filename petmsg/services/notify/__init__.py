"""Channels that are told of alerts: adding and removing them, and leasing one for a note.

One transaction per function. Imported by workflows, which send the notes.
"""

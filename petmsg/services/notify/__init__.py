"""Channels that are told of alerts: adding and removing them, and each turn of telling one.

One transaction per function. Imported by workflows, which send the notes.
"""

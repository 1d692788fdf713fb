"""Bookings: add, import, confirm, cancel, reschedule, reassign, and their assignment windows.

One transaction per function. Imported by the command line, by workflows and by importers.
"""

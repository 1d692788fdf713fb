"""Masked numbers: add, assign, quarantine, restore, retire; their ledger, health and rate limits.

One transaction per function. Imported by the command line, by workflows and by other services.
"""

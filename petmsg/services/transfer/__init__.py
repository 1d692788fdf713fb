"""Files in and out: rows of CSV and JSONL, exports of a company, and restoring an export.

Imported by the command line. An export is restored in one transaction, or not at all.
"""

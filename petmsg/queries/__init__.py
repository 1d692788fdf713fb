"""SQL text run on a bare cursor: what commands read, and the few statements that must be fast.

Standard library only. One statement, one text: it runs on SQLite and PostgreSQL alike, and a test
holds each against the tables.
"""

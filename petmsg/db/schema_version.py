"""Which schema this petmsg needs. Standard library only: a reading command compares one SELECT.

A test holds both against the scripts in `migrations/versions`.
"""

REVISIONS = (
    "0001",
    "0002_one_thread_per_client",
    "0003_sending",
    "0004_replies",
    "0005_safeguards",
    "0006_pictures",
    "0007_voices",
    "0008_company",
    "0009_account",
    "0010_calls",
    "0011_indexes",
)
"""Every revision, the oldest first."""

HEAD = REVISIONS[-1]
"""The newest revision: what `alembic_version` holds when the database is up to date."""

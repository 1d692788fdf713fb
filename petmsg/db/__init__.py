"""The database: where it is, how to open it, how to write to it, how it is migrated.

Every package above may import it; it imports leaves only. Nothing else asks for the dialect.
"""

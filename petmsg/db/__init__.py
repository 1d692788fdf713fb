"""The database: where it is, how to open it, how to write to it, how it is migrated."""

"""Fixtures that know petmsg: migrated databases, a runner for commands."""

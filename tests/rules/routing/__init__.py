"""Tests of petmsg.rules.routing."""

"""Tests of petmsg.routing."""

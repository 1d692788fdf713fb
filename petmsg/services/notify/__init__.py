"""Channels that are told of alerts: adding and removing them, and each turn of telling one."""

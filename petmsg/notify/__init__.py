"""Notifications through apprise: the private file with the URLs, and the process that sends one.

The URL of a channel is a secret. It is in no table, argument of a process, log or error.
"""

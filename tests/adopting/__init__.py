"""Leaving and coming: exports, what is taken back, and the system petmsg replaces."""

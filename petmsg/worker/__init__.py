"""Carrying queued texts to their providers: claim, hand over, record, reconcile, at a pace."""

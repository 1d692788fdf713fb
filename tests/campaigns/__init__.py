"""Campaigns: what only thousands of seeded accidents prove. Short ones run as tests."""

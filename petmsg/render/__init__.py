"""Output for people and scripts: one field list per noun, behind table, JSON, JSONL, TSV and CSV.

The only package that imports Rich. Imported by the commands.
"""

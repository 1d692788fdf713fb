"""The views: one field list per noun, behind table, JSON, JSONL, TSV and CSV alike.

Imported by the commands. A field is declared once, with its JSON key, its table head and its type.
"""

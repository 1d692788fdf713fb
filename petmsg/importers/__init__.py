"""Importers: one package per system whose data petmsg can import.

Only the import commands use them. They call services like any other caller.
"""

"""Importers: one package per system whose data petmsg can take over.

Imported by the import commands only. They call services like any other caller.
"""

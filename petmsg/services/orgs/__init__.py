"""Companies (orgs): their settings, and the freeze that stops all sending.

One transaction per function. Imported by the command line and by other services.
"""

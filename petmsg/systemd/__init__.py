"""systemd: what it is told by a service that runs, and the units that start the services.

Imported by what runs or installs a service. It imports leaves only.
"""

"""systemd: what it is told by a service that runs, and the units that start the services."""

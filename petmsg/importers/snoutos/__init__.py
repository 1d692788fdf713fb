"""Taking a company over from the system petmsg replaces, whose database is only ever read."""

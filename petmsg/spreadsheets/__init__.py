"""Read the files that people have: CSV of any kind, JSON lines and workbooks.

Pure: bytes in, rows out. A row has the columns of petmsg, whatever the file calls them; times are
ISO 8601 text in the zone of the org. What a cell means is decided by the services that import it.
"""

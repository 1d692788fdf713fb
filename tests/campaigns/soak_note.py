"""The program that carries one note of a soak: as petmsg.notify.sender, without apprise.

It reads a JSON object from stdin, posts it to its URL, and writes what became of it to stdout.
"""

import json
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit


def main() -> None:
    """Carry the note."""
    asked = json.load(sys.stdin)
    parts = urlsplit(asked["url"])
    assert parts.hostname is not None
    connection = HTTPConnection(parts.hostname, parts.port, timeout=20)
    connection.request("POST", parts.path, json.dumps(asked), {"Content-Type": "application/json"})
    status = connection.getresponse().status
    json.dump({"trouble": None if status == 200 else "http_status", "status": status}, sys.stdout)


if __name__ == "__main__":
    main()

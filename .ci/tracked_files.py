#!/usr/bin/env python3
"""Refuse a tracked file that names a machine's own folders or where packages come from.

Such an address works on the machine it was written on and nowhere else. Standard library only: it
runs before anything is installed. tests/project/test_house.py runs it too, and shows that it can
fail.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# With brackets where a plain word would do, so that this file does not refuse itself.
MACHINE_PATH = re.compile(r"(?<![\w.})*+-])/(?:work|tmp|root|opt)(?=[/\s\"'`)\],:;]|$)")
PACKAGE_SOURCE = re.compile(
    r"\bhttps?://[^\s/\"]+/(?:simple|packages|tarball|pool/main)/"
    r"|--(?:(?:extra-)?index-url|find-links|trusted-host)\b"
    r"|\bhttps?://\S+\.(?:whl|tar\.gz|zip|deb)\b"
)


def complaints(name: str, text: str) -> list[str]:
    """Return one line per offence in a file's text, none if it is clean."""
    return [
        f"{name}:{number}: {what}: {found.group()}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in (("machine path", MACHINE_PATH), ("package source", PACKAGE_SOURCE))
        if (found := pattern.search(line))
    ]


def tracked(root: Path) -> list[str]:
    """Return the names of the files git tracks, whoever owns the folder."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [name for name in listing.split("\0") if name and (root / name).is_file()]


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    found = [
        line
        for name in tracked(root)
        for line in complaints(name, (root / name).read_text(encoding="utf-8", errors="replace"))
    ]
    print("\n".join(found) or "no machine path, no package source", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""The tests of petmsg, in folders like those of the package they test."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the repository."""

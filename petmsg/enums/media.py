"""Pictures and files."""

from enum import StrEnum


class MediaStatus(StrEnum):
    """Where the bytes of a picture or file are.

    `missing`: still to be fetched from the provider. `stored`: in the media store. `linked`: at a
    URL of the sender's, never stored. `lost`: they could not be fetched. `erasing`: erased, but the
    store may still have the bytes. `erased`: gone.
    """

    MISSING = "missing"
    STORED = "stored"
    LINKED = "linked"
    LOST = "lost"
    ERASING = "erasing"
    ERASED = "erased"

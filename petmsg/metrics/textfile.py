"""Metrics in a file, for the textfile collector of the node exporter.

The file appears whole, by a rename in its own folder, and others may read it. Source:
github.com/prometheus/node_exporter, "Textfile Collector".
"""

from contextlib import suppress
from pathlib import Path

from petmsg.db.partial_files import temp_path_for
from petmsg.errors import Misconfigured, UsageProblem


def write(target: Path, content: bytes) -> None:
    """Replace the file with this content. Raises `UsageProblem` for a name that the collector does
    not read, `Misconfigured` if it cannot be written."""
    if target.suffix != ".prom":
        raise UsageProblem(
            f"The collector reads files that end in .prom only, not {target.name!r}.",
            hint="Name it petmsg.prom.",
        )
    partial = temp_path_for(target)
    try:
        try:
            partial.write_bytes(content)
            partial.chmod(0o644)
            partial.replace(target)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
    except OSError as problem:
        raise Misconfigured(
            f"{target} cannot be written: {problem.strerror}.",
            hint="Name a file in a folder that you may write to.",
        ) from None

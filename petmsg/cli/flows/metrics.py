"""`petmsg metrics`, and the port of `petmsg serve` for them."""

from collections.abc import Sequence
from functools import partial
from typing import NoReturn

from petmsg.cli.context import Context
from petmsg.cli.options import named_file
from petmsg.errors import Busy, ExtraMissing, Misconfigured, PetmsgError
from petmsg.render.views.metrics import SAMPLES, WRITTEN
from petmsg.services.metrics import OrgMetrics, read_metrics
from petmsg.workflows.store import Store


def metrics(context: Context, *, to: str | None) -> None:
    """Print the figures of the chosen orgs, or write them to a file.

    Raises what `read` raises. The file then says that the database is down, so that a collector
    does not go on with figures of before.
    """
    try:
        from petmsg.metrics import registry, textfile
    except ModuleNotFoundError as problem:
        raise extra_missing(problem) from None
    try:
        found = read(context)
    except (Misconfigured, Busy) as problem:
        if to is not None:
            down = registry.new_registry(partial(_raise, problem))
            textfile.write(named_file(to), registry.exposition(down))
        raise
    exposed = registry.new_registry(lambda: found)
    samples = registry.samples(exposed)
    if to is None:
        names = ("metric", "labels", "value")
        context.show_list(SAMPLES, [dict(zip(names, each, strict=True)) for each in samples])
        return
    textfile.write(named_file(to), registry.exposition(exposed))
    context.show_one(WRITTEN, {"file": to, "samples": len(samples)})


def _raise(problem: PetmsgError) -> NoReturn:
    raise problem


def read(store: Store) -> Sequence[OrgMetrics]:
    """The figures of the chosen orgs at this moment, in a snapshot of their own."""
    with store.snapshot() as cursor:
        return read_metrics(cursor, store.chosen(cursor), now=store.clock())


def extra_missing(problem: ModuleNotFoundError) -> Exception:
    """The error for a missing prometheus_client; another missing module stays what it is."""
    if (problem.name or "").partition(".")[0] == "petmsg":
        return problem
    return ExtraMissing("Metrics need prometheus_client.", "metrics")

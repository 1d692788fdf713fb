"""Rows of `petmsg client import`, and what became of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.fixtures import Cli, Ran

HEAD = "ref,name,phone,kind\n"
ANN = "C-1,Ann,+14155551001,\n"
BO = "C-2,Bo,+14155551002,\n"

Import = Callable[..., Ran]


def importing(cli: Cli, folder: Path) -> Import:
    """`petmsg client import` of a file with that content."""

    def run(content: str | bytes, *options: str) -> Ran:
        path = folder / "clients.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return cli("client", "import", str(path), "-o", "json", *options)

    return run


def refs(cli: Cli) -> list[str]:
    return [row["client"] for row in cli("client", "list", "--all", "-o", "json").json][::-1]


def name_of(cli: Cli, ref: str) -> Any:
    return cli("client", "show", ref, "-o", "json").json["name"]


def results(ran: Ran) -> list[str]:
    return [row.get("result") or row["error"]["code"] for row in ran.json]

"""petmsg init"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.cli.options import COUNTRY
from petmsg.errors import UsageProblem
from petmsg.render.printed import one
from petmsg.render.views.nouns import ORG

app = new_command()


@app.command(
    "init",
    writes=True,
    prints=one(ORG),
    examples=["petmsg init --org happy-paws --name 'Happy Paws' --timezone America/New_York"],
)
def init(
    context: Context,
    name: Annotated[str, typer.Option("--name", help="The company's name.")],
    timezone: Annotated[
        str,
        typer.Option(
            "--timezone", metavar="ZONE", help="An IANA timezone name, such as America/New_York."
        ),
    ],
    front_desk: Annotated[
        str | None,
        typer.Option("--front-desk", metavar="E164", help="The company's front desk number."),
    ] = None,
    country: COUNTRY = None,
) -> None:
    """Create the database and the first org. Safe to repeat."""
    from petmsg.cli.flows.show_org import show_org
    from petmsg.db.create import create
    from petmsg.services.orgs import org

    slug = _chosen_slug(context)
    org.check(slug, name=name, timezone=timezone, front_desk=front_desk, country=country)
    made = create(context.location, actor=context.actor, now=context.now, dry_run=context.dry_run)
    if not made.usable:
        context.notify(
            f"Would create {context.location.display_url} with schema {made.after} and org {slug}."
        )
        return
    added = context.transact(
        lambda transaction: org.add(
            transaction,
            slug,
            name=name,
            timezone=timezone,
            front_desk=front_desk,
            country=country,
            actor=context.actor,
            now=context.now,
        )
    )
    context.notify(f"{context.location.display_url} is at schema {made.after}.")
    show_org(context, added.org, timezone=timezone)


def _chosen_slug(context: Context) -> str:
    slug = context.setting("org").value
    if slug is None:
        raise UsageProblem(
            "Missing option: --org.", hint="Choose a name in small letters: --org happy-paws"
        )
    return slug

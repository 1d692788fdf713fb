"""petmsg number search, buy and give-back, and petmsg number settle"""

from typing import Annotated

import typer

from petmsg.cli import confirmations
from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import REASON, required_reason
from petmsg.enums.numbers import NumberClass
from petmsg.render.printed import list_of, one, results_of

part = new_app("")
"""A part of the group `petmsg number`."""

AREA = Annotated[
    str | None, typer.Option("--area", metavar="CODE", help="Area code in the US or Canada.")
]
CONTAINS = Annotated[
    str | None,
    typer.Option("--contains", metavar="DIGITS", help="Digits in it; * stands for any one."),
]
COUNTRY = Annotated[
    str | None,
    typer.Option("--country", metavar="COUNTRY", help="Country [default: the org's, else US]"),
]
TOLL_FREE = Annotated[bool, typer.Option("--toll-free", help="Toll-free numbers only.")]


@part.command(
    "search",
    prints=list_of("purchases.OFFERS"),
    examples=["petmsg number search --area 415", "petmsg number search --contains 0177"],
)
def search(
    context: Context,
    area: AREA = None,
    contains: CONTAINS = None,
    country: COUNTRY = None,
    toll_free: TOLL_FREE = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=50, help="Most numbers.")] = 10,
) -> None:
    """List numbers that the provider sells, with their price a month."""
    from petmsg.cli.flows.number_market import wanted
    from petmsg.render.views.purchases import OFFERS
    from petmsg.workflows import number_market

    asked = wanted(context, area, contains, country, toll_free=toll_free)
    context.show_list(OFFERS, number_market.search(context, asked, limit=limit))


@part.command(
    "buy",
    writes=True,
    may_ask=True,
    prints=results_of("purchases.PURCHASES"),
    examples=[
        "petmsg number buy +14155550177 --class sitter --max-price 2 --yes",
        "petmsg number buy --area 415 --count 2 --class pool --max-price 1.50 --yes",
    ],
)
def buy(
    context: Context,
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="E164...", help="The numbers; or --area.")
    ] = None,
    number_class: Annotated[
        NumberClass, typer.Option("--class", help="What the numbers are for.")
    ] = NumberClass.SITTER,
    area: AREA = None,
    contains: CONTAINS = None,
    country: COUNTRY = None,
    toll_free: TOLL_FREE = False,
    count: Annotated[int, typer.Option("--count", min=1, max=50, help="How many.")] = 1,
    max_price: Annotated[
        str | None,
        typer.Option("--max-price", metavar="P", help="The most that one may cost a month."),
    ] = None,
) -> None:
    """Buy numbers from the provider and add them to the org.

    Costs money, so petmsg shows the price and asks first. Without E164, the first numbers that fit
    are bought. If an answer is lost, the number is looked up before anything else is bought: see
    petmsg number settle. Numbers that an earlier run bought without an answer count.
    """
    from petmsg.cli.flows.number_market import buy_chosen, wanted

    asked = wanted(context, area, contains, country, toll_free=toll_free)
    buy_chosen(
        context, numbers or [], asked, count=count, number_class=number_class, max_price=max_price
    )


@part.command(
    "give-back",
    writes=True,
    asks=confirmations.give_back_number,
    prints=one("purchases.PURCHASES"),
    examples=["petmsg number give-back +14155550106 --reason 'not needed' --yes"],
)
def give_back(
    context: Context,
    number: Annotated[str, typer.Argument(metavar="E164", help="The number.")],
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=30, help="Days since its last message.")
    ] = 90,
    reason: REASON = None,
) -> None:
    """Retire a number and give it back to the provider.

    This cannot be undone, so petmsg asks first: somebody else may get the number. Refused while it
    is quarantined, while a sitter holds it, and if it sent or received a message in the last --days
    days.
    """
    from petmsg.render.views.purchases import PURCHASES
    from petmsg.workflows import number_market

    row = number_market.give_back(context, number, reason=required_reason(reason), days=days)
    context.show_one(PURCHASES, row)


@part.cron_command(
    "settle",
    writes=True,
    prints=results_of("purchases.PURCHASES"),
    examples=["petmsg number settle"],
)
def settle(context: Context) -> None:
    """Look up purchases whose outcome is not known (for cron).

    Covers all orgs unless --org is given. A number that the account has was bought, and is added to
    the org. If the account does not have the number, it was not bought. Purchases of the last five
    minutes are left alone.
    """
    from petmsg.cli.results import show_results
    from petmsg.render.views.purchases import PURCHASES
    from petmsg.workflows import number_market
    from petmsg.workflows.provider_factory import raise_after_warnings

    settled = number_market.settle(context)
    show_results(context, PURCHASES, settled.rows)
    for number in settled.young:
        context.notify(
            f"{number}: not looked up yet, because it was asked for in the last 5 minutes."
        )
    raise_after_warnings(context, settled.problems)

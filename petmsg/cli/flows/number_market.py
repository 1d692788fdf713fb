"""`number search` and `number buy`: what is looked for, and the question before it is bought."""

from collections.abc import Sequence
from typing import Any

from petmsg.cli.context import Context
from petmsg.cli.results import show_results
from petmsg.enums.numbers import NumberClass
from petmsg.enums.purchases import PurchaseKind, PurchaseStatus
from petmsg.errors import BUSY, UsageProblem
from petmsg.money import parse_amount
from petmsg.plurals import counted
from petmsg.providers.market import Offer, Wanted
from petmsg.providers.registry import reaches_phones
from petmsg.render.views.purchases import PURCHASES


def wanted(
    context: Context,
    area: str | None,
    contains: str | None,
    country: str | None,
    *,
    toll_free: bool,
) -> Wanted:
    """Which numbers are looked for. Raises `OutOfRange` for an unknown country."""
    from petmsg.country import parse_country

    with context.snapshot() as cursor:
        org = context.org(cursor)
    named = org.phone_country if country is None else parse_country(country)
    return Wanted(named or "US", area, contains, toll_free)


def buy_chosen(
    context: Context,
    numbers: Sequence[str],
    asked: Wanted,
    *,
    count: int,
    number_class: NumberClass,
    max_price: str | None,
) -> None:
    """Look up open purchases, choose, ask, and buy. Raises `UsageProblem` for both ways at once."""
    from petmsg.workflows import number_market
    from petmsg.workflows.provider_factory import raise_after_warnings

    if bool(numbers) == bool(asked.area or asked.contains or asked.toll_free):
        raise UsageProblem(
            "Name the numbers, or say which with --area, --contains or --toll-free.",
            hint="petmsg number buy --area 415 --class pool --max-price 1.50",
        )
    if number_class is NumberClass.FRONT_DESK and max(count, len(numbers)) > 1:
        raise UsageProblem("An org has one front desk number.", hint="Leave out --count.")
    most = None if max_price is None else parse_amount(max_price)
    plain = [context.phone(each) for each in numbers]
    rows: list[Any] = []
    with context.snapshot() as cursor:
        org = context.org(cursor)
    if not context.dry_run:
        settled = number_market.settle(context, only=org.slug)
        raise_after_warnings(context, settled.problems)
        rows = [*settled.rows]
    number_market.require_settled(context)
    bought = [row for row in rows if _is_bought(row, number_class)]
    left = [each for each in plain if each not in [row.number for row in bought]]
    still = len(left) if numbers else count - len(bought)
    if still > 0:
        offers = number_market.choose(context, left, asked, count=still, max_price=most)
        context.confirm(_question(offers, number_class))
        rows += number_market.buy(context, offers, number_class=number_class)
    show_results(context, PURCHASES, rows)
    if reaches_phones(org.provider) and any(_is_bought(row, number_class) for row in rows):
        context.notify("Next, so that their messages come here: petmsg number webhooks install")
    if any(getattr(row, "status", None) is PurchaseStatus.INTENDED for row in rows):
        context.exit_code = 0 if context.dry_run else BUSY


def _is_bought(row: Any, number_class: NumberClass) -> bool:
    return (
        getattr(row, "kind", None) is PurchaseKind.BUY
        and row.status is PurchaseStatus.DONE
        and row.number_class is number_class
    )


def _question(offers: Sequence[Offer], number_class: NumberClass) -> str:
    listed = ", ".join(f"{each.number} ({each.monthly or 'price unknown'})" for each in offers)
    what = counted(len(offers), f"{number_class.value} number")
    return f"Buy {what}, each at its price a month: {listed}?"

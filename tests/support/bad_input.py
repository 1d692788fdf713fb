"""A small company, and odd words for the arguments of its commands."""

from tests.support.fixtures import add_org, run_cli

CODES = {0, 2, 3, 4, 5, 6, 10, 75}

SETUP = """\
client add Anna --ref C-1 --phone +12025550101
client add Anna --ref C-2 --phone +12025550102
client add Clara --ref C-3 --phone +12025550103
sitter add Maya --ref S-1 --phone +13035550101
sitter add Maya --ref S-2 --phone +13035550101
number add +14155550101 +14155550102 --class sitter
number add +14155550103 --class pool
sitter activate S-1
booking add --ref B-1 --client C-1 --sitter S-1 --start -1h --end +2h
booking add --ref B-2 --client C-1 --start +1d --end +2d
booking confirm B-1
message send C-1 --body Hello
number quarantine +14155550103 --reason complaints
message receive --from +12025550101 --to +14155550100 --body Hello?
template add late --body Soon
sitter away S-2 --from +30d --to +40d --reason leave
import map set client Handy=phone"""


def fill(url: str) -> None:
    add_org(url)
    for line in SETUP.splitlines():
        ran = run_cli(url, *line.split())
        assert ran.code == 0, ran.err


HUGE = [str(2**31), str(2**63 - 1), str(2**63), str(-(2**63)), "9" * 30, "-1", "0"]


ODD = {
    "a NUL": "a\0b",
    "a newline": "a\nb",
    "a surrogate": "a\udce9b",
    "half a pair": "\ud83d",
    "markup": "[/b][red]",
    "an escape": "\x1b]52;c;AAAA\x07",
    "bidi": "\u202eevil\u2066",
    "a quote": "x'; DROP TABLE client; --",
    "a percent": "%(x)s %s %",
    "a parameter": ":org_id",
    "long": "x" * 5000,
    "an option": "--all",
    "an emoji": "🐶" * 3,
}

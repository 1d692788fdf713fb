"""The company on which the examples are tried."""

from tests.support.examples import fresh_company, two_companies

__all__ = ["fresh_company", "two_companies"]

"""The numbers that the fake Twilio sells.

After Twilio's public documentation: the pages "AvailablePhoneNumber Local resource",
"IncomingPhoneNumber resource" and "Pricing: Phone Numbers resource".
"""

import re
from dataclasses import dataclass, field

from tests.support.twilio_shapes import Request, error_body

_FOR_SALE = re.compile(r"/AvailablePhoneNumbers/([A-Z]{2})/(Local|TollFree)\.json")
_TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")


@dataclass
class FakeMarket:
    """What is for sale, and for how much a month (None: no price is told).

    `gone` are numbers that somebody else bought since they were listed.
    """

    for_sale: list[str] = field(default_factory=lambda: [f"+1415555018{at}" for at in range(3)])
    price: str | None = "1.15"
    toll_free_price: str | None = "2.15"
    gone: set[str] = field(default_factory=set)
    capabilities: object = field(
        default_factory=lambda: {"voice": True, "SMS": True, "MMS": True, "fax": False}
    )

    def respond(self, request: Request, path: str) -> tuple[int, dict[str, object]] | None:
        """The answer to a search or a question about prices; None for anything else."""
        if request.path.startswith("/v1/PhoneNumbers/Countries/"):
            return self._prices(request.path.rpartition("/")[2])
        found = _FOR_SALE.fullmatch(path)
        if request.method != "GET" or found is None:
            return None
        country, kind = found.groups()
        area, contains = request.query.get("AreaCode"), request.query.get("Contains", "")
        pattern = re.escape(contains.lstrip("+")).replace(r"\*", ".")
        fitting = [
            number
            for number in self.for_sale
            if number.startswith(_TOLL_FREE) is (kind == "TollFree")
            and (area is None or number.startswith(f"+1{area}"))
            and re.search(pattern, number)
        ]
        size = int(request.query.get("PageSize", "50"))
        return 200, {
            "uri": f"{path}?PageSize={size}",
            "available_phone_numbers": [
                {
                    "friendly_name": number,
                    "phone_number": number,
                    "lata": "722",
                    "locality": "San Francisco",
                    "rate_center": "SNFC CNTRL",
                    "latitude": None,
                    "longitude": None,
                    "region": "CA",
                    "postal_code": None,
                    "iso_country": country,
                    "address_requirements": "none",
                    "beta": False,
                    "capabilities": self.capabilities,
                }
                for number in fitting[:size]
            ],
        }

    def buy(self, e164: str) -> tuple[int, dict[str, object]] | None:
        """A refusal to sell a number; None if it is sold now."""
        if e164 in self.gone or e164 not in self.for_sale:
            return 400, error_body(21422, 400, f"PhoneNumber not available: {e164}")
        self.for_sale.remove(e164)
        return None

    def _prices(self, country: str) -> tuple[int, dict[str, object]]:
        listed = [("local", self.price), ("toll free", self.toll_free_price)]
        return 200, {
            "country": "United States",
            "iso_country": country,
            "phone_number_prices": [
                {"number_type": kind, "base_price": price, "current_price": price}
                for kind, price in listed
                if price is not None
            ],
            "price_unit": "USD",
            "url": f"https://pricing.twilio.com/v1/PhoneNumbers/Countries/{country}",
        }

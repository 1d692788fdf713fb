"""The hosts that the SDK may ask, and where their requests go."""

import pytest
import requests

from petmsg.providers.credentials import TwilioCredentials
from petmsg.providers.timed_http import TimedSession
from petmsg.providers.twilio_http import TwilioHttp
from petmsg.providers.twilio_login import TwilioLogin

LOGIN = TwilioLogin(TwilioCredentials("AC", "token"))


class Asked(TimedSession):
    """Keeps the URLs instead of asking them."""

    def __init__(self) -> None:
        super().__init__(wait_seconds=1, longest_seconds=1, pool_size=1)
        self.urls: list[str] = []

    def ask(self, _method: str, url: str, **_: object) -> requests.Response:
        self.urls.append(url)
        answer = requests.Response()
        answer.status_code, answer._content = 200, b"{}"
        return answer


def where(base_url: str | None, url: str) -> str:
    session = Asked()
    TwilioHttp(base_url=base_url, session=session, login=LOGIN).request("GET", url)
    return session.urls[0]


@pytest.mark.parametrize(
    ("base_url", "api", "messaging"),
    [
        (None, "https://api.twilio.com", "https://messaging.twilio.com"),
        (
            "https://api.dublin.ie1.twilio.com",
            "https://api.dublin.ie1.twilio.com",
            "https://messaging.dublin.ie1.twilio.com",
        ),
        ("https://api.au1.twilio.com", "https://api.au1.twilio.com",
         "https://messaging.au1.twilio.com"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9", "http://127.0.0.1:9"),
        ("https://gateway.example.com", "https://gateway.example.com",
         "https://gateway.example.com"),
    ],
)  # fmt: skip
def test_each_part_of_the_api_is_asked_at_its_place(
    base_url: str | None, api: str, messaging: str
) -> None:
    assert where(base_url, "https://api.twilio.com/2010-04-01/A.json?x=1") == (
        f"{api}/2010-04-01/A.json?x=1"
    )
    assert where(base_url, "https://messaging.twilio.com/v1/Services") == (
        f"{messaging}/v1/Services"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/2010-04-01/A.json",
        "https://api.twilio.com.evil.example.com/A.json",
        "https://api.twilio.com@evil.example.com/A.json",
        "https://messaging.twilio.com.evil.example.com/v1/Services",
        "http://messaging.twilio.com/v1/Services",
        "https://voice.twilio.com/v1/Settings",
        "//evil.example.com/",
        "",
    ],
)
def test_no_other_host_gets_the_credentials(url: str) -> None:
    session = Asked()

    with pytest.raises(requests.exceptions.InvalidURL):
        TwilioHttp(base_url=None, session=session, login=LOGIN).request("GET", url)

    assert session.urls == []

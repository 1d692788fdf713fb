"""The files that a webhook names: believed if they are the message's own, at Twilio's API."""

import pytest

from petmsg.providers.base import ReceivedMedia
from petmsg.providers.twilio_webhooks import received_message

MM, ME, AC = "MM" + "1" * 32, "ME" + "a" * 32, "AC" + "2" * 32
URL = f"https://api.twilio.com/2010-04-01/Accounts/{AC}/Messages/{MM}/Media/{ME}"


def media(url: str, content_type: str = "image/jpeg") -> tuple[ReceivedMedia, ...]:
    form = {
        "MessageSid": MM,
        "From": "+14155551001",
        "To": "+14155550100",
        "Body": "",
        "NumMedia": "1",
        "MediaUrl0": url,
        "MediaContentType0": content_type,
    }
    return received_message({name: [value] for name, value in form.items()}).media


def test_a_file_has_its_id_and_its_type() -> None:
    assert media(URL) == (ReceivedMedia("image/jpeg", ME),)
    assert media(URL.replace("api.", "api.dublin.ie1."), "") == (ReceivedMedia(None, ME),)


@pytest.mark.parametrize(
    "url",
    [
        "",
        URL.replace("api.twilio.com", "api.twilio.com.example.com"),
        URL.replace("api.twilio.com", "example.com"),
        URL.replace("https://", "https://user@"),
        URL.replace(MM, "MM" + "9" * 32),
        URL + "/../x",
        URL + "?a=b",
        URL.replace("/Media/", "/../Media/"),
    ],
)
def test_another_url_names_no_file_but_the_file_still_counts(url: str) -> None:
    assert media(url) == (ReceivedMedia("image/jpeg", None),)

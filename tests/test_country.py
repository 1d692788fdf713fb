"""Countries: which code a text means, and which country a timezone belongs to."""

from zoneinfo import available_timezones

import phonenumbers
import pytest

from petmsg.country import country_of_zone, parse_country
from petmsg.errors import USAGE, OutOfRange


@pytest.mark.parametrize(("text", "code"), [("US", "US"), ("gb", "GB"), (" de ", "DE")])
def test_a_country_is_two_letters_in_either_case(text: str, code: str) -> None:
    assert parse_country(text) == code


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("UK", "Did you mean GB?"),
        ("Germany", "Did you mean DE?"),
        ("germnay", "Did you mean DE?"),
        ("united", "Did you mean AE or US?"),
        ("XX", "Use the two letters of ISO 3166, for example US, CA, GB or DE."),
        ("", "Use the two letters of ISO 3166, for example US, CA, GB or DE."),
    ],
)
def test_an_unknown_country_is_refused_with_the_code_that_is_meant(text: str, hint: str) -> None:
    with pytest.raises(OutOfRange) as refusal:
        parse_country(text)
    assert refusal.value.message == f"Unknown country '{text}'."
    assert refusal.value.hint == hint
    assert refusal.value.exit_code == USAGE


def test_a_country_without_phone_numbers_is_refused() -> None:
    with pytest.raises(OutOfRange, match=r"Antarctica \(AQ\) has no phone numbers"):
        parse_country("AQ")


@pytest.mark.parametrize(
    ("timezone", "country"),
    [
        ("America/New_York", "US"),
        ("America/Los_Angeles", "US"),
        ("America/Toronto", "CA"),
        ("Europe/London", "GB"),
        ("Europe/Berlin", "DE"),
        ("Asia/Kolkata", "IN"),
        ("US/Pacific", "US"),
        ("Asia/Calcutta", "IN"),
        ("Europe/Kiev", "UA"),
        ("GB", "GB"),
        ("Iceland", "IS"),
        ("America/Coral_Harbour", "CA"),
    ],
)
def test_a_timezone_has_the_country_of_its_city(timezone: str, country: str) -> None:
    assert country_of_zone(timezone) == country


@pytest.mark.parametrize(
    "timezone", ["UTC", "Etc/GMT+5", "GMT", "CET", "EST", "EST5EDT", "Antarctica/Troll", "No/Zone"]
)
def test_a_timezone_of_no_country_has_none(timezone: str) -> None:
    assert country_of_zone(timezone) is None


def test_the_country_of_every_timezone_has_phone_numbers() -> None:
    countries = {country_of_zone(timezone) for timezone in available_timezones()} - {None}
    assert len(countries) > 230
    assert countries <= phonenumbers.SUPPORTED_REGIONS
    assert all(parse_country(str(country)) == country for country in countries)

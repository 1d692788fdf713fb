"""The addresses in a list of pictures, in the forms that such a list has."""

import pytest

from petmsg.importers.snoutos.pictures import addresses


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (None, []),
        ("", []),
        ("[]", []),
        ("null", []),
        ("{}", []),
        ('["https://x.test/1"]', ["https://x.test/1"]),
        ('"https://x.test/1"', ["https://x.test/1"]),
        ('{"url": "https://x.test/1"}', ["https://x.test/1"]),
        ('[{"mediaUrl": "https://x.test/1", "contentType": "image/png"}]', ["https://x.test/1"]),
        ('[{"contentType": "image/png"}]', ["(no address)"]),
        ('["https://x.test/1?X-Amz-Signature=secret#a"]', ["https://x.test/1"]),
        ('["https://user:secret@x.test/1"]', ["https://x.test/1"]),
        ('["https://[x/1?secret"]', ["https://[x/1"]),
        ('["a\\u001b[31mb"]', ["a[31mb"]),
        ("[1, null]", ["1"]),
    ],
)
def test_addresses_are_found_and_hold_no_secret(written: str | None, found: list[str]) -> None:
    assert addresses(written) == found


@pytest.mark.parametrize("written", ["not json", "[", "[" * 100_000, "\x00"])
def test_what_is_no_list_is_said(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        addresses(written)


def test_an_address_is_not_endless() -> None:
    assert len(addresses(f'["https://x.test/{"a" * 5000}"]')[0]) == 300

"""Which addresses of files are taken: public ones that the provider can fetch."""

import pytest

from petmsg.media.web_address import (
    LONGEST_LINK,
    MalformedLink,
    checked_link,
    is_link,
    name_in_link,
)


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/rex.jpg",
        "https://cdn.example.com:8443/a/b?size=2&x=%20",
        "https://93.184.216.34/rex.jpg",
        "https://[2606:2800:220:1::1]/rex.jpg",
    ],
)
def test_public_https_addresses_are_taken_as_they_are(link: str) -> None:
    assert is_link(link)
    assert checked_link(link) == link


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("http://example.com/rex.jpg", "https://"),
        ("ftp://example.com/rex.jpg", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https://ada:secret@example.com/rex.jpg", "a user or a password"),
        ("https://token@example.com/rex.jpg", "a user or a password"),
        ("https:///rex.jpg", "host"),
        ("https://localhost/rex.jpg", "host"),
        ("https://LOCALHOST./rex.jpg", "host"),
        ("https://nas/rex.jpg", "host"),
        ("https://nas.local/rex.jpg", "host"),
        ("https://db.internal/rex.jpg", "host"),
        ("https://127.0.0.1/rex.jpg", "host"),
        ("https://10.1.2.3/rex.jpg", "host"),
        ("https://169.254.169.254/latest/meta-data", "host"),
        ("https://[::1]/rex.jpg", "host"),
        ("https://[fe80::1%25eth0]/rex.jpg", "host"),
        ("https://127.1/rex.jpg", "host"),
        ("https://0x7f.0.0.0x1/rex.jpg", "host"),
        ("https://example.com:99999/rex.jpg", "port"),
        ("https://example.com/re x.jpg", "spaces"),
        ("https://exämple.com/rex.jpg", "non-ASCII"),
        ("https://example.com/" + "x" * LONGEST_LINK, "too long"),
    ],
)
def test_other_addresses_are_refused_without_repeating_them(link: str, why: str) -> None:
    with pytest.raises(MalformedLink) as refused:
        checked_link(link)
    assert why in refused.value.message
    assert "secret" not in refused.value.message
    assert refused.value.exit_code == 2


def test_the_name_of_the_file_is_the_last_part_of_its_path() -> None:
    assert name_in_link("https://example.com/a/rex%20one.jpg?size=2") == "rex one.jpg"
    assert name_in_link("https://example.com") == "file"
    assert name_in_link("https://example.com/%1b[31m.jpg") == "[31m.jpg"

"""The map of companies to databases: a list in the environment, or a private file."""

from pathlib import Path

import pytest

from petmsg.workflows.companies import BadOrgUrls, Company, companies

PAWS = Company("paws", "postgresql://ann:s3cret@db/paws", {})


def of(value: str, **more: str) -> list[Company]:
    return list(companies({"PETMSG_ORG_URLS": value, **more}).values())


def test_without_the_setting_there_is_no_map() -> None:
    assert companies({}) == {}
    assert of(" ") == []


def test_a_list_names_companies_in_its_order() -> None:
    value = f"paws={PAWS.url} tails=/srv/tails.db\n  tails.media=/srv/tails-media"
    value += " paws.direct=postgresql://db:5432/paws?options=-csearch_path=a"
    assert of(value) == [
        PAWS._replace(
            own={"PETMSG_DIRECT_DATABASE_URL": "postgresql://db:5432/paws?options=-csearch_path=a"}
        ),
        Company("tails", "/srv/tails.db", {"PETMSG_MEDIA_DIR": "/srv/tails-media"}),
    ]


def test_an_address_may_hold_commas() -> None:
    url = "postgresql://a:5432,b:5432/paws?options=-csearch_path=a,b&target_session_attrs=any"
    assert of(f"paws={url}") == [Company("paws", url, {})]


def test_a_file_has_one_a_line_and_remarks(tmp_path: Path) -> None:
    file = tmp_path / "companies"
    file.write_text(f"# ours\n\npaws={PAWS.url}\n")
    file.chmod(0o600)
    assert of(str(file)) == [PAWS]
    assert of("~/companies", HOME=str(tmp_path)) == [PAWS]
    file.chmod(0o640)
    with pytest.raises(BadOrgUrls, match="readable by others"):
        of(str(file))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("paws=postgresql://ann:s3cret@db/x nonsense", "Entry 2 of the list"),
        ("paws=/a.db paws=postgresql://ann:s3cret@db/x", "'paws' twice"),
        ("paws=/a.db,tails=postgresql://ann:s3cret@db/x", "Entry 1 of the list .* several"),
        ("paws=postgresql://ann:s3cret@db/x;tails=sqlite:////b.db", "seems to be several"),
        ("paws=/a.db paws.colour=s3cret", "'paws.colour'"),
        ("paws=/a.db tails.media=/s3cret", "no address of company 'tails'"),
        ("/nowhere/companies", "cannot be read: No such file"),
        ("/", "not a regular file"),
    ],
)
def test_what_is_wrong_is_said_without_an_address(value: str, words: str) -> None:
    with pytest.raises(BadOrgUrls, match=words) as caught:
        of(value)
    assert "s3cret" not in caught.value.message + caught.value.hint

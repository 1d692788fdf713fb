"""Which column each header of a file means."""

from collections.abc import Sequence

import pytest

from petmsg.errors import MalformedFile, OutOfRange, UsageProblem
from petmsg.spreadsheets.columns import BOOKING, CLIENT, NUMBER, SITTER, Layout, plain_layout
from petmsg.spreadsheets.header import Plan, parse_map, plan


def planned(
    header: Sequence[str], layout: Layout = CLIENT, *, is_strict: bool = False, **saved: str
) -> Plan:
    return plan(header, layout, maps={}, saved=saved, is_strict=is_strict)


def targets(found: Plan) -> dict[str, str]:
    return {each.header: each.target for each in found.meanings}


@pytest.mark.parametrize(
    ("layout", "header", "meant"),
    [
        (CLIENT, ("Client Name", "Phone Number", "Kind"), ("name", "phone", "kind")),
        (BOOKING, ("Appt #", "Walker Assigned", "Client", "Appt Start", "Job Duration"),
         ("ref", "sitter", "client", "starts_at", "duration")),
        (BOOKING,
         ("Order ID", "Assigned Walker", "Client", "Check-In Date/Time", "Pick Up Date/Time"),
         ("ref", "sitter", "client", "starts_at", "ends_at")),
        (CLIENT, ("FIRST NAME", "last_name", "Cell"), ("first_name", "last_name", "phone")),
        (CLIENT, ("ownerFirstName", "ownerLastName", "Owner Cell Phone*"),
         ("first_name", "last_name", "phone")),
        (CLIENT, ("Name", "phone", "phone2", "Phone #3"), ("name", "phone", "phone2", "phone2")),
        (CLIENT, ("Name", "Cell", "Home", "Work"), ("name", "phone", "phone2", "phone2")),
        (CLIENT, ("Client #", "Client", "Phone #"), ("ref", "name", "phone")),
        (CLIENT, ("Client", "Phone(s)", "Phone Type"), ("name", "phone", "phone_label")),
        (SITTER, ("Employee #", "Employee", "Cell #"), ("ref", "name", "phone")),
        (BOOKING, ("Booking #", "Client #", "When"), ("ref", "client", "when")),
        (BOOKING, ("First Name", "Last Name", "Start", "End", "Canceled"),
         ("client_first_name", "client_last_name", "starts_at", "ends_at", "cancelled")),
        (NUMBER, ("Number", "Purpose"), ("e164", "class")),
        (SITTER, ("Pet Sitter", "Mobile"), ("name", "phone")),
        (BOOKING, ("Client", "Staff", "Start Date", "Start Time", "End Date", "End Time"),
         ("client", "sitter", "start_date", "start_time", "end_date", "end_time")),
        (BOOKING, ("Customer Name", "Date", "Start Time", "Duration"),
         ("client", "date", "start_time", "duration")),
        (NUMBER, ("Phone Number", "Class"), ("e164", "class")),
        (NUMBER, ("e164", "class"), ("e164", "class")),
    ],
)  # fmt: skip
def test_what_people_call_a_column(
    layout: Layout, header: tuple[str, ...], meant: tuple[str, ...]
) -> None:
    assert targets(planned(header, layout)) == dict(zip(header, meant, strict=True))


def test_the_mobile_phone_is_the_first_one_wherever_it_stands() -> None:
    found = planned(("Name", "Home Phone", "Phone", "Mobile"))
    assert (found.places("phone"), found.places("phone2")) == ((3, 2), (1,))


def test_a_label_belongs_to_the_phone_whose_header_it_shares() -> None:
    found = planned(
        ("Name", "Phone 1 - Type", "Phone 1 - Value", "Phone 2 - Type", "Phone 2 - Value", "Phone")
    )
    assert found.labels == {2: 1, 4: 3}
    assert planned(("Name", "Phone Number", "Phone Type")).labels == {1: 2}


def test_a_home_without_a_cell_beside_it_may_be_an_address() -> None:
    assert planned(("Name", "Phone", "Home")).unknown == ("Home",)
    assert planned(("Pet Sitter", "Cell", "Home"), SITTER).unknown == ("Home",)


def test_of_two_headers_for_one_column_the_better_one_is_used() -> None:
    found = planned(("Name", "Client Name", "Phone"))
    assert (targets(found)["Client Name"], found.unused) == ("name", ("Name",))


@pytest.mark.parametrize(
    ("header", "ignored"),
    [
        (("Client", "Start", "End", "Booking Date"), ("Booking Date",)),
        (("Client", "Check-In Date", "Check-In Time", "Length", "Booking Time", "Reservation Date"),
         ("Booking Time", "Reservation Date")),
        (("Client", "Booking Date", "Booking Time"), ()),
        (("Client", "Booking Date", "Start Time", "End Time"), ()),
    ],
)  # fmt: skip
def test_beside_a_start_the_date_of_a_booking_is_when_it_was_made(
    header: tuple[str, ...], ignored: tuple[str, ...]
) -> None:
    assert planned(header, BOOKING).unknown == ignored


def test_it_is_the_date_where_that_was_said() -> None:
    header = ("Client", "Start", "End", "Booking Date")
    found = planned(header, BOOKING, **{"booking date": "date"})
    assert targets(found)["Booking Date"] == "date"


def test_a_saved_column_that_this_noun_does_not_have_takes_nothing() -> None:
    found = planned(("Client", "Start", "End", "Cell"), BOOKING, cell="phone")
    assert "Cell" not in targets(found)


def test_a_header_twice_is_refused_with_the_map_that_ignores_one() -> None:
    with pytest.raises(MalformedFile, match="twice") as refused:
        planned(("Client Name", "client_name", "Phone"))
    assert "--map" in refused.value.hint


def test_a_missing_column_names_the_nearest_header() -> None:
    with pytest.raises(MalformedFile) as refused:
        planned(("Client Name", "Pone Number", "Colour"))
    assert refused.value.message == "The column phone is missing."
    assert refused.value.hint == "Is it 'Pone Number'? Then add --map 'Pone Number=phone'."


def test_a_missing_column_that_is_like_no_header_names_all() -> None:
    with pytest.raises(MalformedFile) as refused:
        planned(("Client Name", "Colour"))
    assert "--map 'Header=phone'" in refused.value.hint
    assert "'Colour'" in refused.value.hint


def test_a_missing_class_can_be_given_by_an_option() -> None:
    with pytest.raises(MalformedFile) as refused:
        planned(("Phone Number", "Friendly Name"), NUMBER)
    assert refused.value.hint.endswith("--class sitter")
    assert planned(("Phone Number",), NUMBER.without_required(["class"])).has("e164")


def test_with_a_ref_nothing_else_is_required_but_a_typing_mistake_is_one() -> None:
    assert targets(planned(("ref", "kind"))) == {"ref": "ref", "kind": "kind"}
    with pytest.raises(MalformedFile, match="phone"):
        planned(("ref", "name", "fone"))


def test_an_unknown_column_is_kept_aside_or_refused() -> None:
    assert planned(("name", "phone", "Vet")).unknown == ("Vet",)
    with pytest.raises(MalformedFile, match="Unknown column 'Vet'"):
        planned(("name", "phone", "Vet"), is_strict=True)


def test_the_reason_of_a_refusal_and_an_empty_header_are_ignored_without_a_word() -> None:
    assert planned(("name", "phone", "reason", ""), is_strict=True).unknown == ()


def test_a_map_is_before_a_saved_one_and_that_before_an_alias() -> None:
    header = ("Name", "Phone", "Cell")
    saved = {"phone": "", "cell": "phone"}
    found = plan(header, CLIENT, maps={}, saved=saved, is_strict=False)
    assert targets(found) == {"Name": "name", "Cell": "phone"}
    found = plan(header, CLIENT, maps={"phone": "phone"}, saved=saved, is_strict=False)
    assert found.places("phone") == (1, 2)


def test_a_map_of_a_column_that_the_file_does_not_have_is_refused_a_saved_one_is_not() -> None:
    with pytest.raises(MalformedFile, match="no column 'kontakt'") as refused:
        plan(("Name", "Kontact"), CLIENT, maps={"kontakt": "phone"}, saved={}, is_strict=False)
    assert "Did you mean 'Kontact'?" in refused.value.hint
    assert planned(("Name", "Phone"), kontakt="phone").unknown == ()


def test_maps_as_they_are_typed() -> None:
    assert parse_map("Tel. (mobil)=phone", CLIENT) == ("tel mobil", "phone")
    assert parse_map("A=B=phone3", CLIENT) == ("a b", "phone2")
    assert parse_map("Notes=", CLIENT) == ("notes", "")
    for bad in ("Notes", "=phone", " = "):
        with pytest.raises(UsageProblem, match="Invalid map"):
            parse_map(bad, CLIENT)
    with pytest.raises(OutOfRange, match="Unknown column 'fone'") as refused:
        parse_map("Notes=fone", CLIENT)
    assert "Did you mean phone or phone2?" in refused.value.hint


def test_a_file_for_petmsg_has_petmsgs_columns_only() -> None:
    layout = plain_layout(("ref", "body"), ("ref",))
    assert targets(planned(("Ref", "body"), layout, is_strict=True)) == {
        "Ref": "ref",
        "body": "body",
    }
    with pytest.raises(MalformedFile) as refused:
        planned(("body",), layout, is_strict=True)
    assert refused.value.hint == "The columns are ref,body."

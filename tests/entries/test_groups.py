"""Groups of authors: their limits, who may not be in one, and what a group counts for."""

from __future__ import annotations

from datetime import date

import pytest

from contest.contests.models import RoleGrant
from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.entries import services
from contest.entries.checks import missing
from contest.entries.coauthors import Member, group_state, save_coauthors
from contest.entries.drafting import today_of
from contest.entries.eligibility import require_no_entry
from contest.entries.models import Entry
from contest.entries.persons import Person, counted_entries, people_behind, same_person
from contest.entries.shown import author_shown
from contest.judging.conflicts import conflicts_of
from contest.screening.leaks import identity_leaks
from tests.conftest import START
from tests.factories import make_contest, make_staff, make_unit, make_user, sign_in
from tests.factories.entries import changed_contest, make_draft, submit_draft

TODAY = today_of(START)
LY = Member(name="Lý Thị Mận", phone="0912 345 678", birth_date=date(1990, 2, 3))


def told(entry: Entry) -> set[str]:
    return {item.message for item in missing(entry, TODAY)}


def join(entry: Entry, *members: Member) -> Entry:
    save_coauthors(entry=entry, seen=group_state(entry), members=members, now=START)
    return entry


def member(number: int, **values) -> Member:
    return Member(
        **{
            "name": f"Tác Giả {number}",
            "phone": f"0988 000 {number:03}",
            "birth_date": date(1980, 1, 1 + number),
            **values,
        }
    )


@pytest.mark.parametrize(("others", "taken"), [(1, True), (4, True), (5, False)])
def test_a_group_has_at_most_so_many_authors(app, others, taken):
    entry = join(make_draft(make_contest()), *(member(number) for number in range(others)))
    assert (told(entry) == set()) is taken


def test_the_second_contest_takes_groups_of_three(app):
    contest = make_contest(1)
    assert contest.rules.eligibility.group_max == 3


def test_without_the_field_a_group_has_at_most_five_and_one_means_nobody_else(app):
    contest = changed_contest(lambda rules: rules["eligibility"].pop("group_max"))
    assert contest.rules.eligibility.group_max == 5


def test_single_authors_only(app, client):
    contest = changed_contest(lambda rules: rules["eligibility"].update(group_max=1))
    entry = make_draft(contest)
    sign_in(client, entry.author)
    assert client.get(f"/viet/{entry.public_id}/nhom-tac-gia").status_code == 404
    join(entry, LY)
    assert told(entry) == {"This contest takes entries of single authors: remove the co-authors."}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "Give the real name of co-author number %(number)s."),
        ({"birth_date": None}, "Give the date of birth of %(name)s."),
        ({"birth_date": date(2012, 3, 21)}, "%(name)s must be at least %(age)s years old on the day of submission."),
        ({"phone": ""}, "Give a telephone number at which %(name)s can be reached."),
        ({"phone": "0912"}, "The telephone number of %(name)s lacks digits."),
        ({"birth_date": date(2012, 3, 20)}, "Name the legal representative of %(name)s."),
        (
            {"birth_date": date(2012, 3, 20), "guardian_name": "Lý Văn Cả"},
            "The legal representative of %(name)s has to agree.",
        ),
    ],
)
def test_each_rule_about_a_co_author_has_its_own_message(app, change, message):
    entry = join(make_draft(make_contest()), LY._replace(**change))
    assert message in told(entry)


def test_a_child_of_fifteen_joins_with_consent_and_a_grown_up_needs_none(app):
    entry = make_draft(make_contest())
    child = LY._replace(birth_date=date(2012, 3, 20), guardian_name="Lý Văn Cả", guardian_consent=True)
    assert told(join(entry, child)) == set()
    join(entry, LY._replace(birth_date=date(2009, 3, 20), guardian_name="Lý Văn Cả", guardian_consent=True))
    assert told(entry) == set()
    assert (entry.coauthors[0].guardian_name, entry.coauthors[0].guardian_consent) == ("", False)


def test_nobody_stands_in_a_group_twice(app):
    entry = make_draft(make_contest())
    join(entry, LY, LY._replace(name="Mận Lý"))
    assert any("stands in the group twice" in message for message in told(entry))


def test_the_leader_answers_for_the_group(app):
    entry = join(make_draft(make_contest()), LY)
    assert "group" in services.declarations_of(entry)
    submit_draft(entry)
    assert "group" in entry.declarations


def test_a_group_counts_for_each_of_its_members(app):
    contest = make_contest()
    for _ in range(3):
        submit_draft(join(make_draft(contest), LY))
    fourth = join(make_draft(contest), LY._replace(phone="+84 912.345.678", name="Mận"))
    with pytest.raises(Refused, match="already an author") as refusal:
        submit_draft(fourth)
    assert refusal.value.params["name"] == "Mận"
    own = make_draft(contest, author_name="lý thị mận", birth_date=date(1990, 2, 3))
    with pytest.raises(Refused) as own_refusal:
        submit_draft(own)
    assert own_refusal.value.code == "too_many"


def test_a_withdrawn_entry_frees_its_place_and_one_sent_again_counts_once(app):
    contest, author = make_contest(), make_user()
    entries = [make_draft(contest, author) for _ in range(3)]
    for entry in entries:
        submit_draft(entry)
    with pytest.raises(Refused, match="at most"):
        make_draft(contest, author)
    again = services.start_replacing(entry=entries[0], actor=author, now=START)
    submit_draft(again)
    who = Person(author.name, "", None, author.id)
    assert counted_entries(contest.id, "A", [who]) == [3]
    services.withdraw(entry=entries[1], actor=author, now=START)
    assert counted_entries(contest.id, "A", [who]) == [2]
    submit_draft(make_draft(contest, author))


def test_a_member_added_while_replacing_is_counted(app):
    contest = make_contest()
    for _ in range(3):
        submit_draft(join(make_draft(contest), LY))
    entry = make_draft(contest)
    submit_draft(entry)
    draft = join(services.start_replacing(entry=entry, actor=entry.author, now=START), LY)
    with pytest.raises(Refused, match="already an author"):
        submit_draft(draft)


def test_an_assisted_account_of_the_same_person_counts(app):
    contest = make_contest()
    own = make_user(phone="+84912345678", email=None)
    for _ in range(3):
        submit_draft(make_draft(contest, own, author_phone="0912345678"))
    helped = make_user(email=None, assisted=True)
    draft = make_draft(contest, helped, author_phone="0912 345 678")
    with pytest.raises(Refused, match="at most"):
        submit_draft(draft)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (Person("A B", account=1), Person("C D", account=1), True),
        (Person("A B", account=1), Person("A B", account=2), False),
        (Person("Lý Mận", "0912345678"), Person("Mận", "+84 912 345 678"), True),
        (Person("Lý Mận", "12345"), Person("Mận", "12345"), False),
        (Person("Lý Mận", born=date(1990, 1, 1)), Person("ly man", born=date(1990, 1, 1)), True),
        (Person("Lý Mận", born=date(1990, 1, 1)), Person("Lý Mận", born=date(1990, 1, 2)), False),
        # A telephone in a family: two people when both dates of birth are known and differ.
        (Person("Mẹ", "0912345678", date(1970, 1, 1)), Person("Con", "0912345678", date(2005, 1, 1)), False),
        (Person("", ""), Person("", ""), False),
    ],
)
def test_who_is_the_same(one, two, same):
    assert same_person(one, two) is same
    assert same_person(two, one) is same


@pytest.mark.parametrize("role", ["organiser", "secretary", "judge"])
def test_staff_are_barred_from_groups(app, role):
    contest = make_contest()
    make_staff(contest, role, make_user(phone="+84912345678"))
    entry = join(make_draft(contest), LY)
    with pytest.raises(Refused, match="holds a role") as refusal:
        submit_draft(entry)
    assert refusal.value.code == "barred_coauthor"


def test_relatives_of_the_jury_are_barred_from_groups(app):
    contest = make_contest()
    judge = make_staff(contest, "judge")
    grant = db.session.query(RoleGrant).filter_by(user_id=judge.id).one()
    grant.relatives = "Lý Thị Mận (con gái)"
    db.session.flush()
    entry = join(make_draft(contest), LY)
    with pytest.raises(Refused, match="close relative"):
        submit_draft(entry)


def test_a_co_author_takes_no_role(app):
    contest = make_contest()
    member = make_user(phone="+84912345678")
    submit_draft(join(make_draft(contest), LY))
    with pytest.raises(Refused, match="has an entry"):
        require_no_entry(contest, member)


def test_co_authors_make_conflicts_of_interest(app):
    contest, unit = make_contest(), make_unit()
    entry = make_draft(contest)
    join(entry, LY._replace(unit=unit))
    submit_draft(entry)
    phone, colleague, relative = make_user(phone="+84912345678"), make_user(), make_user()
    make_staff(contest, "judge", phone)
    make_staff(contest, "judge", colleague, unit=unit)
    make_staff(contest, "judge", relative)
    db.session.query(RoleGrant).filter_by(user_id=relative.id).one().relatives = "Vợ: Lý Thị Mận"
    db.session.flush()
    assert conflicts_of(entry, phone.id) == {"own_entry"}
    assert conflicts_of(entry, colleague.id) == {"own_unit"}
    assert conflicts_of(entry, relative.id) == {"relative"}


def test_names_and_numbers_of_co_authors_are_leaks(app):
    entry = make_draft(
        make_contest(), title="Chuyện của Lý Thị Mận", body="Gọi 0912.345.678 nhé, bút danh Hoa Mua Tím " + "chữ " * 600
    )
    join(entry, LY._replace(pen_name="Hoa Mua Tím"))
    assert {leak.what for leak in identity_leaks(entry)} == {"name", "phone", "pen_name"}


def test_names_are_shown_together_a_child_by_the_given_name(app):
    entry = make_draft(make_contest(), author_name="Trần Văn Đầu")
    child = LY._replace(birth_date=date(2011, 5, 5), guardian_name="Lý Văn Cả", guardian_consent=True)
    join(entry, child, member(7, pen_name="Bút Đỏ"))
    submit_draft(entry)
    assert author_shown(entry) == "Trần Văn Đầu, Mận, Bút Đỏ"
    assert "ly thi man" in entry.author_key


def test_the_same_person_has_one_name_on_all_entries(app):
    contest = make_contest()
    one = make_draft(contest)
    two = make_draft(contest)
    three = make_draft(contest)
    join(one, LY)
    join(two, LY._replace(name="Mận"))
    people = people_behind([one.id, two.id, three.id])
    assert people[one.id] & people[two.id]
    assert not people[one.id] & people[three.id]
    assert len(people[one.id]) == 2


def test_another_window_overwrites_nothing(app):
    entry = make_draft(make_contest())
    seen = group_state(entry)
    join(entry, LY)
    with pytest.raises(Conflict):
        save_coauthors(entry=entry, seen=seen, members=[member(1)], now=START)
    save_coauthors(entry=entry, seen=seen, members=[LY], now=START)
    assert [each.name for each in entry.coauthors] == ["Lý Thị Mận"]


def test_a_draft_with_a_group_can_be_given_up_and_sent_again(app):
    entry = join(make_draft(make_contest()), LY)
    submit_draft(entry)
    draft = services.start_replacing(entry=entry, actor=entry.author, now=START)
    assert [each.name for each in draft.coauthors] == ["Lý Thị Mận"]
    join(draft)
    submit_draft(draft)
    assert entry.coauthors == []
    again = services.start_replacing(entry=entry, actor=entry.author, now=START)
    join(again, LY)
    services.discard_draft(entry=again, actor=entry.author, now=START)
    assert entry.coauthors == []


def test_the_page_of_the_group(client, app):
    entry = make_draft(make_contest())
    sign_in(client, entry.author)
    address = f"/viet/{entry.public_id}/nhom-tac-gia"
    assert address in client.get(f"/viet/{entry.public_id}/thong-tin").text
    assert client.get(address).status_code == 200
    typed = {"seen": group_state(entry), "rows": "1", "member-1-name": "Lý Thị Mận", "member-1-phone": "0912345678"}
    bad = client.post(address, data={**typed, "member-1-born-day": "40"})
    assert bad.status_code == 422
    assert 'value="Lý Thị Mận"' in bad.text
    assert client.post(address, data={**typed, "go": "more"}).status_code == 303
    db.session.expire_all()
    assert [each.name for each in entry.coauthors] == ["Lý Thị Mận"]
    assert client.post(address, data={**typed, "member-1-name": "Khác"}).status_code == 409
    assert "Lý Thị Mận" in client.get(f"/viet/{entry.public_id}/kiem-tra").text

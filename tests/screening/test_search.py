"""The secretariat's list: search that forgives accents, pages that hold still, odd addresses."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contest.core.db import db
from contest.core.errors import Refused
from contest.entries import services
from contest.screening.rules import VIEWS_MOST
from contest.screening.search import PAGE, Wanted, find_entries, next_in_list, wanted_of
from contest.screening.services import save_view
from tests.conftest import START
from tests.factories import make_contest, make_staff, make_unit, make_user
from tests.factories.entries import make_accepted, make_draft, make_submitted, secretary_of, verify, words

# (what the entry says, what is typed, found without accents, found exactly)
PAIRS = [
    ("Người tốt, việc tốt", "nguoi tot", True, False),
    ("Người tốt, việc tốt", "Người tốt", True, True),
    ("Người tốt, việc tốt", "NGƯỜI TỐT", True, None),
    ("Đồi cằn trổ hoa", "doi can", True, False),
    ("Đồi cằn trổ hoa", "ðồi", False, False),
    ("Chuyện hòa giải", "hoà", True, False),
    ("Chuyện hoà giải", "hòa", True, False),
    ("Cây quý", "quy", True, False),
    ("Ngươ\u0300i tha\u0323\u0302t", "người thật", True, True),
    ("Người thật", "ngươ\u0300i", True, True),
    ("Chiếc ví", "vi chiec", True, False),
    ("Chiếc ví", "chợ", False, False),
    ("Lãi 100%", "100%", True, True),
    ("Lãi 1000", "100%", False, False),
    ("Lớp a_b", "a_b", True, True),
    ("Lớp axb", "a_b", False, False),
    ("Ông Ẩn", "an", True, False),
    ("Huyền Ưu", "uu", True, False),
]


def found(contest, **wanted):
    return [entry.title for entry in find_entries(contest.id, Wanted(**wanted), START).entries]


@pytest.mark.parametrize(("title", "typed", "folded", "exact"), PAIRS)
def test_accents_are_forgiven_or_not(app, title, typed, folded, exact):
    contest = make_contest()
    entry = make_submitted(contest, title=title, body=words(10))
    wanted = wanted_of({"tim": typed})
    assert bool(find_entries(contest.id, wanted, START).entries) is folded
    if exact is not None:
        wanted = wanted_of({"tim": typed, "dung-dau": "1"})
        assert bool(find_entries(contest.id, wanted, START).entries) is exact
    assert entry.state == "submitted"


def test_where_words_are_looked_for(app):
    contest = make_contest()
    make_submitted(
        contest, make_user("Lê Thị Bưởi"), title="Một", body="Chuyện vườn", exemplar_name="Ông Cam", pen_name="Quýt"
    )
    accepted = make_accepted(contest, title="Hai")
    make_draft(contest, title="Ba bưởi")
    for text in ("buoi", "cam", "quyt", "vuon", "buoi cam quyt vuon mot"):
        assert found(contest, text=text) == ["Một"]
    assert found(contest, text=accepted.blind_code.lower()) == []
    assert found(contest, text="buoi cam hai") == []


def test_filters(app):
    contest = make_contest()
    unit, other = make_unit(), make_unit()
    secretary_of(contest)
    make_submitted(contest, title="nộp", unit=unit)
    services.withdraw(entry=(gone := make_submitted(contest)), actor=gone.author, now=START)
    waiting = make_accepted(contest, title="chờ", unit=other, author_unit=unit)
    services.ask_units(contest=contest, entries=[waiting], actor=None, now=START)
    cleared = make_accepted(contest, title="rõ", unit=other)
    verify(cleared)
    doubted = make_accepted(contest, title="ngờ", unit=other)
    verify(doubted, "refuted", consent=None)
    make_accepted(contest, title="mới", unit=other)
    db.session.flush()
    assert sorted(found(contest)) == sorted(["nộp", "chờ", "rõ", "ngờ", "mới"])
    assert found(contest, state="submitted") == ["nộp"]
    assert found(contest, category="B") == []

    def of(later=START, unit_id=None, **wanted):
        return sorted(entry.title for entry in find_entries(contest.id, Wanted(**wanted), later, unit_id).entries)

    assert of(unit=unit.code, unit_id=unit.id) == ["chờ", "nộp"]
    assert of(check="not_asked") == ["mới"]
    assert of(check="waiting") == ["chờ"]
    assert of(check="late") == []
    assert of(START + timedelta(days=20), check="late") == ["chờ"]
    assert of(check="cleared") == ["rõ"]
    assert of(check="not_cleared") == ["ngờ"]


@pytest.mark.parametrize("sort", ["oldest", "newest", "longest", "shortest"])
def test_pages_hold_each_entry_once(app, monkeypatch, sort):
    monkeypatch.setattr("contest.screening.search.PAGE", 4)
    contest = make_contest()
    for number in range(11):
        # Equal times and lengths: the row itself must break the tie.
        now = START + timedelta(microseconds=number // 3)
        make_submitted(contest, title=f"Bài {number}", body=words(10 + number // 3), now=now)
    seen: list[str] = []
    after = ""
    for _ in range(5):
        page = find_entries(contest.id, Wanted(sort=sort, after=after), START)
        assert page.total == 11
        seen += [entry.title for entry in page.entries]
        if not page.next:
            break
        after = page.next
        # Entries that arrive meanwhile shift nothing that was shown.
    assert len(seen) == len(set(seen)) == 11


def test_the_next_of_the_list(app):
    contest = make_contest()
    entries = [make_submitted(contest, title=str(number), now=START + timedelta(seconds=number)) for number in range(3)]
    wanted = Wanted()
    following = [next_in_list(contest.id, wanted, START, None, entry) for entry in entries]
    assert following == [entries[1].public_id, entries[2].public_id, None]


@pytest.mark.parametrize(
    "arguments",
    [
        {"sau": "99999999999999999999999999.1"},
        {"sau": "99999999999999999.999999999999999999"},
        {"sau": "-1.1"},
        {"sau": "1.1", "sap-xep": "longest"},
        {"sau": "99999999999.1", "sap-xep": "longest"},
        {"sau": "١.١"},
        {"sau": "\x00"},
        {"tim": "\x00\ud800"},
        {"tim": "%"},
        {"tim": "_"},
        {"tim": "\\"},
        {"tim": "'; DROP TABLE entry; --"},
        {"tim": "x" * 5000},
        {"tim": " ".join("ab" for _ in range(100))},
        {"hang-muc": "\x00"},
        {"don-vi": "\x00"},
        {"trang-thai": "draft"},
        {"trang-thai": "withdrawn"},
        {"sap-xep": "id; DROP"},
        {"xac-minh": "nothing"},
    ],
)
def test_odd_addresses_do_no_harm(app, arguments):
    contest = make_contest()
    make_submitted(contest)
    make_draft(contest)
    page = find_entries(contest.id, wanted_of(arguments), START)
    assert all(entry.state == "submitted" for entry in page.entries)
    assert PAGE == 50


def test_views_are_kept_to_a_number_and_named_anew(app):
    contest = make_contest()
    secretary = make_staff(contest, "secretary")

    def keep(name):
        return save_view(contest=contest, name=name, arguments={"tim": "x"}, actor=secretary, now=START)

    for number in range(VIEWS_MOST):
        keep(f"Góc {number}")
    keep("Góc 0")
    with pytest.raises(Refused):
        keep("Góc nữa")

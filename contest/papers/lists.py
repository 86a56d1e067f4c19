"""Lists that come of decided results: prizes, proposals for commendations of the State, guests, money.

Rows of plain text and numbers, in Vietnamese, for a paper, a spreadsheet or a document. Personal data is on
them: they are the organisers' alone. Nothing is listed before the results are decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from contest.contests.models import Contest, RoleGrant
from contest.contests.ruleset import Prize
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.formats import day, money, money_words, number
from contest.core.text import name_sort_key
from contest.papers.certificates import decided_results, people_of, standing_awards, standing_unit_awards
from contest.results.models import ResultSet
from contest.results.models_after import Amendment
from contest.results.queries import AwardAt, UnitAwardAt, amendments_at

STATE_KINDS = {"giay-khen": "Giấy khen", "bang-khen": "Bằng khen"}
ROLES = {
    "organiser": "Thành viên Ban Tổ chức",
    "chair": "Trưởng Ban Giám khảo",
    "judge": "Thành viên Ban Giám khảo",
    "secretary": "Thành viên Tổ Thư ký",
    "press": "Phóng viên, biên tập viên",
    "observer": "Quan sát viên",
}


class List(NamedTuple):
    """A list: `widths` in millimetres for a page (0 takes the rest), `align` a letter a column.

    Cells are text, or whole numbers that a spreadsheet can add up. `money` names the columns with amounts.
    """

    name: str
    title: str
    notes: tuple[str, ...]
    head: tuple[str, ...]
    widths: tuple[int, ...]
    align: str
    rows: list[tuple[Any, ...]]
    total: tuple[Any, ...] = ()
    after: tuple[str, ...] = ()
    money: tuple[int, ...] = ()
    wide: bool = False
    to_sign: bool = False

    def shown(self, cells: Sequence[Any]) -> list[str]:
        """A row as it stands on paper: amounts with their points."""
        return [number(each) if isinstance(each, int) and at else str(each) for at, each in enumerate(cells)]


class _Given(NamedTuple):
    """Prizes of decided results, in the order of the rules."""

    contest: Contest
    result_set: ResultSet
    awards: list[AwardAt]
    units: list[UnitAwardAt]
    amendments: Sequence[Amendment]

    def prize(self, prize_id: str) -> Prize | None:
        return self.contest.rules.find_prize(prize_id)

    def prize_name(self, prize_id: str) -> str:
        prize = self.prize(prize_id)
        if prize is None:
            return prize_id
        return f"{prize.name.vi}, hạng\u00a0mục\u00a0{prize.category}" if prize.category else prize.name.vi


def _given(contest: Contest, now: datetime) -> _Given:
    result_set = decided_results(contest)
    order = {prize.id: at for at, prize in enumerate(contest.rules.prizes)}
    # Stable: within a prize as they are told.
    awards = sorted(standing_awards(result_set, now), key=lambda each: order.get(each.award.prize_id, len(order)))
    return _Given(contest, result_set, awards, standing_unit_awards(result_set, now), amendments_at(contest.id, now))


def authors_of(award: AwardAt) -> str:
    return ", ".join(name for _, name in people_of(award))


def unit_of(award: AwardAt) -> str:
    """Where an author works, or else lives."""
    entry = award.award.entry
    return entry.author_unit.name if entry.author_unit else entry.author_address


def _annexed(given: _Given) -> str:
    """Which decisions the list follows: the one on the results, and those that changed them since."""
    result_set = given.result_set
    said = (
        f"Kèm theo Quyết định số {result_set.decision_number} ngày {day(result_set.decision_date)}"
        f" {result_set.decision_title or ''}"
    )
    since = ", ".join(f"số {each.decision_number} ngày {day(each.decision_date)}" for each in given.amendments)
    return f"({said.strip()}{f'; điều chỉnh theo Quyết định {since}' if since else ''})"


# The lists


def results_list(contest: Contest, now: datetime, _choice: Sequence[str] = ()) -> List:
    """Danh sách đạt giải: the annex to the decision."""
    given = _given(contest, now)
    rows: list[tuple[Any, ...]] = [
        (
            authors_of(each),
            unit_of(each),
            each.award.entry.title,
            each.award.entry.category,
            given.prize_name(each.award.prize_id),
        )
        for each in given.awards
    ]
    rows += [(each.award.unit.name, "", "", "", given.prize_name(each.award.prize_id)) for each in given.units]
    return List(
        "danh-sach-dat-giai",
        "Danh sách tác giả, tác phẩm đạt giải",
        (_annexed(given),),
        ("STT", "Tác giả, tập thể", "Đơn vị, địa chỉ", "Tác phẩm", "Hạng mục", "Giải thưởng"),
        (12, 0, 45, 62, 20, 52),
        "clllcl",
        _counted(rows),
        wide=True,
        after=(f"Danh sách này có {number(len(rows))} giải.",),
    )


def proposals(kind: str) -> Callable[[Contest, datetime, Sequence[str]], List]:
    """Danh sách đề nghị tặng giấy khen, bằng khen: a proposal to whoever may give one; never the paper itself."""

    def made(contest: Contest, now: datetime, choice: Sequence[str] = ()) -> List:
        given = _given(contest, now)
        seen: dict[tuple[str, str], list[str]] = {}
        for each in given.awards:
            if choice and each.award.prize_id not in choice:
                continue
            unit = unit_of(each)
            told = f"{given.prize_name(each.award.prize_id)}, tác phẩm “{each.award.entry.title}”"
            for _who, name in people_of(each):
                seen.setdefault((name, unit), []).append(told)
        for award in given.units:
            if not choice or award.award.prize_id in choice:
                seen.setdefault((award.award.unit.name, ""), []).append(given.prize_name(award.award.prize_id))
        rows = [(name, unit, f"Đạt {'; '.join(told)}", "") for (name, unit), told in seen.items()]
        title = STATE_KINDS[kind]
        return List(
            f"de-nghi-{kind}",
            f"Danh sách đề nghị tặng {title}",
            (_annexed(given), f"Thành tích: đạt giải tại {contest.rules.title.vi}."),
            ("STT", "Họ và tên, tập thể", "Chức vụ, đơn vị", "Tóm tắt thành tích", "Ghi chú"),
            (12, 60, 60, 0, 24),
            "cllll",
            _counted(rows),
            wide=True,
            after=(f"Danh sách này có {number(len(rows))} cá nhân, tập thể.",),
        )

    return made


def invitations(contest: Contest, now: datetime, _choice: Sequence[str] = ()) -> List:
    """Danh sách khách mời: winners, those written about, units, partners, and who worked for the contest."""
    given = _given(contest, now)
    rules, rows = contest.rules, []
    bodies = [
        rules.bodies.governing,
        *rules.bodies.partners,
        *([rules.bodies.observer] if rules.bodies.observer else []),
    ]
    rows += [(each.vi, "", "Đại biểu", "", "") for each in bodies]
    for each in given.awards:
        entry, why = each.award.entry, given.prize_name(each.award.prize_id)
        unit = entry.author_unit.name if entry.author_unit else ""
        rows.append((each.author or entry.author_name, unit, why, entry.author_address, entry.author_phone))
        rows += [(member.name, "", f"{why} (nhóm tác giả)", "", member.phone) for member in entry.coauthors]
    told: set[int] = set()
    for each in given.awards:
        exemplar = each.award.entry.exemplar
        if exemplar.id not in told and exemplar.name:
            told.add(exemplar.id)
            unit = exemplar.unit.name if exemplar.unit else ""
            what = f"Điển hình trong tác phẩm “{each.award.entry.title}”"
            rows.append((exemplar.name, unit, what, exemplar.address, exemplar.contact))
    rows += [(each.award.unit.name, "", given.prize_name(each.award.prize_id), "", "") for each in given.units]
    grants = db.session.scalars(
        select(RoleGrant)
        .where(RoleGrant.contest_id == contest.id, RoleGrant.ended_at.is_(None))
        .options(joinedload(RoleGrant.user), joinedload(RoleGrant.unit))
    ).all()
    for grant in sorted(grants, key=lambda each: (list(ROLES).index(each.role), name_sort_key(each.user.name))):
        unit = grant.unit.name if grant.unit else ""
        rows.append((grant.user.name, unit, ROLES[grant.role], "", grant.user.phone or ""))
    guests = _once(rows)
    return List(
        "khach-moi",
        "Danh sách khách mời dự lễ trao giải",
        (rules.title.vi,),
        ("STT", "Họ và tên, cơ quan", "Đơn vị", "Mời với tư cách", "Địa chỉ", "Điện thoại", "Ghi chú"),
        (12, 52, 45, 0, 40, 28, 18),
        "cllllll",
        _counted([(*row, "") for row in guests]),
        wide=True,
        after=(f"Danh sách này có {number(len(guests))} khách mời.",),
    )


def _once(rows: Sequence[tuple[str, str, str, str, str]]) -> list[tuple[str, ...]]:
    """Guests by name and how to reach them: who has several parts is invited once, in all of them."""
    parts: dict[tuple[str, str], list[tuple[str, str, str, str, str]]] = {}
    for row in rows:
        parts.setdefault((row[0], row[4]), []).append(row)
    return [
        (
            name,
            _first(each[1] for each in same),
            "; ".join(dict.fromkeys(each[2] for each in same)),
            _first(each[3] for each in same),
            phone,
        )
        for (name, phone), same in parts.items()
    ]


def _first(values: Iterable[str]) -> str:
    return next((each for each in values if each), "")


def budget(contest: Contest, now: datetime, _choice: Sequence[str] = ()) -> List:
    """Danh sách chi tiền thưởng: what each is paid, the sum in figures and in words, a place to sign for it."""
    given = _given(contest, now)
    rows: list[tuple[Any, ...]] = [
        (
            authors_of(each),
            unit_of(each),
            given.prize_name(each.award.prize_id),
            each.award.amount_vnd,
            "",
        )
        for each in given.awards
    ]
    rows += [
        (each.award.unit.name, "", given.prize_name(each.award.prize_id), each.award.amount_vnd, "")
        for each in given.units
    ]
    rows = [row for row in rows if row[3]]
    whole = sum(row[3] for row in rows)
    planned = contest.rules.budget_prizes_vnd
    return List(
        "chi-tien-thuong",
        "Danh sách chi tiền thưởng",
        (_annexed(given),),
        ("STT", "Họ và tên, tập thể", "Đơn vị, địa chỉ", "Giải thưởng", "Số tiền (đồng)", "Ký nhận"),
        (12, 0, 52, 55, 34, 32),
        "clllrl",
        _counted(rows),
        total=("", "Tổng cộng", "", "", whole, ""),
        after=(
            f"Số tiền bằng chữ: {money_words(whole)}.",
            f"Kinh phí giải thưởng theo Thể lệ: {money(planned)}; còn lại: {money(max(planned - whole, 0))}.",
        ),
        money=(4,),
        wide=True,
        to_sign=True,
    )


def _counted(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(at, *row) for at, row in enumerate(rows, start=1)]


LISTS: dict[str, Callable[[Contest, datetime, Sequence[str]], List]] = {
    "danh-sach-dat-giai": results_list,
    "de-nghi-giay-khen": proposals("giay-khen"),
    "de-nghi-bang-khen": proposals("bang-khen"),
    "khach-moi": invitations,
    "chi-tien-thuong": budget,
}


def make_list(contest: Contest, name: str, now: datetime, choice: Sequence[str] = ()) -> List:
    """The list of that name; `choice`: ids of the prizes wanted, none for all. Raises NotFound, Refused."""
    if name not in LISTS:
        raise NotFound(name)
    return LISTS[name](contest, now, choice)

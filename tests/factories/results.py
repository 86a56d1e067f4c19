"""A contest that has been judged and voted on, ready for its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert, select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import CODE_ALPHABET, db
from contest.entries.models import Entry
from contest.judging.models import Assignment, Sheet, SheetRevision
from contest.judging.services import ask_to_open, close_round, open_codes
from contest.results.models import ResultSet
from contest.results.models_after import PublicationCheck
from contest.results.queries import find_standing
from contest.results.rules import POINTS
from contest.results.services import approve, compute_results, enter_decision, release_posting
from contest.voting.models import Ballot, Choice, Voter
from tests.factories import make_contest, make_staff, make_user
from tests.factories.judging import make_finalist, make_panel, opening_of, spread_marks

_numbers = count(1)
NUMBER = "1408/QĐ-UBND"
STORY = (
    "Năm ấy đồi Đá Bạc chỉ còn sim với lau. Ông Sỹ vác cuốc lên, người trong thôn bảo ông dại.\n\n"
    "Mười hai năm sau, đồi xanh lại. Đất không phụ người, chỉ sợ người bỏ đất."
)


@dataclass
class World:
    """A contest with its finalists by title, and the people who announce its results."""

    contest: Contest
    first: User
    second: User
    chair: User
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def ready_at(self) -> datetime:
        """After the vote and the council: everything can be computed."""
        council = self.contest.rules.window("council")
        assert council is not None
        return council.closes + timedelta(hours=1)

    @property
    def official_at(self) -> datetime:
        return self.contest.rules.official_at

    @property
    def decided_on(self) -> date:
        step = self.contest.rules.instant("decision")
        assert step is not None
        return step.date()


def make_world(index: int = 0, contest: Contest | None = None) -> World:
    """A contest with two organisers and a head of jury."""
    contest = contest or make_contest(index)
    return World(
        contest,
        make_staff(contest, "organiser", make_user("Đỗ Thị Minh Nguyệt")),
        make_staff(contest, "organiser", make_user("Hoàng Văn Kiên")),
        make_staff(contest, "chair"),
    )


def judge_finalists(
    world: World, totals: Mapping[str, Any], category: str = "A", *, close: bool = True, **fields: Any
) -> list[Entry]:
    """Finalists of a category by title, each with the total that all its judges gave, and the round closed.

    A total may be a list: one for each judge.
    """
    contest = world.contest
    size = contest.rules.last_round.judges_per_entry
    judges = make_panel(contest, contest.rules.last_round.id, category, size)
    found = []
    for title, total in totals.items():
        values = {"title": title, "body": STORY, **fields}
        entry = make_finalist(contest, category, **values)
        given = list(total) if isinstance(total, Sequence) and not isinstance(total, str) else [total] * size
        _write_sheets(entry, judges, given)
        world.entries[title] = entry
        found.append(entry)
    if close:
        close_final(world, category)
    db.session.commit()
    return found


def _write_sheets(entry: Entry, judges: Sequence[User], totals: Sequence[Any]) -> None:
    """Final sheets as rows; the services that make them are tested where they are."""
    contest = entry.contest
    round_id = contest.rules.last_round.id
    at = opening_of(contest, round_id)
    for place, (judge, total) in enumerate(zip(judges, totals, strict=True), start=1):
        marks = spread_marks(contest, str(total))
        assignment = Assignment(entry=entry, judge=judge, round=round_id, place=place, assigned_at=at, impartial_at=at)
        revision = SheetRevision(
            number=1, marks={name: str(mark) for name, mark in marks.items()}, total=sum(marks.values()), at=at
        )
        db.session.add(Sheet(assignment=assignment, state="final", updated_at=at, revisions=[revision]))


def close_final(world: World, category: str = "A") -> None:
    """Lock the scores of a category."""
    round_id = world.contest.rules.last_round.id
    now = opening_of(world.contest, round_id) + timedelta(hours=1)
    close_round(contest=world.contest, round_id=round_id, category=category, actor=world.chair, now=now)
    open_map(world, category, now)


def open_map(world: World, category: str, now: datetime) -> None:
    """Open the codes of a category: one asks, another opens."""
    contest = world.contest
    ask_to_open(contest=contest, category=category, reason="Trước khi xét giải", actor=world.chair, now=now)
    open_codes(contest=contest, category=category, actor=world.first, now=now)


def cast_votes(world: World, votes: Mapping[str, int]) -> None:
    """So many ballots for each title, each with that one choice. Written as rows: there may be hundreds."""
    window = world.contest.rules.window("voting")
    assert window is not None
    at = window.opens + timedelta(hours=1)
    titles = [title for title, number in votes.items() for _ in range(number)]
    serials = [next(_numbers) for _ in titles]
    contest_id = world.contest.id
    db.session.execute(
        insert(Voter),
        [
            {"contest_id": contest_id, "tag": f"{serial:064x}", "order_seed": f"{serial:016x}", "created_at": at}
            for serial in serials
        ],
    )
    voters = dict(list(db.session.execute(select(Voter.tag, Voter.id))))
    db.session.execute(
        insert(Ballot),
        [
            {
                "ballot_id": number_of(serial),
                "tag": f"{serial:064x}",
                "scope": "contest",
                "contest_id": contest_id,
                "voter_id": voters[f"{serial:064x}"],
                "cast_at": at,
                "changed_at": at,
            }
            for serial in serials
        ],
    )
    ballots = dict(list(db.session.execute(select(Ballot.ballot_id, Ballot.id))))
    db.session.execute(
        insert(Choice),
        [
            {"ballot_id": ballots[number_of(serial)], "slot": 1, "entry_id": world.entries[title].id}
            for serial, title in zip(serials, titles, strict=True)
        ],
    )
    db.session.commit()


def number_of(serial: int) -> str:
    """A ballot's number, of the letters and digits that such numbers have."""
    return "".join(CODE_ALPHABET[serial // len(CODE_ALPHABET) ** at % len(CODE_ALPHABET)] for at in range(16))


def compute(world: World, now: datetime | None = None, *, checked: bool = True) -> ResultSet:
    """The results computed by the first organiser, and the awarded entries looked up (`make_checks`)."""
    found = compute_results(contest=world.contest, actor=world.first, now=now or world.ready_at)
    if checked:
        make_checks(world.contest, by=world.first, at=now or world.ready_at)
    db.session.commit()
    return found


def make_checks(
    contest: Contest,
    *,
    by: User,
    at: datetime,
    points: Sequence[str] = tuple(POINTS),
    entries: Sequence[Entry] | None = None,
    found: bool = False,
) -> None:
    """Entries (the awarded ones unless told) looked up at these points, as rows: no act, no line in the audit log."""
    standing = find_standing(contest.id)
    chosen = [award.entry for award in standing.awards] if entries is None and standing else entries or ()
    db.session.add_all(
        PublicationCheck(
            contest_id=contest.id, entry_id=entry_id, point=point, found=found, note="Đã tra cứu.", by_id=by.id, at=at
        )
        for point in points
        for entry_id in dict.fromkeys(entry.id for entry in chosen)
    )
    db.session.flush()


def decide(world: World, now: datetime | None = None) -> ResultSet:
    """The decision entered by the first organiser."""
    found = enter_decision(
        contest=world.contest,
        number=NUMBER,
        on=world.decided_on,
        signer="Phó Chủ tịch Lê Thị Hòa An",
        title="Công nhận kết quả Cuộc thi",
        actor=world.first,
        now=now or world.ready_at,
    )
    db.session.commit()
    return found


def publish(world: World, now: datetime | None = None) -> ResultSet:
    """Everything up to the second approval."""
    now = now or world.ready_at
    found = compute(world, now)
    if world.contest.rules.announcement.mode.startswith("provisional"):
        release_posting(contest=world.contest, actor=world.first, now=now)
        now = max(now, world.contest.rules.window("provisional").closes)  # type: ignore[union-attr]  # it has one
    decide(world, now)
    approve_as(world, world.first, now)
    approve_as(world, world.second, now)
    return found


def approve_as(world: World, actor: User, now: datetime) -> ResultSet:
    found = approve(contest=world.contest, typed_number=NUMBER, actor=actor, now=now)
    db.session.commit()
    return found


def make_results(index: int = 0) -> World:
    """Contest 1 judged in category A, with a tie and a readers' prize; nothing computed yet."""
    world = make_world(index)
    scale = 1 if index == 0 else 10
    totals = {"Đồi cằn trổ hoa": 90, "Chiếc ba lô màu xanh": 87, "Con kinh sạch": 85, "Bến đò đêm": 80, "Lớp học": 60}
    judge_finalists(world, {title: total / scale for title, total in totals.items()})
    cast_votes(world, {"Bến đò đêm": 120, "Lớp học": 90})
    return world

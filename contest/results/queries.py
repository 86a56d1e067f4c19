"""Who may see which results, and when: the embargo is the predicates at the top.

Publication is decided here, in the query, each time somebody asks; no job switches anything on.
Every surface (pages, feeds, search, files) reads results through `find_public_results`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload
from sqlalchemy.sql.base import ExecutableOption

from contest.contests.models import Contest, ContestStep, RoleGrant
from contest.contests.rules import PRESS
from contest.core.db import db
from contest.entries.models import Entry
from contest.entries.queries import eligible_to_advance
from contest.results.models import Award, PrizeWithheld, ResultSet
from contest.results.models_after import Amendment, PressTerms, UnitAward
from contest.results.rules import on_the_minute


def is_approved() -> ColumnElement[bool]:
    """Two people approved a decided result. It says nothing of its instant: nobody may read by this alone."""
    return and_(
        ResultSet.superseded_at.is_(None),
        ResultSet.first_approver_id.is_not(None),
        ResultSet.second_approver_id.is_not(None),
        ResultSet.decision_number.is_not(None),
        ResultSet.visible_from.is_not(None),
    )


def is_official(now: datetime) -> ColumnElement[bool]:
    """Two people approved a decided result, and its instant has come: `visible_from <= now`."""
    return and_(is_approved(), ResultSet.visible_from <= now)


def is_open_to(user_id: int, terms: str) -> ColumnElement[bool]:
    """Approved, and this person is of the press of that contest and accepted this version of the terms."""
    of_the_press = select(RoleGrant.id).where(
        RoleGrant.contest_id == ResultSet.contest_id,
        RoleGrant.user_id == user_id,
        RoleGrant.role == PRESS,
        RoleGrant.ended_at.is_(None),
    )
    accepted = select(PressTerms.id).where(
        PressTerms.contest_id == ResultSet.contest_id,
        PressTerms.user_id == user_id,
        PressTerms.text_version == terms,
    )
    return and_(is_approved(), of_the_press.exists(), accepted.exists())


def is_posted(now: datetime) -> ColumnElement[bool]:
    """A provisional result was released for posting, and its instant has come."""
    return and_(
        ResultSet.superseded_at.is_(None),
        ResultSet.posted_by_id.is_not(None),
        ResultSet.post_from <= now,
    )


def is_amended(now: datetime, amendment: type[Amendment] = Amendment) -> ColumnElement[bool]:
    """Two people approved an amendment, and its instant has come. `amendment`: an alias of it, in a join."""
    return and_(
        amendment.second_approver_id.is_not(None),
        amendment.called_off_at.is_(None),
        amendment.visible_from <= now,
    )


class PublicResults(NamedTuple):
    """What the public may see of a contest's results: official, or posted for remarks."""

    result_set: ResultSet
    standing: Literal["official", "provisional"]


def find_public_results(contest_id: int, now: datetime) -> PublicResults | None:
    """The results of a contest that anyone may see at `now`; None before their instant."""
    row = db.session.execute(
        select(ResultSet, is_official(now).label("official")).where(
            ResultSet.contest_id == contest_id, or_(is_official(now), is_posted(now))
        )
    ).one_or_none()
    return PublicResults(row[0], "official" if row[1] else "provisional") if row else None


def find_results_for_press(contest: Contest, user_id: int, terms: str, now: datetime) -> ResultSet | None:
    """The approved results that this person of the press may read before everybody; None where they may not.

    From the press instant of the rules; rules without one open nothing. The page of the press and its copies
    are all that asks here: everything else asks `find_public_results`, and so shows the press nothing early.
    """
    instant = contest.rules.announcement.press_early_access
    if instant is None or now < instant:
        return None
    return db.session.scalars(
        select(ResultSet).where(ResultSet.contest_id == contest.id, is_open_to(user_id, terms))
    ).one_or_none()


# What amendments make of results

STANDING, PROMOTED, REVOKED = "standing", "promoted", "revoked"
REPLACED = "replaced"  # given up for a higher prize that an amendment brought


class AwardAt(NamedTuple):
    """An award as it is at an instant. `state`: standing, promoted (an amendment brought it) or revoked.

    `amendment` is the one that brought it or took it back. `citation` and `author` are as corrected;
    `author` is None while nobody corrected the name.
    """

    award: Award
    state: str
    amendment: Amendment | None
    citation: str
    author: str | None

    @property
    def stands(self) -> bool:
        """Whether it is a prize at that instant."""
        return self.state != REVOKED


class UnitAwardAt(NamedTuple):
    """A unit's prize as it is at an instant: standing or revoked."""

    award: UnitAward
    state: str
    amendment: Amendment | None
    citation: str

    @property
    def stands(self) -> bool:
        """Whether it is a prize at that instant."""
        return self.state != REVOKED


def awards_at(result_set: ResultSet, now: datetime, *options: ExecutableOption) -> list[AwardAt]:
    """The awards of a result set as they are at `now`, in the order in which they are told. Two queries.

    The one reader of awards. Who moved up stands once, with the higher prize; who lost one stands as
    revoked, for the record and the erratum. It does not ask whether the result set itself is public.
    `options`: how to load the entries.
    """
    since, until = aliased(Amendment), aliased(Amendment)
    statement = (
        select(Award, since, until)
        .outerjoin(since, and_(since.id == Award.since_amendment_id, is_amended(now, since)))
        .outerjoin(until, and_(until.id == Award.until_amendment_id, is_amended(now, until)))
        .where(Award.result_set_id == result_set.id, or_(Award.since_amendment_id.is_(None), since.id.is_not(None)))
        .options(*(options or (joinedload(Award.entry),)))
        .order_by(Award.position, Award.id)
    )
    rows: Sequence[tuple[Award, Amendment | None, Amendment | None]] = db.session.execute(statement).all()
    fixed = _corrections(result_set, now, Amendment.award_id)
    found = []
    for award, brought, ended in rows:
        if ended is not None and ended.award_id != award.id:
            continue
        state = REVOKED if ended is not None else PROMOTED if brought is not None else STANDING
        changed = fixed.get(award.id, {})
        citation = changed.get("citation", award.citation)
        found.append(AwardAt(award, state, ended or brought, citation, changed.get("author")))
    return found


def unit_awards_at(result_set: ResultSet, now: datetime) -> list[UnitAwardAt]:
    """The prizes to units of a result set as they are at `now`, in order. Two queries."""
    until = aliased(Amendment)
    statement = (
        select(UnitAward, until)
        .outerjoin(until, and_(until.id == UnitAward.until_amendment_id, is_amended(now, until)))
        .where(UnitAward.result_set_id == result_set.id)
        .options(joinedload(UnitAward.unit))
        .order_by(UnitAward.position, UnitAward.id)
    )
    rows: Sequence[tuple[UnitAward, Amendment | None]] = db.session.execute(statement).all()
    fixed = _corrections(result_set, now, Amendment.unit_award_id)
    return [
        UnitAwardAt(
            award,
            STANDING if ended is None else REVOKED,
            ended,
            fixed.get(award.id, {}).get("citation", award.citation),
        )
        for award, ended in rows
    ]


def _corrections(
    result_set: ResultSet, now: datetime, of: InstrumentedAttribute[int | None]
) -> dict[int | None, dict[str, str]]:
    """What corrections have made of the words of awards, the latest last, by the award's id."""
    found: dict[int | None, dict[str, str]] = {}
    for award_id, moves in db.session.execute(
        select(of, Amendment.moves)
        .where(Amendment.result_set_id == result_set.id, Amendment.kind == "correct", is_amended(now))
        .order_by(Amendment.visible_from, Amendment.id)
    ):
        found.setdefault(award_id, {})[moves["field"]] = moves["after"]
    return found


def amendments_at(contest_id: int, now: datetime) -> Sequence[Amendment]:
    """Amendments that anyone may know of at `now`, the earliest first: the erratum."""
    return db.session.scalars(
        select(Amendment)
        .where(Amendment.contest_id == contest_id, is_amended(now))
        .options(joinedload(Amendment.award), joinedload(Amendment.unit_award).joinedload(UnitAward.unit))
        .order_by(Amendment.visible_from, Amendment.id)
    ).all()


def paper_state(contest_id: int, subject: str, now: datetime) -> tuple[str, Amendment | None] | None:
    """What became of the prize on a paper ("award:<prize>:<entry id>", "unit:<prize>:<unit id>") at `now`.

    STANDING, PROMOTED, REVOKED or REPLACED (a higher prize took its place), with the amendment; None when the
    official results of the contest have no such prize.
    """
    public = find_public_results(contest_id, now)
    if public is None or public.standing != "official":
        return None
    if subject.startswith("unit:"):
        for unit_award in unit_awards_at(public.result_set, now):
            if subject == f"unit:{unit_award.award.prize_id}:{unit_award.award.unit_id}":
                return unit_award.state, unit_award.amendment
        return None
    for each in awards_at(public.result_set, now):
        if subject == f"award:{each.award.prize_id}:{each.award.entry_id}":
            return each.state, each.amendment
    row = db.session.execute(
        select(Award, Amendment)
        .join(Amendment, Amendment.id == Award.until_amendment_id)
        .where(Award.result_set_id == public.result_set.id, is_amended(now))
    )
    for award, amendment in row:
        if subject == f"award:{award.prize_id}:{award.entry_id}":
            return REPLACED, amendment
    return None


def _stands(now: datetime) -> ColumnElement[bool]:
    """Of awards in a query: no amendment has taken it back, and the one that brought it, if any, is public."""
    public = select(Amendment.id).where(is_amended(now))
    return and_(
        or_(Award.since_amendment_id.is_(None), Award.since_amendment_id.in_(public)),
        or_(Award.until_amendment_id.is_(None), Award.until_amendment_id.not_in(public)),
    )


def awarded_entries(now: datetime) -> Select[Entry]:
    """Entries with a prize that anyone may know of at `now`."""
    return (
        select(Entry)
        .where(
            Entry.id.in_(
                select(Award.entry_id)
                .join(ResultSet, Award.result_set_id == ResultSet.id)
                .where(or_(is_official(now), is_posted(now)), _stands(now))
            )
        )
        .order_by(Entry.id)
    )


def standing_awards(now: datetime) -> Select[Award]:
    """Prizes of all official results that stand at `now`, in query form: for lists over many contests."""
    return select(Award).join(ResultSet, Award.result_set_id == ResultSet.id).where(is_official(now), _stands(now))


def standing_unit_awards(now: datetime) -> Select[UnitAward]:
    """The same of prizes to units."""
    public = select(Amendment.id).where(is_amended(now))
    return (
        select(UnitAward)
        .join(ResultSet, UnitAward.result_set_id == ResultSet.id)
        .where(
            is_official(now),
            or_(UnitAward.until_amendment_id.is_(None), UnitAward.until_amendment_id.not_in(public)),
        )
    )


def on_record(now: datetime) -> Select[int]:
    """Ids of entries that official results name or once named: a prize that was taken back is on record too.

    A computation that another one superseded, or that was never announced, gave nobody a prize.
    """
    brought = or_(
        Award.since_amendment_id.is_(None), Award.since_amendment_id.in_(select(Amendment.id).where(is_amended(now)))
    )
    return select(Award.entry_id).join(ResultSet, Award.result_set_id == ResultSet.id).where(is_official(now), brought)


def contests_with_results(now: datetime) -> Select[ResultSet]:
    """Official results that anyone may see at `now`, the latest first."""
    return select(ResultSet).where(is_official(now)).order_by(ResultSet.visible_from.desc())


# For those who prepare results


def find_standing(contest_id: int) -> ResultSet | None:
    """The result set of a contest that has not been superseded, public or not."""
    return db.session.scalars(
        select(ResultSet)
        .where(ResultSet.contest_id == contest_id, ResultSet.superseded_at.is_(None))
        .execution_options(populate_existing=True)
    ).one_or_none()


def uncleared_awards(result_set: ResultSet) -> Sequence[Award]:
    """Awards whose entries may not be honoured now: not valid, or the exemplar unverified, not agreeing or on hold."""
    return db.session.scalars(
        select(Award)
        .where(
            Award.result_set_id == result_set.id,
            Award.entry_id.not_in(eligible_to_advance(result_set.contest_id)),
        )
        .options(joinedload(Award.entry))
        .order_by(Award.position)
    ).all()


def is_announced(contest_id: int, now: datetime) -> bool:
    """Whether the official results of a contest are public."""
    found = find_public_results(contest_id, now)
    return found is not None and found.standing == "official"


def standing_withholdings(contest_id: int) -> Select[PrizeWithheld]:
    """Prizes that the council withholds."""
    return (
        select(PrizeWithheld)
        .where(PrizeWithheld.contest_id == contest_id, PrizeWithheld.lifted_at.is_(None))
        .order_by(PrizeWithheld.id)
    )


def last_decision(contest_id: int) -> ResultSet | None:
    """The latest result set with a decision, superseded or not: what to begin a new one from."""
    return db.session.scalars(
        select(ResultSet)
        .where(ResultSet.contest_id == contest_id, ResultSet.decision_number.is_not(None))
        .order_by(ResultSet.id.desc())
        .limit(1)
    ).one_or_none()


def next_public_change(now: datetime) -> datetime:
    """The next instant at which the clock alone may make something public or close it.

    A shared copy of a page must not outlive it. Only what the timetables say is asked for, which everybody knows:
    how long a copy may be kept must not tell that an amendment or a piece of news is coming. Those show on the
    minute (rules.on_the_minute), and no copy outlives the minute in which it was made.
    """
    minute = on_the_minute(now) + timedelta(minutes=1)
    instants = (ContestStep.opens, ContestStep.closes)
    each = union_all(*(select(func.min(instant).label("at")).where(instant > now) for instant in instants)).subquery()
    found: datetime | None = db.session.scalar(select(func.min(each.c.at)))
    return minute if found is None else min(found, minute)

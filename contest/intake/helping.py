"""Help for people without an account: an officer of a unit writes for them, the secretariat types paper.

The person gets an assisted account, which nobody signs in to. What a helper may do rests on the
unit that sent the entry (`entries.queries.helped_by`), so it passes to the unit's next officer and
ends with the grant; it ends too when the person takes the account over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from contest.accounts.addresses import find_canonical
from contest.accounts.assisted import assist, close
from contest.accounts.models import User
from contest.accounts.services import clean_name, hold
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import CHAIR, JUDGE
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.text import fold
from contest.entries.drafting import Help, start_draft
from contest.entries.eligibility import count_of_account, require_not_barred, too_many
from contest.entries.models import Entry, PaperEntry
from contest.entries.moves import audit
from contest.entries.paper import check_paper_dates, require_keyed_window
from contest.entries.queries import helped_by
from contest.entries.rules import COUNTED, PAPER, WEB
from contest.units.models import Unit


def helped_people(unit: Unit) -> Sequence[User]:
    """People whom the unit has helped and who have not taken their accounts over, by name."""
    ids = select(Entry.author_id).where(Entry.sent_by_unit_id == unit.id, Entry.helper_id.is_not(None))
    return db.session.scalars(
        select(User).where(User.assisted, User.active, User.id.in_(ids)).order_by(User.name)
    ).all()


def find_helped(unit: Unit, name: str, phone: str) -> User | None:
    """Whom the unit has helped under this name and number before: then the account is the same one."""
    number = find_canonical(phone) if phone.strip() and "@" not in phone else None
    if number is None:
        return None
    key = fold(name)
    return next((each for each in helped_people(unit) if each.phone == number and each.name_key == key), None)


def get_helped(unit: Unit, public_id: str) -> User:
    """One of `helped_people`. Raises NotFound."""
    found = next((each for each in helped_people(unit) if each.public_id == public_id), None)
    if found is None:
        raise NotFound(public_id)
    return found


def _require_no_judge(contest: Contest, actor: User) -> None:
    if roles_of(contest.id, actor.id) & {JUDGE, CHAIR}:
        raise Refused(
            N_("You judge in this contest, so you may not write entries of it for others."), code="judge_helps"
        )


def _author(unit: Unit | None, name: str, phone: str, now: datetime, wall: datetime) -> User:
    known = find_helped(unit, clean_name(name), phone) if unit is not None else None
    return known or assist(name=name, phone=phone, now=now, wall=wall)


def start_helping(
    *,
    contest: Contest,
    category_id: str,
    unit: Unit,
    name: str,
    phone: str,
    actor: User,
    now: datetime,
    wall: datetime,
    person: User | None = None,
    source: str = WEB,
) -> Entry:
    """Begin an entry for somebody whom the unit helps; `person` is one helped before, else a name and a number.

    Raises Refused as writing for oneself does, and for a judge of the contest.
    """
    _require_no_judge(contest, actor)
    author = person or _author(unit, name, phone, now, wall)
    entry = start_draft(
        contest=contest, category_id=category_id, actor=actor, now=now, help_for=Help(author, unit, source)
    )
    _keep_number(entry, phone)
    return entry


def start_paper(
    *,
    contest: Contest,
    category_id: str,
    unit: Unit | None,
    name: str,
    phone: str,
    postmarked_on: date | None,
    arrived_at: datetime,
    actor: User,
    now: datetime,
    wall: datetime,
) -> Entry:
    """Begin typing an entry that came on paper, to the unit or (None) to the secretariat.

    Raises Refused, each with its message, outside the days of the rules for postmark, arrival and typing.
    """
    _require_no_judge(contest, actor)
    require_keyed_window(contest.rules, now)
    check_paper_dates(contest.rules, postmarked_on=postmarked_on, arrived_at=arrived_at, now=now)
    author = _author(unit, name, phone, now, wall)
    entry = start_draft(
        contest=contest, category_id=category_id, actor=actor, now=now, help_for=Help(author, unit, PAPER)
    )
    _keep_number(entry, phone)
    entry.paper = PaperEntry(
        postmarked_on=postmarked_on, arrived_at=arrived_at, typed_by_id=actor.id, typed_at=now, note=None
    )
    db.session.flush()
    audit(
        entry=entry,
        verb="register_paper",
        actor=actor,
        now=now,
        postmarked_on=postmarked_on.isoformat() if postmarked_on else None,
        arrived_at=arrived_at.isoformat(),
    )
    return entry


def _keep_number(entry: Entry, phone: str) -> None:
    """The number that the author gave stands in the entry, also where no account may keep it."""
    number = find_canonical(phone) if phone.strip() and "@" not in phone else None
    if number is not None:
        entry.author_phone = "0" + number.removeprefix("+84")
        db.session.flush()


def helped_entries(unit: Unit, limit: int = 200) -> Sequence[Entry]:
    """What the unit has sent or is writing for people, the latest first; drafts that replace one are left out."""
    return db.session.scalars(
        select(Entry)
        .where(Entry.sent_by_unit_id == unit.id, Entry.replaces_id.is_(None))
        .options(
            joinedload(Entry.author),
            joinedload(Entry.contest),
            joinedload(Entry.paper),
            selectinload(Entry.receipts),
        )
        .order_by(Entry.updated_at.desc(), Entry.id.desc())
        .limit(limit)
    ).all()


def may_write_on(entry: Entry, person_id: int) -> bool:
    """Whether the person may go on writing the entry for its author."""
    return db.session.scalar(select(Entry.id).where(Entry.id == entry.id, helped_by(person_id))) is not None


# Taking one's account over


def entries_waiting(waiting: User) -> Sequence[Entry]:
    """What is kept in an assisted account, for the question whether it is theirs."""
    return db.session.scalars(
        select(Entry)
        .where(Entry.author_id == waiting.id, Entry.replaces_id.is_(None))
        .options(joinedload(Entry.sent_by_unit), joinedload(Entry.contest))
        .order_by(Entry.id)
    ).all()


def take_over_account(*, waiting: User, person: User, now: datetime, wall: datetime) -> int:
    """Make the entries of an assisted account those of `person`, who has said that they are; how many.

    From then on nobody writes for them. Raises Refused for who may not enter, and past the limit of
    entries: then the secretariat has to decide which one stands.
    """
    hold(person)
    entries = db.session.scalars(select(Entry).where(Entry.author_id == waiting.id).with_for_update()).all()
    for contest in {entry.contest_id: entry.contest for entry in entries}.values():
        require_not_barred(contest, person)
        counts: dict[str, int] = {}
        for entry in entries:
            if entry.contest_id == contest.id and entry.state in COUNTED:
                counts[entry.category] = counts.get(entry.category, 0) + 1
        for category_id, brought in counts.items():
            category = contest.rules.category(category_id)
            if count_of_account(contest.id, category_id, person) + brought > category.max_entries_per_author:
                raise too_many(category)
    for entry in entries:
        entry.author_id = person.id
        audit(entry=entry, verb="take_over", actor=person, now=now)
    close(waiting=waiting, person=person, now=now, wall=wall)
    return len(entries)

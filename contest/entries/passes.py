"""Late passes: leave for one person to submit one entry after the close, until an instant, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.accounts.services import find_by_address, hold, send
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_text
from contest.entries.eligibility import require_not_barred
from contest.entries.models import Entry, LatePass


def judging_opens(contest: Contest) -> datetime | None:
    """When the first round opens: from then on entries are being read, and none comes in late."""
    rules = contest.rules
    return rules.instant(rules.rounds[0].id)


def find_pass(contest_id: int, user_id: int, now: datetime, *, lock: bool = False) -> LatePass | None:
    """The pass that a person may use at `now`: granted, not used, not ended, `now < until`."""
    query = select(LatePass).where(
        LatePass.contest_id == contest_id,
        LatePass.user_id == user_id,
        LatePass.used_at.is_(None),
        LatePass.ended_at.is_(None),
        LatePass.until > now,
    )
    return db.session.scalar(query.with_for_update() if lock else query)


def usable_pass(contest: Contest, user_id: int, now: datetime, *, lock: bool = False) -> LatePass | None:
    """As `find_pass`; none once the judges have begun, whatever the pass says."""
    opens = judging_opens(contest)
    if opens is not None and opens <= now:
        return None
    return find_pass(contest.id, user_id, now, lock=lock)


def passes_of(contest_id: int) -> Sequence[LatePass]:
    """All passes of a contest, the latest first."""
    return db.session.scalars(
        select(LatePass)
        .where(LatePass.contest_id == contest_id)
        .options(joinedload(LatePass.user))
        .order_by(LatePass.id.desc())
    ).all()


def grant_pass(*, contest: Contest, address: str, until: datetime, reason: str, actor: User, now: datetime) -> LatePass:
    """Give the person with this address leave to submit one entry until `until`; they are told.

    Raises Refused for an unknown address, barred people, a time before the close, past or after the
    judges begin, no reason; Conflict when a pass of theirs stands.
    """
    window = contest.rules.window("submission")
    if window is None or now < window.opens:
        raise Refused(N_("Entries are not taken yet, so nobody is late."), code="not_open")
    person = find_by_address(address)
    if person is None:
        raise Refused(
            N_("No account has this e-mail address or telephone number. The person registers first."), code="address"
        )
    hold(person)
    require_not_barred(contest, person)
    why = clean_text(reason)
    if not why:
        raise Refused(N_("Say why: the reason is recorded, and the person is told."), code="reason")
    latest = judging_opens(contest)
    if until <= max(now, window.closes):
        raise Refused(
            N_("The leave must end after the close of submission (%(closes)s), and later than now."),
            code="until",
            closes=window.closes,
        )
    if latest is not None and latest < until:
        raise Refused(
            N_("The judges begin to read at %(at)s: no leave can last longer than that."), code="until", at=latest
        )
    standing = db.session.scalar(
        select(LatePass).where(
            LatePass.contest_id == contest.id,
            LatePass.user_id == person.id,
            LatePass.used_at.is_(None),
            LatePass.ended_at.is_(None),
        )
    )
    if standing is not None and standing.until > now:
        raise Conflict(
            N_("%(name)s has leave already, until %(at)s. End it first to give another."),
            code="standing",
            name=person.name,
            at=standing.until,
        )
    if standing is not None:  # it ran out by itself
        standing.ended_at = standing.until
        db.session.flush()
    leave = LatePass(
        contest_id=contest.id,
        user=person,
        until=until,
        reason=why,
        granted_at=now,
        granted_by_id=actor.id,
    )
    db.session.add(leave)
    db.session.flush()
    _audit(contest.id, leave, "grant_late_pass", actor, now, until=until.isoformat())
    _tell(contest, leave, "late_pass", now)
    return leave


def end_pass(*, contest: Contest, pass_id: int, actor: User, now: datetime) -> LatePass:
    """Take a pass back that was not used; done twice, it is done once. Raises NotFound, Conflict."""
    leave = db.session.scalar(
        select(LatePass).where(LatePass.id == pass_id, LatePass.contest_id == contest.id).with_for_update()
    )
    if leave is None:
        raise NotFound(pass_id)
    if leave.used_at is not None:
        raise Conflict(N_("This leave was used: the entry is in."), code="used")
    if leave.ended_at is None:
        leave.ended_at = now
        _audit(contest.id, leave, "end_late_pass", actor, now)
        _tell(contest, leave, "late_pass_ended", now)
        db.session.flush()
    return leave


def use_pass(*, leave: LatePass, entry: Entry, actor: User, now: datetime) -> None:
    """The pass has served: it lets in this entry and no other."""
    leave.used_at = now
    _audit(entry.contest_id, leave, "use_late_pass", actor, now, entry=entry.public_id)


def _audit(contest_id: int, leave: LatePass, verb: str, actor: User, now: datetime, **details: object) -> None:
    record(
        actor=actor.public_id,
        verb=f"entries.{verb}",
        object_type="user",
        object_id=leave.user.public_id,
        contest_id=contest_id,
        now=now,
        **details,
    )


def _tell(contest: Contest, leave: LatePass, template: str, now: datetime) -> None:
    person = leave.user
    address = person.email or person.phone
    if not address:
        return
    title = contest.rules.title
    send(
        to=address,
        template=template,
        locale=person.locale,
        now=now,
        scope=contest.slug,
        contest={"vi": title.vi, "en": title.en},
        slug=contest.slug,
        until=leave.until.isoformat(),
        reason=leave.reason,
    )

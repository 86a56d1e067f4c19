"""Bundles: received, read line by line, imported on their sender's word, resumed after a crash.

Each line is one transaction: its entry, its receipt and the note that it is done commit together,
so that a process which dies leaves lines that are done and lines that are not, and nothing between.
Who works on a bundle holds a claim that lapses by itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import fold
from contest.entries.drafting import require_window
from contest.intake.archive import MOST_BYTES
from contest.intake.columns import Rows
from contest.intake.lines import Problem, packed
from contest.intake.models import Bundle, BundleLine
from contest.outbox.services import ask_for_mail, ask_for_sms
from contest.units.history import former_names
from contest.units.models import Unit
from contest.units.queries import may_act_for, units_on

READING, READ, IMPORTING, IMPORTED, UNREADABLE, GIVEN_UP = (
    "reading",
    "read",
    "importing",
    "imported",
    "unreadable",
    "given_up",
)
WAITING, READY, FAULTY, LINE_IMPORTED, DOUBLED = "waiting", "ready", "faulty", "imported", "doubled"
STATES = {
    READING: N_("Being read"),
    READ: N_("Read: look at the report"),
    IMPORTING: N_("Being imported"),
    IMPORTED: N_("Imported"),
    UNREADABLE: N_("Cannot be read"),
    GIVEN_UP: N_("Given up"),
}
LINE_STATES = {
    WAITING: N_("Waiting"),
    READY: N_("Ready"),
    FAULTY: N_("To be mended"),
    LINE_IMPORTED: N_("Imported"),
    DOUBLED: N_("Came before"),
}
LINES_MAX = 1_000
OPEN_MAX = 5
CLAIM = timedelta(minutes=2)
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")


def receive_bundle(
    *, contest: Contest, unit: Unit, name: str, content: bytes, key: str, actor: User, now: datetime
) -> Bundle:
    """Take a bundle in; it is read in the background. The same file sent again is the same bundle.

    Raises Refused outside the window of submission, and when too many wait.
    """
    require_window(contest, now)
    if not content or len(content) > MOST_BYTES:
        raise Refused(
            N_("Choose a zip file of at most %(most)s MB; send more in several."),
            code="bundle_size",
            most=MOST_BYTES // 1_000_000,
        )
    digest = hashlib.sha256(content).hexdigest()
    standing = select(Bundle).where(
        Bundle.contest_id == contest.id, Bundle.unit_id == unit.id, Bundle.state.not_in((GIVEN_UP, UNREADABLE))
    )
    same = db.session.scalar(standing.where(Bundle.sha256 == digest))
    if same is not None:
        return same
    if len(db.session.scalars(standing.where(Bundle.state != IMPORTED)).all()) >= OPEN_MAX:
        raise Refused(
            N_("%(count)s bundles of this unit are open. Import or give up one first."), code="many", count=OPEN_MAX
        )
    bundle = Bundle(
        contest=contest,
        unit=unit,
        sent_by=actor,
        sent_at=now,
        name="".join(char for char in name if char.isprintable())[-200:],
        key=key,
        size=len(content),
        sha256=digest,
    )
    db.session.add(bundle)
    db.session.flush()
    _audit(bundle, "send_bundle", actor, now, sha256=digest)
    return bundle


def get_bundle(unit_id: int, public_id: str, *, lock: bool = False) -> Bundle:
    """A bundle of a unit. Raises NotFound."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        query = select(Bundle).where(Bundle.public_id == public_id, Bundle.unit_id == unit_id)
        found = db.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(public_id)
    return found


def bundles_of(unit_id: int, limit: int = 50) -> Sequence[Bundle]:
    """The bundles of a unit, the latest first."""
    return db.session.scalars(
        select(Bundle).where(Bundle.unit_id == unit_id).order_by(Bundle.id.desc()).limit(limit)
    ).all()


def count_lines(bundle_id: int) -> dict[str, int]:
    """How many lines stand in each state."""
    rows = db.session.execute(
        select(BundleLine.state, func.count(BundleLine.id))
        .where(BundleLine.bundle_id == bundle_id)
        .group_by(BundleLine.state)
    )
    return {row.state: row[1] for row in rows}


def lines_of(bundle_id: int, *, state: str = "", after: int = 0, limit: int = 100) -> Sequence[BundleLine]:
    """Lines after a row of the spreadsheet, in its order."""
    query = select(BundleLine).where(BundleLine.bundle_id == bundle_id, BundleLine.number > after)
    if state:
        query = query.where(BundleLine.state == state)
    return db.session.scalars(query.order_by(BundleLine.number).limit(limit)).all()


def start_import(*, bundle: Bundle, actor: User, now: datetime) -> None:
    """Import the lines that are ready; pressed twice, it is begun once. Raises Refused, Conflict."""
    if bundle.state in (IMPORTING, IMPORTED):
        return
    if bundle.state != READ:
        raise Conflict(N_("This bundle cannot be imported in its present state."), code="state")
    require_window(bundle.contest, now)
    if not count_lines(bundle.id).get(READY):
        raise Refused(N_("No line is ready. Mend the spreadsheet and send the bundle again."), code="none_ready")
    bundle.state, bundle.started_at, bundle.finished_at = IMPORTING, now, None
    bundle.done, bundle.total = 0, count_lines(bundle.id)[READY]
    _audit(bundle, "import_bundle", actor, now, lines=bundle.total)
    db.session.flush()


def give_up(*, bundle: Bundle, actor: User, now: datetime) -> None:
    """Give a bundle up; what was imported stays. Raises Conflict while it is being imported."""
    if bundle.state == GIVEN_UP:
        return
    if bundle.state in (IMPORTING, IMPORTED):
        raise Conflict(N_("This bundle cannot be given up in its present state."), code="state")
    bundle.state = GIVEN_UP
    _audit(bundle, "give_up_bundle", actor, now)
    db.session.flush()


# The work in the background


def next_bundle(wall: datetime) -> int | None:
    """The id of a bundle with work to do that nobody is busy with, the oldest first."""
    return db.session.scalar(
        select(Bundle.id)
        .where(
            Bundle.state.in_((READING, IMPORTING)), or_(Bundle.claimed_until.is_(None), Bundle.claimed_until <= wall)
        )
        .order_by(Bundle.id)
        .limit(1)
    )


def claim(bundle_id: int, wall: datetime) -> bool:
    """Take a bundle for working on it; False when another was quicker."""
    won = db.session.execute(
        update(Bundle)
        .where(
            Bundle.id == bundle_id,
            Bundle.state.in_((READING, IMPORTING)),
            or_(Bundle.claimed_until.is_(None), Bundle.claimed_until <= wall),
        )
        .values(claimed_until=wall + CLAIM)
    )
    return bool(won.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result


def keep_claim(bundle_id: int, wall: datetime) -> None:
    """Hold on to a bundle while there is more to do."""
    db.session.execute(update(Bundle).where(Bundle.id == bundle_id).values(claimed_until=wall + CLAIM))


def let_go(bundle_id: int) -> None:
    """Let others take the bundle."""
    db.session.execute(update(Bundle).where(Bundle.id == bundle_id).values(claimed_until=None))


def cannot_read(bundle: Bundle, error: Refused) -> None:
    """Note why a bundle as a whole cannot be read."""
    bundle.state, bundle.problem = UNREADABLE, {"message": error.message, "params": packed(error.params)}
    db.session.flush()


def check_rows(rows: Rows) -> None:
    """Raise Refused for a spreadsheet without the needed columns, without lines, or with too many."""
    if rows.lacking:
        raise Refused(
            N_("The spreadsheet lacks these columns: %(names)s. Take the template and keep its first row."),
            code="columns",
            names=", ".join(rows.lacking),
        )
    if not rows.lines:
        raise Refused(N_("The spreadsheet has no line under its headers."), code="no_lines")
    if len(rows.lines) > LINES_MAX:
        raise Refused(
            N_("At most %(most)s lines, please; send the others in a second bundle."), code="lines", most=LINES_MAX
        )


def add_lines(bundle: Bundle, rows: Rows) -> None:
    """Note the lines of a spreadsheet, to be read one by one."""
    for number, cells in rows.lines:
        db.session.add(
            BundleLine(bundle_id=bundle.id, number=number, state=WAITING, cells=cells, problems=[], notes=[])
        )
    bundle.total, bundle.done = len(rows.lines), 0
    db.session.flush()


def next_line(bundle: Bundle) -> BundleLine | None:
    """The next line to work on: not read yet, or ready to be imported."""
    state = WAITING if bundle.state == READING else READY
    return db.session.scalar(
        select(BundleLine)
        .where(BundleLine.bundle_id == bundle.id, BundleLine.state == state)
        .order_by(BundleLine.number)
        .limit(1)
    )


def lock_line(line_id: int, state: str) -> BundleLine | None:
    """A line, locked, if it still stands in `state`."""
    return db.session.scalar(
        select(BundleLine).where(BundleLine.id == line_id, BundleLine.state == state).with_for_update()
    )


def taken_of(contest_id: int, mark: str) -> str:
    """What may stand once among all imported lines."""
    return f"{contest_id}.{mark}"


def is_taken(contest_id: int, mark: str) -> bool:
    """Whether the same entry was imported before."""
    return db.session.scalar(select(BundleLine.id).where(BundleLine.taken == taken_of(contest_id, mark))) is not None


def comes_twice(line: BundleLine, mark: str) -> bool:
    """Whether an earlier line of the same bundle holds the same entry."""
    earlier = select(BundleLine.id).where(
        BundleLine.bundle_id == line.bundle_id, BundleLine.number < line.number, BundleLine.mark == mark
    )
    return db.session.scalar(earlier.limit(1)) is not None


def note_read(line: BundleLine, *, mark: str, problems: Sequence[Problem], notes: list[dict[str, Any]]) -> None:
    """Note what reading a line found."""
    line.mark, line.notes = mark, notes
    line.problems = [problem.as_json() for problem in problems]
    if is_taken(line.bundle.contest_id, mark) or comes_twice(line, mark):
        line.state = DOUBLED
    else:
        line.state = FAULTY if problems else READY
    line.bundle.done += 1
    db.session.flush()


def note_imported(line: BundleLine, *, entry_id: int, receipt: str) -> None:
    """Note that a line became an entry; a second one with the same mark breaks the constraint."""
    line.state, line.entry_id, line.receipt_code = LINE_IMPORTED, entry_id, receipt
    line.taken = taken_of(line.bundle.contest_id, line.mark)
    line.bundle.done += 1
    db.session.flush()


def note_failed(line: BundleLine, problems: Sequence[Problem], *, doubled: bool = False) -> None:
    """Note why a line that was ready was not imported after all."""
    line.state = DOUBLED if doubled else FAULTY
    line.problems = [problem.as_json() for problem in problems]
    line.bundle.done += 1
    db.session.flush()


def finish(bundle: Bundle, now: datetime) -> None:
    """End reading or importing when no line is left; the sender is told what came of an import."""
    if bundle.state == READING:
        bundle.state = READ
    elif bundle.state == IMPORTING:
        bundle.state, bundle.finished_at = IMPORTED, now
        counts = count_lines(bundle.id)
        _tell(bundle, counts.get(LINE_IMPORTED, 0), now)
    db.session.flush()


def may_still_send(bundle: Bundle) -> bool:
    """Whether the sender still acts for the unit."""
    return may_act_for(bundle.sent_by_id, bundle.unit.code)


def _tell(bundle: Bundle, imported: int, now: datetime) -> None:
    title, person = bundle.contest.rules.title, bundle.sent_by
    params: dict[str, Any] = {
        "contest": {"vi": title.vi, "en": title.en},
        "unit": bundle.unit.name,
        "code": bundle.unit.code,
        "bundle": bundle.public_id,
        "count": imported,
        "locale": person.locale,
        "scope": bundle.contest.slug,
    }
    if person.email:
        ask_for_mail(to=person.email, template="bundle_imported", now=now, **params)
    elif person.phone:
        ask_for_sms(to=person.phone, template="bundle_imported_sms", now=now, **params)


def unit_names(day: date) -> dict[str, Unit]:
    """Units by what may be written for them: code or name, present or former, without case and marks.

    A name that two units bear stands for neither; their codes do.
    """
    found: dict[str, Unit | None] = {}
    for line in former_names(day):
        key = fold(line.name)
        found[key] = line.unit if key not in found else None
    present: dict[str, Unit | None] = {}
    for unit in units_on(day):
        present[fold(unit.name)] = unit if fold(unit.name) not in present else None
    codes = {fold(unit.code): unit for unit in units_on(day)}
    return {key: unit for key, unit in {**found, **present, **codes}.items() if unit is not None}


def _audit(bundle: Bundle, verb: str, actor: User, now: datetime, **details: Any) -> None:
    record(
        actor=actor.public_id,
        verb=f"intake.{verb}",
        object_type="bundle",
        object_id=bundle.public_id,
        contest_id=bundle.contest_id,
        now=now,
        **details,
    )

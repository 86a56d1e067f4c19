"""A person's entries in all contests, and the desk of a unit."""

from __future__ import annotations

from flask import g, render_template
from flask_login import current_user
from sqlalchemy import select

from contest.contests.queries import issued_contests
from contest.core.db import db
from contest.core.formats import VIET_NAM
from contest.core.web import needs, signed_in
from contest.desk.units_figures import states_of_unit, unit_contests
from contest.desk.views import bp
from contest.entries.models import Advancement
from contest.entries.outlook import outlook
from contest.entries.paper import is_paper_time
from contest.entries.queries import entries_of_unit, own_entries, replacing_drafts
from contest.entries.rules import STATES
from contest.exemplars.queries import answered_by_unit, waiting_for_unit
from contest.exemplars.rules import OUTCOMES, is_late
from contest.intake.helping import helped_entries
from contest.intake.paper import waits
from contest.units.queries import get_unit, officers_of

ENTRIES_SHOWN = 100


@bp.get("/bai-cua-toi")
@signed_in
def my_entries() -> str:
    """Where each of one's entries stands, and what happens next and when."""
    entries = own_entries(current_user.id)
    ids = [entry.id for entry in entries]
    advanced = {
        advancement.entry_id: advancement
        for advancement in db.session.scalars(select(Advancement).where(Advancement.entry_id.in_(ids)))
    }
    rows = [(entry, outlook(entry, advanced.get(entry.id), g.now)) for entry in entries]
    return render_template(
        "desk/my_entries.html",
        drafts=[row for row in rows if row[0].state == "draft"],
        sent=[row for row in rows if row[0].state != "draft"],
        replacing=replacing_drafts(ids),
        open_contests=[
            contest
            for contest in db.session.scalars(issued_contests(g.now))
            if contest.rules.is_open("submission", g.now)
        ],
    )


@bp.get("/don-vi/<code>")
@needs("officer")
def unit(code: str) -> str:
    """What waits for a unit's answer, late ones first; its entries; how far it is on its floors."""
    found = get_unit(code)
    today = g.now.astimezone(VIET_NAM).date()
    waiting = waiting_for_unit(found.id)
    contests = unit_contests(found, g.now, today)
    helped = helped_entries(found, ENTRIES_SHOWN)
    issued = db.session.scalars(issued_contests(g.now)).all()
    return render_template(
        "desk/unit.html",
        unit=found,
        waiting=waiting,
        late=sum(is_late(question.due_on, today) for question in waiting),
        answered=answered_by_unit(found.id),
        contests=contests,
        states_by_contest=states_of_unit(found),
        helped=helped,
        waits=waits,
        to_compare=sum(waits(entry) for entry in helped),
        may_type=any(is_paper_time(contest, g.now) for contest in issued),
        may_help=any(contest.rules.is_open("submission", g.now) for contest in issued),
        officers=officers_of(found),
        entries={each.contest.id: entries_of_unit(each.contest.id, found.id, ENTRIES_SHOWN) for each in contests},
        states=STATES,
        outcomes=OUTCOMES,
        today=today,
    )

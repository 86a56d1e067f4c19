"""Before the first entry: units, people, the rules of the contests, who holds which role."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from contest.accounts.addresses import canonical
from contest.accounts.rules import TERMS_VERSION
from contest.accounts.services import find_by_address, register_person, set_address
from contest.contests.queries import roles_of
from contest.contests.services import grant_role, load_rule_set
from contest.core.db import db
from contest.core.errors import N_
from contest.demo import stories
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND
from contest.units.models import Unit
from contest.units.queries import get_unit, may_act_for
from contest.units.services import appoint_officer, load_units


def load_province(stage: Stage, now: datetime) -> int:
    """The tree of units, once."""
    if db.session.scalar(select(Unit.id).limit(1)) is not None:
        return 0
    return load_units(rows=stories.units(), actor=None, now=now)


def open_accounts(stage: Stage, now: datetime) -> int:
    """Accounts for staff and authors; all have the same password, which the demonstration tells."""
    accounts = [(each["name"], each["email"], each["phone"]) for each in stories.people()]
    accounts += [(story.author["name"], story.email, story.author["phone"]) for story in stories.stories()]
    made = 0
    for name, email, phone in accounts:
        if find_by_address(email) is not None:
            continue
        person = register_person(
            address=email,
            name=name,
            password_hash=stage.password_hash,
            locale="vi",
            terms_version=TERMS_VERSION,
            accepted_at=stage.wall,
            wall=stage.wall,
        )
        # Two authors of one household share a telephone.
        if find_by_address(phone) is None:
            set_address(person, canonical(phone))
        made += 1
    db.session.flush()
    return made


def appoint_officers(stage: Stage, now: datetime) -> int:
    done = 0
    for each in stories.people():
        for code in each["officer_of"]:
            person = stage.person(each["key"])
            if not may_act_for(person.id, code):
                done += stage.attempt(appoint_officer, unit=get_unit(code), user=person, actor=None, now=now).done
    return done


def _open_contest(stage: Stage, contest_id: str, now: datetime) -> int:
    """Load the rules and grant the roles; the first organiser grants the others theirs."""
    contest = stage.find_contest(contest_id)
    if contest is None:
        contest = load_rule_set(rules=stories.rule_sets()[contest_id], actor=None, now=now)
    done = 0
    for each in stories.people():
        for grant in each["roles"]:
            if grant["contest"] != contest_id:
                continue
            person = stage.person(each["key"])
            if grant["role"] in roles_of(contest.id, person.id):
                continue
            first = stage.person("diep")
            done += stage.attempt(
                grant_role,
                contest=contest,
                user=person,
                role=grant["role"],
                actor=None if person.id == first.id else first,
                now=now,
                unit=get_unit(each["unit"]) if each["unit"] else None,
                relatives=each.get("relatives"),
            ).done
    return done


def acts() -> list[Act]:
    return [
        Act(at("2026-12-01 08:30"), N_("The province's %(count)s units were entered."), load_province),
        Act(at("2026-12-01 09:00"), N_("%(count)s people opened accounts."), open_accounts),
        Act(at("2026-12-01 10:00"), N_("%(count)s officers were appointed for units."), appoint_officers),
        Act(
            at("2026-12-07 09:00"),
            N_("The rules were entered and %(count)s roles granted."),
            lambda stage, now: _open_contest(stage, FIRST, now),
            FIRST,
        ),
        Act(
            at("2027-05-04 09:00"),
            N_("The rules were entered and %(count)s roles granted."),
            lambda stage, now: _open_contest(stage, SECOND, now),
            SECOND,
        ),
    ]

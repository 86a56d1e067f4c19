"""The province's own commemorations, which the operator keeps, and an organiser's draft of next season's rules."""

from __future__ import annotations

from datetime import date, datetime

from contest.accounts.services import give_site_role
from contest.anniversaries.commemorations import occurrence
from contest.anniversaries.queries import commemorations, find_commemoration, working_calendar
from contest.anniversaries.services import Written, save_commemoration
from contest.core.db import db
from contest.core.errors import N_
from contest.demo import stories
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST
from contest.setup.cloning import next_season
from contest.setup.queries import open_drafts
from contest.setup.rules import plain
from contest.setup.services import start_draft
from contest.units.queries import get_unit


def name_operator(stage: Stage, now: datetime) -> int:
    """Who keeps the site: nobody that takes part in a contest."""
    done = 0
    for each in stories.people():
        person = stage.person(each["key"])
        if each.get("operator") and not person.has_role("operator"):
            give_site_role(person=person, name="operator", now=now, actor=None)
            done += 1
    return done


def keep_days(stage: Stage, now: datetime) -> int:
    """Enter what the province and its units keep, where nobody entered it by hand."""
    known = {each.what.code for each in commemorations()}
    done = 0
    for each in stories.around()["commemorations"]:
        if each["code"] in known:
            continue
        written = Written(
            name_vi=each["name"]["vi"],
            name_en=each["name"]["en"],
            calendar=each["calendar"],
            month=each["month"],
            day=each["day"],
            founded=each["founded"],
            founding_year=each["founding_year"],
            province=each["province"],
            unit=get_unit(each["unit"]) if each["unit"] else None,
            kind=each["kind"],
            basis=each["basis"],
            note=each["note"],
            active=True,
        )
        done += stage.attempt(
            save_commemoration, code=each["code"], written=written, actor=stage.person("long"), now=now
        ).done
    return done


def draft_next_season(stage: Stage, now: datetime) -> int:
    """An organiser carries the rules of this season over to the next, when the anniversary is a full one."""
    told = stories.around()["next_season"]
    contest = stage.contest(told["contest"])
    origin = f"contest:{contest.slug}"
    listed = find_commemoration(told["commemoration"])
    if listed is None or any(draft.origin == origin for draft in db.session.scalars(open_drafts())):
        return 0
    announce_on = date.fromisoformat(told["announce_on"])
    before = plain(contest.rules.as_json())
    document = next_season(
        before,
        announce_on=announce_on,
        is_working_day=working_calendar().is_working_day,
        held=occurrence(listed.what, announce_on.year),
    )
    return int(
        stage.attempt(
            start_draft, owner=stage.person("diep"), origin=origin, document=document, against=before, now=now
        ).done
    )


def acts() -> list[Act]:
    return [
        Act(at("2026-12-01 10:30"), N_("%(count)s person was made operator of the site."), name_operator),
        Act(at("2026-12-02 09:00"), N_("%(count)s commemorations of the province were entered."), keep_days),
        Act(
            at("2027-05-18 10:00"),
            N_("The rules of next season were drafted from this one's."),
            draft_next_season,
            FIRST,
        ),
    ]

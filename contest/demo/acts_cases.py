"""Remarks, objections and complaints: received, taken, answered; and what a sustained objection leads to."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.complaints import services as complaints
from contest.complaints.models import Complaint
from contest.complaints.rules import CHANGES, ONLINE, OPEN
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.core.text import clean_text
from contest.demo import stories
from contest.demo.acts_checks import report
from contest.demo.acts_results import compute, post
from contest.demo.stage import Act, Stage, at
from contest.entries.rules import ACCEPTED
from contest.entries.services import refuse

Told = dict[str, Any]


def find_case(contest: Contest, told: Told) -> Complaint | None:
    """A case of the script, by its words."""
    return db.session.scalar(
        select(Complaint).where(Complaint.contest_id == contest.id, Complaint.text == clean_text(told["text"])).limit(1)
    )


def receive(stage: Stage, now: datetime, *, told: Told) -> int:
    """Somebody sends a case on the site; or the secretary keys in what came otherwise."""
    contest = stage.contest(told["contest"])
    if find_case(contest, told) is not None:
        return 0
    entry = stage.find_entry(contest, told["story"]) if told["story"] else None
    what = complaints.Told(
        text=told["text"], wanted=told["wanted"], name=told["name"], contact=told["contact"], entry=entry
    )
    common: dict[str, Any] = {"contest": contest, "told": what, "papers": [], "files": stage.files, "now": now}
    if told["channel"] == ONLINE:
        return int(stage.attempt(complaints.receive, person=None, locale="vi", **common).done)
    secretary = stage.person("van")
    keyed = stage.attempt(
        complaints.key_in, channel=told["channel"], received_at=at(told["received"]), actor=secretary, **common
    )
    return int(keyed.done)


def take(stage: Stage, now: datetime, *, told: Told) -> int:
    """The secretary takes the case, where no visitor did, and notes what was found."""
    case = find_case(stage.contest(told["contest"]), told)
    if case is None or case.state not in OPEN or case.owner_id is not None:
        return 0
    secretary = stage.person("van")
    done = stage.attempt(complaints.take, complaint=case, actor=secretary, now=now).done
    return int(
        done
        and stage.attempt(
            complaints.note, complaint=case, text=told["note"], inside=True, actor=secretary, now=now
        ).done
    )


def answer(stage: Stage, now: datetime, *, told: Told) -> int:
    """Whoever owns the case answers it."""
    case = find_case(stage.contest(told["contest"]), told)
    if case is None or case.state not in OPEN:
        return 0
    if case.owner_id is None:
        stage.attempt(complaints.take, complaint=case, actor=stage.person("van"), now=now)
    owner: User | None = case.owner
    if owner is None:
        return 0
    verb, outcome = complaints.answer, told["outcome"]
    return int(stage.attempt(verb, complaint=case, outcome=outcome, reply=told["reply"], actor=owner, now=now).done)


def follow(stage: Stage, now: datetime, *, told: Told) -> int:
    """A sustained objection: the entry falls out, the results are worked out and posted once more."""
    contest = stage.contest(told["contest"])
    case = find_case(contest, told)
    entry = case.entry if case is not None else None
    if case is None or entry is None or case.outcome not in CHANGES or entry.state != ACCEPTED:
        return 0
    report(stage, now, contest=contest, entry=entry)
    if not stage.attempt(refuse, entry=entry, reason=told["refusal"], actor=stage.person("van"), now=now).done:
        return 0
    compute(stage, now, contest_id=told["contest"])
    return post(stage, now, contest_id=told["contest"])


_RECEIVED = {
    "remark": N_("%(count)s remark on a finalist came in."),
    "objection": N_("%(count)s objection to the provisional results came in."),
    "complaint": N_("%(count)s complaint about the results came in."),
}
_ANSWERED = {
    "rejected": N_("%(count)s case was answered: it was not right."),
    "not_ours": N_("%(count)s case was answered: it is for another body to decide."),
    "upheld": N_("%(count)s case was answered: it was right."),
}


def acts() -> list[Act]:
    found = []
    for told in stories.around()["cases"]:
        kind = told["key"].partition("_")[0]
        plan = [
            (told["received"], _RECEIVED[kind], receive),
            (told["taken"], N_("The secretary took %(count)s case and looked into it."), take),
            (told["answered"], _ANSWERED[told["outcome"]], answer),
        ]
        if told.get("refusal"):
            plan.append(
                (told["followed"], N_("After the objection the results were worked out and posted anew."), follow)
            )
        found += [Act(at(when), what, partial(verb, told=told), told["contest"]) for when, what, verb in plan]
    return found

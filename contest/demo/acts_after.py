"""After the approval and after the announcement: certificates, and a prize that is taken back."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Any

from contest.complaints.rules import CHANGES
from contest.core.errors import N_
from contest.demo import stories
from contest.demo.acts_cases import find_case
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND
from contest.results import amendments
from contest.results.certificates import count_of, issue
from contest.results.moves import CASCADE
from contest.results.queries import awards_at, find_public_results

Told = dict[str, Any]


def issue_certificates(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """Give everybody who is to have a certificate theirs: a number, and the code on its check page."""
    contest = stage.contest(contest_id)
    if count_of(contest.id):
        return 0
    issued = stage.attempt(issue, contest=contest, actor=stage.person("diep"), now=now)
    return len(issued.value) if issued.done else 0


def propose_revocation(stage: Stage, now: datetime, *, told: Told) -> int:
    """An organiser proposes to take back the prize of an entry, where a case about it was found right."""
    contest = stage.contest(told["contest"])
    case = next(each for each in stories.around()["cases"] if each["key"] == told["case"])
    found = find_case(contest, case)
    public = find_public_results(contest.id, now)
    entry = stage.find_entry(contest, told["story"])
    if found is None or found.outcome not in CHANGES or public is None or entry is None:
        return 0
    if amendments.waiting_amendment(contest.id, now) is not None:
        return 0
    ladder = {prize.id for category in contest.rules.categories for _, prize in contest.rules.ladder(category.id)}
    mine = (each.award for each in awards_at(public.result_set, now) if each.stands and each.award.entry_id == entry.id)
    award = next((each for each in mine if each.prize_id in ladder), None)
    if award is None:
        return 0
    return int(
        stage.attempt(
            amendments.propose_revocation,
            contest=contest,
            award=award,
            follow=CASCADE,
            reason=told["reason"],
            number=told["number"],
            on=date.fromisoformat(told["date"]),
            signer=told["signer"],
            actor=stage.person("diep"),
            now=now,
        ).done
    )


def approve_revocation(stage: Stage, now: datetime, *, told: Told) -> int:
    """The other organiser approves; a proposal of a visitor waits for its visitor."""
    contest = stage.contest(told["contest"])
    waiting = amendments.waiting_amendment(contest.id, now)
    if waiting is None or waiting.second_approver_id is not None or waiting.decision_number != told["number"]:
        return 0
    approver = stage.person("diep" if waiting.proposed_by_id == stage.person("son").id else "son")
    return int(
        stage.attempt(
            amendments.approve_amendment,
            contest=contest,
            public_id=waiting.public_id,
            typed_number=waiting.decision_number,
            actor=approver,
            now=now,
        ).done
    )


def acts() -> list[Act]:
    found = [
        Act(
            at(when),
            N_("%(count)s certificates got their numbers."),
            partial(issue_certificates, contest_id=each),
            each,
        )
        for each, when in ((FIRST, "2027-06-09 14:00"), (SECOND, "2027-10-11 14:00"))
    ]
    for told in stories.around()["amendments"]:
        found += [
            Act(
                at(told["proposed"]),
                N_("It was proposed to take back %(count)s prize."),
                partial(propose_revocation, told=told),
                told["contest"],
            ),
            Act(
                at(told["approved"]),
                N_("%(count)s prize was taken back, and the erratum published."),
                partial(approve_revocation, told=told),
                told["contest"],
            ),
        ]
    return found

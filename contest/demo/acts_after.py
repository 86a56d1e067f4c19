"""Around the announcement: scans of decisions, the press, certificates, and a prize that is taken back."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Any

from contest.complaints.rules import CHANGES
from contest.contests.models import Contest
from contest.core.errors import N_
from contest.demo import stories
from contest.demo.acts_cases import find_case
from contest.demo.scan import draw_decision
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND
from contest.exemplars.papers import make_paper
from contest.papers.certificates import count_of, issue
from contest.results import amendments, press
from contest.results.moves import CASCADE
from contest.results.queries import (
    amendments_at,
    awards_at,
    find_public_results,
    find_results_for_press,
    find_standing,
)
from contest.results.scans import add_scan, scans_of

Told = dict[str, Any]


def scan_decision(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The signed decision as a scan, sealed until the results are public. One that a visitor gave stays."""
    contest = stage.contest(contest_id)
    standing, told = find_standing(contest.id), stories.decisions()["contests"][contest_id]
    if (
        standing is None
        or standing.decision_number is None
        or any(not each.replaced_at for each in scans_of(contest.id))
    ):
        return 0
    given = {
        "number": standing.decision_number,
        "date": (standing.decision_date or now).strftime("%Y-%m-%d"),
        "title": standing.decision_title or told["title"],
        "signer": standing.decision_signer or told["signer"],
        "articles": told["articles"],
    }
    return _scan(stage, now, contest, given)


def scan_amendment(stage: Stage, now: datetime, *, told: Told) -> int:
    """The same of the decision that took a prize back."""
    contest = stage.contest(told["contest"])
    scanned = {each.amendment_id for each in scans_of(contest.id)}
    amendment = next((each for each in amendments_at(contest.id, now) if each.decision_number == told["number"]), None)
    if amendment is None or amendment.id in scanned:
        return 0
    return _scan(stage, now, contest, told, amendment.public_id)


def _scan(stage: Stage, now: datetime, contest: Contest, told: Told, amendment_id: str = "") -> int:
    day = date.fromisoformat(told["date"])
    content = draw_decision(
        governing=contest.rules.bodies.governing.vi,
        issuer="Ban Tổ chức cuộc thi",
        number=told["number"],
        day=f"ngày {day.day:02} tháng {day.month} năm {day.year}",
        title=told["title"],
        articles=told["articles"],
        signer=told["signer"],
    )
    paper = make_paper(content, f"quyet-dinh-{told['number'].partition('/')[0]}.jpg")
    person = stage.person("diep")
    return int(
        stage.attempt(
            add_scan, contest=contest, paper=paper, files=stage.files, actor=person, now=now, amendment_id=amendment_id
        ).done
    )


def accept_embargo(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """A reporter accepts the terms under which the press reads results early."""
    contest, reporter = stage.contest(contest_id), stage.person("chau")
    if press.find_terms(contest.id, reporter.id) is not None:
        return 0
    return int(
        stage.attempt(press.accept_terms, contest=contest, version=press.TERMS_VERSION, actor=reporter, now=now).done
    )


def read_early(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The reporter reads the results under the embargo, which is recorded."""
    contest, reporter = stage.contest(contest_id), stage.person("chau")
    terms = press.find_terms(contest.id, reporter.id)
    found = find_results_for_press(contest, reporter.id, press.TERMS_VERSION, now)
    if terms is None or found is None or press.has_read(found, reporter):
        return 0
    return int(stage.attempt(press.note_reading, result_set=found, terms=terms, actor=reporter, now=now).done)


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
    found += [
        Act(at(when), N_("The scan of the decision was added."), partial(scan_decision, contest_id=each), each)
        for each, when in ((FIRST, "2027-06-08 14:00"), (SECOND, "2027-10-08 14:00"))
    ]
    found += [
        Act(
            at("2027-06-09 10:00"),
            N_("%(count)s reporter accepted the terms of the embargo."),
            partial(accept_embargo, contest_id=FIRST),
            FIRST,
        ),
        Act(
            at("2027-06-10 14:30"),
            N_("%(count)s reporter read the results under the embargo."),
            partial(read_early, contest_id=FIRST),
            FIRST,
        ),
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
            Act(
                at(told["scanned"]),
                N_("The scan of the decision was added."),
                partial(scan_amendment, told=told),
                told["contest"],
            ),
        ]
    return found

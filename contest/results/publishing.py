"""Making results public: posting, the decision, the approvals of two people.

Nothing here switches anything on. The acts record who decided what; the predicates in
`contest.results.queries` compare that with the clock each time somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.formats import local
from contest.core.text import clean_line
from contest.outbox.services import ask_for_mail, ask_for_sms
from contest.results.acts import (
    AWARD_MAIL,
    AWARD_SMS,
    begin,
    clear_approvals,
    get_prepared,
    note,
)
from contest.results.facts import check_gates
from contest.results.gates import APPROVE, DECIDE, POST
from contest.results.models import Award, ResultSet
from contest.results.queries import is_announced, last_decision
from contest.results.rules import council_day, posts_first
from contest.results.scans import retire_scan


def release_posting(*, contest: Contest, actor: User, now: datetime) -> ResultSet:
    """Let the provisional results be posted for remarks from the instant that the rules name.

    Can be done before it; when it is late, they are posted at once. Releasing again changes
    nothing. Raises NotYet with everything that is in the way; Refused, Conflict.
    """
    begin(contest, actor, now)
    if not posts_first(contest.rules):
        raise Refused(N_("The rules of this contest do not post provisional results."), code="no_posting")
    result_set = get_prepared(contest)
    if result_set.posted_by_id is not None:
        return result_set
    check_gates(POST, contest, now)
    result_set.posted_by = actor
    result_set.posted_at = now
    result_set.post_from = max(contest.rules.results_at, now)
    note(contest, "release_posting", actor, now, result_set=result_set.id, visible_from=result_set.post_from)
    db.session.flush()
    return result_set


def enter_decision(
    *, contest: Contest, number: str, on: date, signer: str, title: str, actor: User, now: datetime
) -> ResultSet:
    """Record the decision that recognises the results (quyết định công nhận kết quả).

    `on`: its date, not before the council and not after the announcement. Another decision takes
    back approvals. Raises NotYet with everything that is in the way; Refused, Conflict.
    """
    begin(contest, actor, now)
    result_set = get_prepared(contest)
    number, signer, title = clean_line(number), clean_line(signer), clean_line(title)
    if not number:
        raise Refused(N_("Give the number of the decision."), code="number_missing")
    if not signer:
        raise Refused(N_("Say who signed the decision."), code="signer_missing")
    if not title:
        raise Refused(N_("Say what the decision is about."), code="title_missing")
    council = council_day(contest.rules)
    if council is not None and on < council:
        raise Refused(N_("The council meets on %(day)s; the decision comes after."), code="before_council", day=council)
    latest = local(max(contest.rules.official_at, now)).date()
    if on > latest:
        raise Refused(
            N_("The results are announced on %(day)s; the decision comes before."),
            code="after_announcement",
            day=latest,
        )
    given = (number, on, signer, title)
    if given == decision_of(result_set):
        return result_set
    check_gates(DECIDE, contest, now)
    before = last_decision(contest.id)
    if before is not None and decision_of(before)[:2] != given[:2]:
        retire_scan(contest, now)
    result_set.decision_number, result_set.decision_date = number, on
    result_set.decision_signer, result_set.decision_title = signer, title
    clear_approvals(result_set)
    note(contest, "enter_decision", actor, now, result_set=result_set.id, number=number, date=on.isoformat())
    db.session.flush()
    return result_set


def decision_of(result_set: ResultSet) -> tuple[str | None, date | None, str | None, str | None]:
    """Number, date, signer and title of the decision."""
    return (
        result_set.decision_number,
        result_set.decision_date,
        result_set.decision_signer,
        result_set.decision_title,
    )


def same_number(typed: str, number: str) -> bool:
    """Whether a decision's number was typed as it is, blanks and small letters aside."""
    return "".join(typed.split()).casefold() == "".join(number.split()).casefold()


def approve(*, contest: Contest, typed_number: str, actor: User, now: datetime) -> ResultSet:
    """Approve the results. The second of two different organisers thereby publishes them.

    They become public at the announced instant, or at once when that is past; the winners are
    written to then, never before. `typed_number`: the number of the decision, typed once more.
    Approving what two have approved changes nothing. Raises NotYet with everything that is in the
    way; Refused, Conflict.
    """
    if is_announced(contest.id, now):
        return get_prepared(contest)
    begin(contest, actor, now)
    result_set = get_prepared(contest)
    if result_set.second_approver_id is not None:
        return result_set
    check_gates(APPROVE, contest, now)
    if not same_number(typed_number, result_set.decision_number or ""):
        raise Refused(N_("This is not the number of the decision."), code="wrong_number")
    if result_set.first_approver_id is None:
        result_set.first_approver, result_set.first_approved_at = actor, now
        note(contest, "approve", actor, now, result_set=result_set.id, fingerprint=result_set.fingerprint)
        db.session.flush()
        return result_set
    _check_second_person(result_set, actor)
    result_set.second_approver, result_set.second_approved_at = actor, now
    result_set.visible_from = max(contest.rules.official_at, now)
    note(
        contest,
        "publish",
        actor,
        now,
        result_set=result_set.id,
        fingerprint=result_set.fingerprint,
        visible_from=result_set.visible_from,
    )
    db.session.flush()
    ask_for_letters(result_set, result_set.awards, result_set.visible_from, now)
    return result_set


def _check_second_person(result_set: ResultSet, actor: User) -> None:
    """Raises Refused for the person who approved first; the database holds the same rule."""
    if result_set.first_approver_id == actor.id:
        raise Refused(
            N_("You have approved already. A second organiser has to approve before anything is published."),
            code="same_person",
        )


def ask_for_letters(result_set: ResultSet, awards: Iterable[Award], at: datetime, now: datetime, **params: int) -> None:
    """Queue one message for each author of these awards, to go out at `at`. `params` name what calls them off."""
    rules = result_set.contest.rules
    by_author: dict[int, list[Award]] = {}
    for award in awards:
        by_author.setdefault(award.entry.author_id, []).append(award)
    for mine in by_author.values():
        author = mine[0].entry.author
        ask = ask_for_mail if author.email else ask_for_sms
        message = ask(
            to=author.email or author.phone or "",
            template=AWARD_MAIL if author.email else AWARD_SMS,
            now=now,
            locale=author.locale,
            scope=result_set.contest.slug,
            result_set=result_set.id,
            name=author.name,
            contest=rules.title.model_dump(),
            slug=result_set.contest.slug,
            prizes=list(_prizes_in_words(mine)),
            **params,
        )
        message.next_try_at = at
    db.session.flush()


def _prizes_in_words(awards: Iterable[Award]) -> Iterable[dict[str, str]]:
    for award in awards:
        prize = award.result_set.contest.rules.find_prize(award.prize_id)
        if prize is not None:
            yield {"vi": prize.name.vi, "en": prize.name.en, "title": award.entry.title}

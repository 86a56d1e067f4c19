"""Changing announced results: a prize taken back, a word corrected. Each by a decision of its own, by two people.

An amendment says what it changes and what follows from it when it is proposed; the second person approves
exactly that. It shows from its instant, by the clock, as results do (results.queries.is_amended), and stays
for good: the erratum tells what was before. One at a time, so that none is worked out from what another one
is about to change.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from contest.accounts.models import User
from contest.complaints.queries import frozen_prizes
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.formats import local
from contest.core.text import clean_line, clean_text
from contest.outbox.services import call_off as call_off_messages
from contest.results.acts import AWARD_MAIL, AWARD_SMS, note
from contest.results.models import Award, ResultSet
from contest.results.models_after import Amendment, UnitAward
from contest.results.moves import CASCADE, EMPTY, follows_by_rule, moves_after
from contest.results.publishing import ask_for_letters, same_number
from contest.results.queries import awards_at, find_public_results, unit_awards_at
from contest.results.rules import LONGEST_CITATION, on_the_minute
from contest.results.wording import keep_all

REVOKE, CORRECT = "revoke", "correct"
CITATION, AUTHOR = "citation", "author"
LONGEST_REASON = 1000
LONGEST_NAME = 200


def propose_revocation(
    *,
    contest: Contest,
    award: Award | UnitAward,
    follow: str,
    reason: str,
    number: str,
    on: date,
    signer: str,
    actor: User,
    now: datetime,
    visible_from: datetime | None = None,
) -> Amendment:
    """Propose to take back a prize, with what follows: the next moves up (cascade), or the prize stays empty.

    `reason` is told to the public. `visible_from`: not before it; None is at once with the second approval.
    Raises Refused (no decision, a tie comes next, someone next is under an open case), Conflict (not public,
    another amendment waits, taken back already).
    """
    result_set = _begin(contest, actor, now)
    _check_nothing_waits(contest, now)
    _check_stands(result_set, award, now)
    moves = _revoking(contest, result_set, award, follow, now)
    row = _proposed(contest, result_set, award, REVOKE, follow, reason, number, on, signer, actor, now)
    row.moves, row.visible_from = moves, on_the_minute(visible_from) if visible_from else None
    return _keep(contest, row, actor, now)


def propose_correction(
    *,
    contest: Contest,
    award: Award | UnitAward,
    field: str,
    after: str,
    reason: str,
    number: str,
    on: date,
    signer: str,
    actor: User,
    now: datetime,
    visible_from: datetime | None = None,
) -> Amendment:
    """Propose to correct the citation, or the author's name as it is shown with the prize. Raises as above."""
    result_set = _begin(contest, actor, now)
    _check_nothing_waits(contest, now)
    _check_stands(result_set, award, now)
    if field not in (CITATION, AUTHOR) or (field == AUTHOR and isinstance(award, UnitAward)):
        raise Refused(N_("There is nothing of this kind to correct."), code="unknown_field")
    after = clean_text(after) if field == CITATION else clean_line(after)
    before = _words_of(result_set, award, field, now)
    longest = LONGEST_CITATION if field == CITATION else LONGEST_NAME
    if not after or after == before:
        raise Refused(N_("Write how it should read."), code="nothing_changes")
    if len(after) > longest:
        raise Refused(N_("At most %(count)s characters."), code="too_long", count=longest)
    row = _proposed(contest, result_set, award, CORRECT, EMPTY, reason, number, on, signer, actor, now)
    row.moves = {"field": field, "before": before, "after": after}
    row.visible_from = on_the_minute(visible_from) if visible_from else None
    return _keep(contest, row, actor, now)


def approve_amendment(*, contest: Contest, public_id: str, typed_number: str, actor: User, now: datetime) -> Amendment:
    """Approve what another organiser proposed; from its instant on it is so. Approving again changes nothing.

    Raises Refused (same person, another number), Conflict (called off, or something else would follow now).
    """
    result_set = _begin(contest, actor, now)
    row = get_amendment(contest.id, public_id)
    if row.second_approver_id is not None:
        return row
    if row.called_off_at is not None or row.result_set_id != result_set.id:
        raise Conflict(N_("This proposal was called off."), code="called_off")
    if row.proposed_by_id == actor.id:
        raise Refused(N_("You proposed this. A second organiser has to approve it."), code="same_person")
    if not same_number(typed_number, row.decision_number):
        raise Refused(N_("This is not the number of the decision."), code="wrong_number")
    award = row.award or row.unit_award
    if award is None:
        raise LookupError(public_id)
    _check_stands(result_set, award, now)
    if row.kind == REVOKE and _revoking(contest, result_set, award, row.follow, now) != row.moves:
        raise Conflict(
            N_("Something else would follow now than when this was proposed. Call it off and propose it again."),
            code="out_of_date",
        )
    row.second_approver_id, row.second_approved_at = actor.id, now
    row.visible_from = max(row.visible_from or now, now)
    db.session.flush()
    if row.kind == REVOKE:
        _carry_out(result_set, row, award, now)
    _note(contest, "amend", row, actor, now)
    db.session.flush()
    return row


def call_off_amendment(*, contest: Contest, public_id: str, actor: User, now: datetime) -> Amendment:
    """Take back an amendment before anybody could see it; the record of it stays. Raises Conflict once public."""
    _begin(contest, actor, now)
    row = get_amendment(contest.id, public_id)
    if row.called_off_at is not None:
        return row
    if row.second_approver_id is not None and row.visible_from is not None and row.visible_from <= now:
        raise Conflict(N_("It is public. Only another amendment changes it."), code="already_public")
    row.called_off_at = now
    db.session.execute(update(Award).where(Award.until_amendment_id == row.id).values(until_amendment_id=None))
    units = update(UnitAward).where(UnitAward.until_amendment_id == row.id)
    db.session.execute(units.values(until_amendment_id=None))
    db.session.execute(delete(Award).where(Award.since_amendment_id == row.id))
    for template in (AWARD_MAIL, AWARD_SMS):
        call_off_messages(template=template, amendment=row.id)
    _note(contest, "call_off_amendment", row, actor, now)
    db.session.flush()
    return row


def get_amendment(contest_id: int, public_id: str) -> Amendment:
    """Raises NotFound."""
    found = db.session.scalar(
        select(Amendment).where(Amendment.contest_id == contest_id, Amendment.public_id == public_id.replace("\0", ""))
    )
    if found is None:
        raise NotFound(public_id)
    return found


def waiting_amendment(contest_id: int, now: datetime) -> Amendment | None:
    """The amendment that was proposed and that nobody can see yet; there is at most one."""
    return db.session.scalar(
        select(Amendment).where(
            Amendment.contest_id == contest_id,
            Amendment.called_off_at.is_(None),
            or_(Amendment.second_approver_id.is_(None), Amendment.visible_from > now),
        )
    )


def _begin(contest: Contest, actor: User, now: datetime) -> ResultSet:
    """The official results, once the acts before are done. Raises Refused for others than organisers, Conflict."""
    if ORGANISER not in roles_of(contest.id, actor.id):
        raise Refused(N_("Only an organiser can do this."), code="not_organiser")
    db.session.execute(select(Contest.id).where(Contest.id == contest.id).with_for_update(key_share=True))
    found = find_public_results(contest.id, now)
    if found is None or found.standing != "official":
        raise Conflict(
            N_("The results are not public yet: they are still changed by computing them again."), code="early"
        )
    return found.result_set


def _check_nothing_waits(contest: Contest, now: datetime) -> None:
    if waiting_amendment(contest.id, now) is not None:
        raise Conflict(N_("Another amendment waits. Approve it or call it off first."), code="another_waits")


def _check_stands(result_set: ResultSet, award: Award | UnitAward, now: datetime) -> None:
    standing = unit_awards_at(result_set, now) if isinstance(award, UnitAward) else awards_at(result_set, now)
    if not any(each.stands and each.award.id == award.id for each in standing):
        raise Conflict(N_("This prize does not stand any more."), code="not_standing")


def _revoking(
    contest: Contest, result_set: ResultSet, award: Award | UnitAward, follow: str, now: datetime
) -> dict[str, Any]:
    if follow not in (CASCADE, EMPTY):
        raise Refused(N_("Say what follows: the next moves up, or the prize stays empty."), code="unknown_follow")
    if isinstance(award, UnitAward):
        if follow == CASCADE:
            raise Refused(N_("The rules name nobody as next for this prize. Leave it empty."), code="nobody_next")
        return {"ends": [award.id], "comes": []}
    by_rule = follows_by_rule(contest, contest.rules.find_prize(award.prize_id))
    if follow == CASCADE:
        if by_rule == EMPTY:
            raise Refused(N_("The rules leave this prize empty when it is taken back."), code="stays_empty")
        return _moving_up(contest, result_set, award, now)
    if by_rule == CASCADE and _can_move_up(contest, result_set, award, now):
        raise Refused(N_("The rules let the next move up when this prize is taken back."), code="next_moves_up")
    return moves_after(contest, result_set, award, EMPTY, now)


def _moving_up(contest: Contest, result_set: ResultSet, award: Award, now: datetime) -> dict[str, Any]:
    moves = moves_after(contest, result_set, award, CASCADE, now)
    frozen = frozen_prizes(contest.id)
    if any(frozen.holds(each["entry"], each["prize"]) for each in moves["comes"]):
        raise Refused(
            N_("A case about somebody who would move up is open. Answer it first, or leave the prize empty."),
            code="frozen",
        )
    return moves


def _can_move_up(contest: Contest, result_set: ResultSet, award: Award, now: datetime) -> bool:
    """Whether somebody is next: no tie, no open case in the way."""
    try:
        return bool(_moving_up(contest, result_set, award, now)["comes"])
    except Refused:
        return False


def _proposed(
    contest: Contest,
    result_set: ResultSet,
    award: Award | UnitAward,
    kind: str,
    follow: str,
    reason: str,
    number: str,
    on: date,
    signer: str,
    actor: User,
    now: datetime,
) -> Amendment:
    reason, number, signer = clean_text(reason), clean_line(number), clean_line(signer)
    if not reason:
        raise Refused(N_("Give the reason, as the public will read it."), code="reason_missing")
    if len(reason) > LONGEST_REASON:
        raise Refused(N_("A reason has at most %(count)s characters."), code="too_long", count=LONGEST_REASON)
    if not number:
        raise Refused(N_("Give the number of the decision."), code="number_missing")
    if not signer:
        raise Refused(N_("Say who signed the decision."), code="signer_missing")
    if result_set.decision_date is not None and on < result_set.decision_date:
        raise Refused(N_("This decision comes after the one that recognised the results."), code="too_early")
    if on > local(now).date():
        raise Refused(N_("The date of the decision lies in the future."), code="in_future")
    to_unit = isinstance(award, UnitAward)
    return Amendment(
        contest_id=contest.id,
        result_set_id=result_set.id,
        kind=kind,
        award_id=None if to_unit else award.id,
        unit_award_id=award.id if to_unit else None,
        follow=follow,
        reason=reason,
        decision_number=number,
        decision_date=on,
        decision_signer=signer,
        proposed_by_id=actor.id,
        proposed_at=now,
    )


def _keep(contest: Contest, row: Amendment, actor: User, now: datetime) -> Amendment:
    db.session.add(row)
    db.session.flush()
    _note(contest, "propose_amendment", row, actor, now)
    db.session.flush()
    return row


def _note(contest: Contest, verb: str, row: Amendment, actor: User, now: datetime) -> None:
    note(
        contest,
        verb,
        actor,
        now,
        amendment=row.public_id,
        amends=row.kind,
        award=row.award_id,
        unit_award=row.unit_award_id,
        follow=row.follow,
        moves=row.moves,
        number=row.decision_number,
    )


def _words_of(result_set: ResultSet, award: Award | UnitAward, field: str, now: datetime) -> str:
    if isinstance(award, UnitAward):
        return next(each.citation for each in unit_awards_at(result_set, now) if each.award.id == award.id)
    each = next(each for each in awards_at(result_set, now) if each.award.id == award.id)
    return each.citation if field == CITATION else each.author or award.entry.author_name


def _carry_out(result_set: ResultSet, row: Amendment, award: Award | UnitAward, now: datetime) -> None:
    """Write what ends and what comes. Nobody sees it before the instant of the amendment."""
    if isinstance(award, UnitAward):
        award.until_amendment_id = row.id
    else:
        ends = update(Award).where(Award.id.in_(row.moves["ends"]))
        db.session.execute(ends.values(until_amendment_id=row.id))
    said = (
        N_("Moved up after a prize was taken back, under Decision No. %(number)s of %(day)s."),
        {"number": row.decision_number, "day": f"{row.decision_date:%d/%m/%Y}"},
    )
    fresh = []
    for come in row.moves["comes"]:
        prize = result_set.contest.rules.find_prize(come["prize"])
        if prize is None:
            raise LookupError(come["prize"])
        position = db.session.scalar(
            select(func.max(Award.position)).where(
                Award.result_set_id == result_set.id, Award.prize_id == come["prize"]
            )
        )
        fresh.append(
            Award(
                result_set_id=result_set.id,
                position=position or award.position,
                prize_id=come["prize"],
                entry_id=come["entry"],
                place=come["place"],
                score=come["score"],
                votes=_votes_of(result_set, come["entry"]) if prize == result_set.contest.rules.readers_prize else None,
                amount_vnd=prize.amount_vnd,
                why=keep_all([said]),
                since_amendment_id=row.id,
            )
        )
    db.session.add_all(fresh)
    db.session.flush()
    ask_for_letters(result_set, fresh, row.visible_from or now, now, amendment=row.id)


def _votes_of(result_set: ResultSet, entry_id: int) -> int | None:
    votes = (result_set.report["tally"] or {}).get("votes", [])
    return next((count for entry, count in votes if entry == entry_id), None)

"""Reviewing a vote: two people set ballots aside, with a reason and in words, and can take it back.

A finding is a flag for people; nothing happens to a ballot by itself. One person proposes a batch,
whose ballots are fixed at that moment; another one decides. What is decided is written into the
public log and removes nothing: the ballot stays, so does each decision, and the latest one holds. A
voter who changes a ballot that is set aside changes its choices, not that it is set aside.

Who reviews does not know the count, and who knows the count reviews no more: from the moment results
are worked out, nothing is set aside or admitted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, insert, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import CHAIR, JUDGE, SEES_AUTHORS
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_text
from contest.voting.counting import adjust
from contest.voting.log import decide_many
from contest.voting.models import Ballot
from contest.voting.models_review import BallotDecision, Finding, Setting, SettingBallot
from contest.voting.review_lists import (
    Part,
    ballots_of,
    drawn,
    get_setting,
    is_set_aside,
    settings_of,
)
from contest.voting.rules import BALLOT_ID

VOID: Final = "void"
ADMIT: Final = "admit"
ROLE: Final = "vote_review"  # as leaves of the log say who decided

# Why a ballot counts again; why it does not is in the rules (`voting.set_aside`).
ADMIT_REASONS = {
    "objection": N_("An objection turned out to be right"),
    "mistake": N_("It was set aside by mistake"),
}
FINDING_STATES = {
    "open": N_("To be looked at"),
    "dismissed": N_("Nothing wrong"),
    "acted": N_("Ballots set aside"),
}
SETTING_STATES = {
    "proposed": N_("Waiting for a second person"),
    "made": N_("Carried out"),
    "refused": N_("Refused"),
    "withdrawn": N_("Withdrawn"),
}
# Ballots of one batch: what one transaction carries within seconds on either database.
BATCH_MOST = 20_000
TYPED_MOST = 200
WORDS_LEAST, WORDS_MOST = 15, 2000
_AT_ONCE = 1000

IsCounted = Callable[[int], bool]


def may_review(roles: set[str]) -> bool:
    """Whether somebody with these roles in a contest may review its vote: who runs it, and does not judge."""
    return bool(roles & SEES_AUTHORS) and not roles & {JUDGE, CHAIR}


def dismiss(*, contest: Contest, finding: Finding, words: str, actor: User, now: datetime) -> None:
    """Close a finding that needs nothing, saying why. Raises Refused, Conflict (closed already)."""
    _begin(contest, actor)
    db.session.refresh(finding)
    if finding.state != "open":
        raise Conflict(N_("Somebody has closed this finding already."), code="finding_closed")
    if any(each.state == "proposed" for each in settings_of(contest.id, finding=finding).settings):
        raise Refused(
            N_("A batch about this finding waits for a second person: decide or withdraw that first."),
            code="batch_waits",
        )
    said = _words(words)
    _close(finding, "dismissed", said, actor, now)
    _note(contest, "dismiss", finding, actor, now, words=said)


def reopen(*, contest: Contest, finding: Finding, actor: User, now: datetime) -> None:
    """Look at a finding once more. Raises Refused; one that is open stays so."""
    _begin(contest, actor)
    db.session.refresh(finding)
    if finding.state == "open":
        return
    was = finding.state
    finding.state, finding.closed_by, finding.closed_at, finding.words = "open", None, None, None
    db.session.flush()
    _note(contest, "reopen", finding, actor, now, was=was)


def propose(
    *,
    contest: Contest,
    finding: Finding,
    part: Part,
    reason: str,
    words: str,
    actor: User,
    now: datetime,
    is_counted: IsCounted,
) -> Setting:
    """Propose to set aside the ballots of a finding, or a part of them, that count now.

    `reason` is one that the rules know. Raises Refused, Conflict (results are worked out).
    """
    _begin(contest, actor, is_counted)
    db.session.refresh(finding)
    if finding.state == "dismissed":
        raise Refused(N_("This finding was closed. Open it again first."), code="finding_closed")
    if reason not in contest.rules.voting.set_aside:
        raise Refused(N_("Choose a reason that the rules of the vote name."), code="reason")
    said = _words(words)
    rows = _rows(ballots_of(finding, part).where(~is_set_aside(Ballot.id)))
    chosen = drawn(rows, part.sample, f"{finding.public_id}:{now.isoformat()}")
    if not chosen:
        raise Refused(N_("No ballot of this part counts now: there is nothing to set aside."), code="nothing_to_do")
    return _proposed(contest, VOID, reason, said, chosen, part.as_said(), actor, now, finding_id=finding.id)


def propose_back(
    *,
    contest: Contest,
    setting: Setting,
    reason: str,
    words: str,
    actor: User,
    now: datetime,
    is_counted: IsCounted,
) -> Setting:
    """Propose that what a batch set aside counts again. Raises Refused, Conflict."""
    _begin(contest, actor, is_counted)
    db.session.refresh(setting)
    if setting.kind != VOID or setting.state != "made":
        raise Refused(N_("This batch has set nothing aside."), code="nothing_to_do")
    _check_admit(reason)
    said = _words(words)
    query = (
        select(Ballot.id, Ballot.ballot_id)
        .join(SettingBallot, SettingBallot.ballot_id == Ballot.id)
        .where(SettingBallot.setting_id == setting.id, is_set_aside(Ballot.id))
        .order_by(Ballot.id)
    )
    chosen = _rows(query)
    if not chosen:
        raise Refused(N_("All ballots of this batch count again already."), code="nothing_to_do")
    picked = {"setting": setting.public_id}
    return _proposed(contest, ADMIT, reason, said, chosen, picked, actor, now, undoes_id=setting.id)


def propose_numbers(
    *, contest: Contest, typed: str, reason: str, words: str, actor: User, now: datetime, is_counted: IsCounted
) -> Setting:
    """Propose that single ballots count again, by their numbers: somebody with a receipt objects.

    Raises Refused for a number that is none or whose ballot counts, Conflict.
    """
    _begin(contest, actor, is_counted)
    _check_admit(reason)
    said = _words(words)
    numbers = _typed_numbers(typed)
    query = (
        select(Ballot.id, Ballot.ballot_id)
        .where(Ballot.contest_id == contest.id, Ballot.ballot_id.in_(numbers), is_set_aside(Ballot.id))
        .order_by(Ballot.id)
    )
    chosen = _rows(query)
    if missing := sorted(numbers - {row[1] for row in chosen}):
        raise Refused(N_("These ballots are not set aside: %(numbers)s."), code="numbers", numbers=", ".join(missing))
    return _proposed(contest, ADMIT, reason, said, chosen, {"numbers": sorted(numbers)}, actor, now)


def withdraw(*, contest: Contest, setting: Setting, actor: User, now: datetime) -> None:
    """Take back one's own proposal that nobody has decided. Raises Refused, Conflict (decided already)."""
    _begin(contest, actor)
    setting = get_setting(contest.id, setting.public_id)
    _check_waits(setting)
    if setting.proposed_by != actor.id:
        raise Refused(N_("Only the person who proposed a batch withdraws it."), code="not_yours")
    setting.state, setting.decided_at = "withdrawn", now
    db.session.flush()
    _note(contest, "withdraw", setting, actor, now)


def decide(
    *, contest: Contest, setting: Setting, yes: bool, words: str, actor: User, now: datetime, is_counted: IsCounted
) -> Setting:
    """Carry out, or refuse, what another person proposed: `changed` says to how many ballots it was done.

    Ballots that stand so already (another batch was quicker) are passed over. Raises Refused for the
    proposer, Conflict when it is decided or withdrawn already, or results are worked out.
    """
    _begin(contest, actor, is_counted)
    setting = get_setting(contest.id, setting.public_id)
    _check_waits(setting)
    if setting.proposed_by == actor.id:
        raise Refused(N_("You proposed this batch: somebody else has to decide it."), code="same_person")
    said = _words(words)
    changed = _carry_out(contest, setting, now) if yes else 0
    setting.state = "made" if yes else "refused"
    setting.decided_by, setting.decided_at, setting.answer = actor.id, now, said
    setting.changed = changed if yes else None
    db.session.flush()
    if yes and setting.finding is not None and setting.kind == VOID:
        _close(setting.finding, "acted", setting.words, actor, now)
    verb = "carry_out" if yes else "refuse"
    _note(
        contest,
        verb,
        setting,
        actor,
        now,
        kind=setting.kind,
        reason=setting.reason,
        words=said,
        ballots=setting.ballots,
        changed=changed,
        digest=setting.digest,
    )
    return setting


def _carry_out(contest: Contest, setting: Setting, now: datetime) -> int:
    """Decide about each ballot of the batch that does not stand so yet; how many. In parts, in one transaction."""
    aside = is_set_aside(Ballot.id)
    rows = db.session.execute(
        select(Ballot.id, Ballot.ballot_id)
        .join(SettingBallot, SettingBallot.ballot_id == Ballot.id)
        .where(SettingBallot.setting_id == setting.id, ~aside if setting.kind == VOID else aside)
        .order_by(Ballot.ballot_id)
    ).all()
    said = [{"ballot": number, "reason": setting.reason, "role": ROLE} for _id, number in rows]
    numbers = decide_many(contest, now, setting.kind, said)
    decisions = [
        {
            "contest_id": contest.id,
            "ballot_id": row[0],
            "number": number,
            "kind": setting.kind,
            "reason": setting.reason,
            "setting_id": setting.id,
            "at": now,
        }
        for row, number in zip(rows, numbers, strict=True)
    ]
    for start in range(0, len(decisions), _AT_ONCE):
        db.session.execute(insert(BallotDecision), decisions[start : start + _AT_ONCE])
    adjust(contest.id, [row[0] for row in rows], -1 if setting.kind == VOID else 1)
    return len(rows)


def _begin(contest: Contest, actor: User, is_counted: IsCounted | None = None) -> None:
    """Check who acts, and wait for the contest so that acts come one after the other. Raises Refused, Conflict.

    Working out results holds the same lock (results.acts.begin): whoever comes second sees the first.
    """
    if not may_review(roles_of(contest.id, actor.id)):
        raise Refused(N_("Only the organising committee and the secretariat review the vote."), code="not_reviewer")
    # FOR NO KEY UPDATE on PostgreSQL: ballots are cast meanwhile. SQLite has one writer at a time anyway.
    db.session.execute(select(Contest.id).where(Contest.id == contest.id).with_for_update(key_share=True))
    if is_counted is not None and is_counted(contest.id):
        raise Conflict(
            N_(
                "The results have been worked out: from then on no ballot is set aside or admitted, since the count"
                " is known."
            ),
            code="counted",
        )


def _rows(query: Select[int, str]) -> list[tuple[int, str]]:
    """The ballots that a query gives. Raises Refused when they are more than one batch may hold."""
    rows = [(row[0], row[1]) for row in db.session.execute(query.limit(BATCH_MOST + 1))]
    if len(rows) > BATCH_MOST:
        raise Refused(
            N_("A batch holds at most %(most)s ballots: narrow it down, and propose several."),
            code="too_many",
            most=BATCH_MOST,
        )
    return rows


def _proposed(
    contest: Contest,
    kind: str,
    reason: str,
    words: str,
    chosen: Sequence[tuple[int, str]],
    picked: dict[str, Any],
    actor: User,
    now: datetime,
    **about: int,
) -> Setting:
    numbers = "\n".join(sorted(number for _id, number in chosen)) + "\n"
    setting = Setting(
        contest_id=contest.id,
        kind=kind,
        reason=reason,
        words=words,
        picked=picked,
        ballots=len(chosen),
        digest=hashlib.sha256(numbers.encode()).hexdigest(),
        proposed_by=actor.id,
        proposed_at=now,
        **about,
    )
    db.session.add(setting)
    db.session.flush()
    rows = [{"setting_id": setting.id, "ballot_id": ballot_id} for ballot_id, _number in chosen]
    for start in range(0, len(rows), _AT_ONCE):
        db.session.execute(insert(SettingBallot), rows[start : start + _AT_ONCE])
    _note(
        contest,
        "propose",
        setting,
        actor,
        now,
        kind=kind,
        reason=reason,
        words=words,
        ballots=len(chosen),
        digest=setting.digest,
        picked=picked,
    )
    return setting


def _check_waits(setting: Setting) -> None:
    if setting.state == "withdrawn":
        raise Conflict(N_("This batch was withdrawn meanwhile. Nothing was done."), code="withdrawn")
    if setting.state != "proposed":
        raise Conflict(N_("Somebody has decided this batch already."), code="decided")


def _check_admit(reason: str) -> None:
    if reason not in ADMIT_REASONS:
        raise Refused(N_("Choose why the ballots count again."), code="reason")


def _typed_numbers(typed: str) -> set[str]:
    numbers = {each.replace("-", "").upper() for each in typed.replace(",", " ").replace(";", " ").split()}
    if not numbers:
        raise Refused(N_("Write the number of the ballot, as it stands on the receipt."), code="numbers")
    if len(numbers) > TYPED_MOST:
        raise Refused(N_("At most %(most)s numbers at a time."), code="numbers", most=TYPED_MOST)
    if wrong := sorted(each for each in numbers if not BALLOT_ID.fullmatch(each)):
        raise Refused(
            N_("This is not a ballot's number: %(number)s. It has 16 letters and digits."),
            code="numbers",
            number=wrong[0][:40],
        )
    return numbers


def _words(words: str) -> str:
    """What somebody says about an act. Raises Refused for too little or too much."""
    said = clean_text(words)
    if len(said) < WORDS_LEAST:
        raise Refused(
            N_("Say why, in at least %(least)s letters: it stays on record."), code="words", least=WORDS_LEAST
        )
    if len(said) > WORDS_MOST:
        raise Refused(N_("At most %(most)s letters, please."), code="words", most=WORDS_MOST)
    return said


def _close(finding: Finding, state: str, words: str, actor: User, now: datetime) -> None:
    finding.state, finding.closed_by, finding.closed_at, finding.words = state, actor.id, now, words
    db.session.flush()


def _note(contest: Contest, verb: str, about: Finding | Setting, actor: User, now: datetime, **details: Any) -> None:
    record(
        actor=actor.public_id,
        verb=f"vote.{verb}",
        object_type=about.__tablename__,
        object_id=about.public_id,
        contest_id=contest.id,
        now=now,
        **details,
    )
    db.session.flush()

"""Rules in the making: begun, saved by versions, put away, issued."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.invitations import invite
from contest.contests.models import Contest
from contest.contests.queries import find_contest
from contest.contests.rules import ORGANISER
from contest.contests.ruleset import Problem, RuleSet
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_line, clean_text
from contest.setup.models import RuleDraft
from contest.setup.places import told_once
from contest.setup.rules import plain, read_draft

SLUG_TAKEN = N_("Another contest has this address.")
SLUG_FIXED = N_("The address of a contest that exists does not change: “%(slug)s”.")
PREFIX_FIXED = N_("The letters of its codes do not change: “%(prefix)s”.")
CHANGED = N_("Somebody changed this draft meanwhile; nothing of yours was overwritten. Look at it again, then save.")
ISSUED = N_("These rules have been issued.")
APPROVED = N_(
    "Two people have approved results under these rules: what they say of prizes, categories, rounds, marks and"
    " the vote does not change any more."
)
# What approved results are told by.
_OF_RESULTS = ("categories", "rounds", "rubric", "scoring", "voting", "prizes", "quotas")


def start_draft(
    *,
    owner: User,
    origin: str,
    document: Mapping[str, Any],
    now: datetime,
    contest: Contest | None = None,
    against: Mapping[str, Any] | None = None,
) -> RuleDraft:
    """Begin a draft. Differences are shown against `against`, the document itself unless given."""
    draft = RuleDraft(
        owner_id=owner.id,
        contest_id=contest.id if contest else None,
        origin=origin,
        origin_document=plain(document if against is None else against),
        document=plain(document),
        version=1,
        made_at=now,
        changed_at=now,
    )
    db.session.add(draft)
    db.session.flush()
    _record(draft, owner, "setup.start", now, origin=origin)
    return draft


def save_draft(*, draft: RuleDraft, version: int, document: Mapping[str, Any], actor: User, now: datetime) -> RuleDraft:
    """Keep a document, whatever is wrong with it. Raises Conflict when somebody else was quicker.

    `version` is the one that the page was made from.
    """
    _require_open(draft)
    kept = plain(document)
    if kept == plain(draft.document) and version == draft.version:
        return draft
    done = db.session.execute(
        update(RuleDraft)
        .where(RuleDraft.id == draft.id, RuleDraft.version == version, RuleDraft.issued_at.is_(None))
        .values(document=kept, version=version + 1, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    if not getattr(done, "rowcount", 0):
        raise Conflict(CHANGED, code="draft_changed")
    db.session.refresh(draft)
    return draft


def discard_draft(*, draft: RuleDraft, actor: User, now: datetime) -> None:
    """Put a draft away. What was issued stays. Raises Refused."""
    _require_open(draft)
    draft.discarded_at = now
    _record(draft, actor, "setup.discard", now)
    db.session.flush()


def look_over(draft: RuleDraft) -> tuple[RuleSet | None, list[Problem]]:
    """The rule set that a draft makes, or all that keeps it from being issued, by path."""
    rules, problems = read_draft(draft.document)
    problems = told_once(draft.document, [*problems, *_of_the_contest(draft)])
    return (None if problems else rules), problems


def issue_draft(
    *,
    draft: RuleDraft,
    version: int,
    actor: User,
    now: datetime,
    wall: datetime,
    reason: str = "",
    notice: str = "",
    organiser_name: str = "",
    organiser_email: str = "",
    locale: str = "vi",
    is_approved: Callable[[int], bool] = lambda contest_id: False,
) -> Contest:
    """Issue a draft as a version of its contest's rules; a new contest is made, and its first organiser invited.

    `is_approved`: whether two people have approved results of the contest with this id; asked while nobody can.
    Raises Refused (problems left, a reason or the organiser missing, results approved by two would be told
    otherwise) and Conflict (the draft, or the rules that it changes, are no longer those that were looked at).
    """
    # FOR NO KEY UPDATE on PostgreSQL: of two who issue at once, the second meets what the first did.
    db.session.execute(select(RuleDraft.id).where(RuleDraft.id == draft.id).with_for_update(key_share=True))
    db.session.refresh(draft)
    _require_open(draft)
    if draft.version != version:
        raise Conflict(CHANGED, code="draft_changed")
    rules, problems = look_over(draft)
    if rules is None or problems:
        raise Refused(N_("The rules still have %(count)s problems."), code="problems", count=len(problems))
    if draft.contest is None:
        if not clean_line(organiser_name) or "@" not in organiser_email:
            raise Refused(N_("Name the first organiser and their e-mail address."), code="organiser")
    elif draft.contest.current_version and draft.origin != origin_of(draft.contest):
        raise Conflict(
            N_("These rules were changed meanwhile by another version. Begin a new draft from it."),
            code="rules_changed",
        )
    else:
        _check_results(draft.contest, rules, is_approved)
    contest = load_rule_set(
        rules=rules, actor=actor, now=now, reason=clean_text(reason) or None, notice=clean_text(notice) or None
    )
    if draft.contest is None:
        invite(
            actor=actor,
            name=organiser_name,
            email=organiser_email,
            role=ORGANISER,
            contest=contest,
            now=now,
            wall=wall,
            locale=locale,
        )
    draft.issued_at, draft.issued_contest_id = now, contest.id
    draft.version += 1
    _record(draft, actor, "setup.issue", now, contest=contest.public_id)
    db.session.flush()
    return contest


def _check_results(contest: Contest, rules: RuleSet, is_approved: Callable[[int], bool]) -> None:
    """Raises Refused where one person would change by new rules what two have approved."""
    # As acts on results hold it (results.acts): no approval comes in between.
    db.session.execute(select(Contest.id).where(Contest.id == contest.id).with_for_update(key_share=True))
    before, after = contest.rules.as_json(), rules.as_json()
    if is_approved(contest.id) and any(before.get(part) != after.get(part) for part in _OF_RESULTS):
        raise Refused(APPROVED, code="results_approved")


def origin_of(contest: Contest) -> str:
    """How a draft names the version of a contest's rules that it changes."""
    number = contest.current_version.number if contest.current_version else 0
    return f"contest:{contest.slug}@{number}"


def _of_the_contest(draft: RuleDraft) -> list[Problem]:
    slug, prefix = draft.document.get("slug"), draft.document.get("code_prefix")
    if draft.contest is not None:
        found = []
        if slug != draft.contest.slug:
            found.append(Problem("slug", SLUG_FIXED, {"slug": draft.contest.slug}))
        if prefix != draft.contest.code_prefix:
            found.append(Problem("code_prefix", PREFIX_FIXED, {"prefix": draft.contest.code_prefix}))
        return found
    if isinstance(slug, str) and find_contest(slug) is not None:
        return [Problem("slug", SLUG_TAKEN)]
    return []


def _require_open(draft: RuleDraft) -> None:
    if draft.issued_at is not None or draft.discarded_at is not None:
        raise Refused(ISSUED, code="draft_issued")


def _record(draft: RuleDraft, actor: User, verb: str, now: datetime, **more: Any) -> None:
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="rule_draft",
        object_id=draft.public_id,
        contest_id=draft.contest_id,
        now=now,
        **more,
    )

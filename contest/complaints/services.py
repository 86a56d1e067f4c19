"""Receiving cases, working on them, and answering.

Nothing is turned away for its time: what comes after its window is received and told to be late.
A case belongs to who took it; that person answers it. Who sent a case never works on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from contest.accounts.addresses import find_canonical, is_email
from contest.accounts.models import User
from contest.anniversaries.rules import add_working_days
from contest.audit.services import record
from contest.complaints.models import Complaint, ComplaintFile, ComplaintNote
from contest.complaints.rules import (
    ANSWERED,
    FILES_AT_ONCE,
    FILES_MAX,
    NOTE_MAX,
    ONLINE,
    OPEN,
    OUTCOMES,
    OUTCOMES_PUBLIC,
    TAKEN,
    TEXT_MAX,
    WITHDRAWN,
    stage_at,
)
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import SEES_AUTHORS
from contest.core.db import db, new_code, wait_for_turn
from contest.core.errors import N_, Conflict, Refused
from contest.core.files import FileStore
from contest.core.formats import local
from contest.core.text import clean_line, clean_text
from contest.entries.models import Entry
from contest.exemplars.papers import Paper
from contest.outbox.models import Message
from contest.outbox.services import ask_for_mail, ask_for_sms

# Sent twice by a double press or a page loaded again: one case.
_SAME_WITHIN = timedelta(minutes=10)
# Anybody may type anybody's address: more than so many receipts a day are not mailed to it.
_RECEIPTS_A_DAY = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What a sender says, as typed. `contact`: a mail address, a telephone number or a postal address."""

    text: str
    wanted: str = ""
    name: str = ""
    contact: str = ""
    prize_id: str = ""
    entry: Entry | None = None


def receive(
    *,
    contest: Contest,
    told: Told,
    papers: Sequence[Paper],
    files: FileStore,
    person: User | None,
    locale: str,
    now: datetime,
) -> Complaint:
    """Take in what somebody sends on this site; `person` where they are signed in. Mails a receipt.

    The same words from the same sender within ten minutes are the same case. Raises Refused.
    """
    if ONLINE not in contest.rules.complaints.channels:
        raise Refused(N_("The rules of this contest take no remarks or complaints on this site."), code="channel")
    wait_for_turn(f"complaints:{contest.id}")
    _hold_results(contest.id)
    values = _checked(contest, told)
    twice = _sent_before(contest, values, person, now)
    if twice is not None:
        return twice
    made = _enter(contest, values, ONLINE, now, user_id=person.id if person else None, locale=locale)
    _keep_files(made, papers, files, now)
    _audit(made, "receive", None, now)
    _give_receipt(made, now)
    return made


def key_in(
    *,
    contest: Contest,
    told: Told,
    channel: str,
    received_at: datetime,
    papers: Sequence[Paper],
    files: FileStore,
    actor: User,
    now: datetime,
) -> Complaint:
    """Enter what came by post, in person or by telephone, by a member of staff.

    Kind, lateness and clocks go by `received_at`, the instant at which it reached that channel.
    Raises Refused.
    """
    if channel == ONLINE or channel not in contest.rules.complaints.channels:
        raise Refused(N_("Choose how it came: one of the channels that the rules name."), code="channel")
    if received_at > now:
        raise Refused(N_("It cannot have come at %(at)s: that is still ahead."), code="received_at", at=received_at)
    issued = contest.rules.instant("issue")
    if issued is not None and received_at < issued:
        raise Refused(N_("It cannot have come before the rules were issued (%(at)s)."), code="received_at", at=issued)
    _hold_results(contest.id)
    made = _enter(contest, _checked(contest, told), channel, received_at, keyed_by_id=actor.id)
    _keep_files(made, papers, files, now)
    _audit(made, "key_in", actor, now, channel=channel)
    _give_receipt(made, now)
    return made


def _hold_results(contest_id: int) -> None:
    """Whoever approves results waits for this act, and meets what it did; several such acts go on side by side."""
    db.session.execute(select(Contest.id).where(Contest.id == contest_id).with_for_update(read=True))


def _checked(contest: Contest, told: Told) -> dict[str, Any]:
    values = {
        "text": clean_text(told.text),
        "wanted": clean_text(told.wanted),
        "name": clean_line(told.name)[:200],
        "contact": clean_line(told.contact)[:320],
        "prize_id": told.prize_id or None,
        "entry_id": told.entry.id if told.entry is not None else None,
    }
    if not values["text"]:
        raise Refused(N_("Write what it is about."), code="text")
    if max(len(str(values[name])) for name in ("text", "wanted")) > TEXT_MAX:
        raise Refused(N_("At most %(limit)s characters, please."), code="text", limit=TEXT_MAX)
    _require_known(contest, told.prize_id, told.entry)
    return values


def _require_known(contest: Contest, prize_id: str, entry: Entry | None) -> None:
    if prize_id and contest.rules.find_prize(prize_id) is None:
        raise Refused(N_("The rules have no such prize."), code="prize")
    if entry is not None and entry.contest_id != contest.id:
        raise Refused(N_("That entry is not in this contest."), code="entry")


def _sent_before(contest: Contest, values: dict[str, Any], person: User | None, now: datetime) -> Complaint | None:
    return db.session.scalar(
        select(Complaint)
        .where(
            Complaint.contest_id == contest.id,
            Complaint.channel == ONLINE,
            Complaint.received_at > now - _SAME_WITHIN,
            Complaint.user_id == person.id if person else Complaint.user_id.is_(None),
            *(getattr(Complaint, name).is_not_distinct_from(value) for name, value in values.items()),
        )
        .limit(1)
    )


def _enter(contest: Contest, values: dict[str, Any], channel: str, at: datetime, **more: Any) -> Complaint:
    rules = contest.rules.complaints
    stage, day, code = stage_at(contest.rules, at), local(at).date(), new_code(12)
    named = values["entry_id"] is not None or values["prize_id"] is not None
    made = Complaint(
        contest=contest,
        code="-".join((code[:4], code[4:8], code[8:])),
        kind=stage.kind,
        late=stage.late,
        channel=channel,
        received_at=at,
        acknowledge_by=add_working_days(day, rules.acknowledge_working_days),
        answer_by=add_working_days(day, rules.answer_working_days),
        # In its window, by rule; what comes late freezes a prize only when a person says so.
        freezes=rules.freeze_award and named and not stage.late,
        **values,
        **more,
    )
    db.session.add(made)
    db.session.flush()
    return made


def _keep_files(complaint: Complaint, papers: Sequence[Paper], files: FileStore, now: datetime) -> None:
    """Keep what came with a case; the same file again is kept once. Raises Refused, StoreAway."""
    if len(papers) > FILES_AT_ONCE:
        raise Refused(N_("At most %(most)s files at a time."), code="files", most=FILES_AT_ONCE)
    known = set(db.session.scalars(select(ComplaintFile.sha256).where(ComplaintFile.complaint_id == complaint.id)))
    for paper in papers:
        if paper.sha256 in known:
            continue
        known.add(paper.sha256)
        if len(known) > FILES_MAX:
            raise Refused(N_("At most %(most)s files can be kept with a case."), code="files", most=FILES_MAX)
        db.session.add(
            ComplaintFile(
                complaint_id=complaint.id,
                storage_key=files.put(paper.content, paper.extension),
                name=paper.name,
                mime=paper.media_type,
                size=len(paper.content),
                sha256=paper.sha256,
                added_at=now,
            )
        )
    db.session.flush()


# What the sender does, with the code of the receipt


def add_words(*, complaint: Complaint, text: str, papers: Sequence[Paper], files: FileStore, now: datetime) -> None:
    """Add words or files to one's own case while it is open. Raises Conflict, Refused."""
    _require_open(complaint)
    text = _note_text(text, empty_too=bool(papers))
    known = db.session.scalar(
        select(func.count(ComplaintNote.id)).where(
            ComplaintNote.complaint_id == complaint.id, ComplaintNote.from_sender
        )
    )
    if (known or 0) >= _ADDED_MAX:
        raise Refused(N_("So much has been added to this case that it takes no more here."), code="added")
    _keep_files(complaint, papers, files, now)
    db.session.add(ComplaintNote(complaint_id=complaint.id, at=now, text=text, inside=False, from_sender=True))
    _audit(complaint, "add", None, now, files=len(papers))
    db.session.flush()


_ADDED_MAX = 20


def withdraw(*, complaint: Complaint, now: datetime) -> None:
    """Take one's own case back before it is answered. Nothing that it froze waits any longer. Raises Conflict."""
    if complaint.state == WITHDRAWN:
        return
    _require_open(complaint)
    complaint.state, complaint.freezes = WITHDRAWN, False
    _audit(complaint, "withdraw", None, now)
    db.session.flush()


# What the secretariat and the organisers do


def take(*, complaint: Complaint, actor: User, now: datetime) -> None:
    """Make a case one's own, which acknowledges it; the sender is told the first time. Raises Conflict, Refused."""
    _require_open(complaint)
    _require_stranger(complaint, actor)
    if complaint.owner_id == actor.id:
        return
    _own(complaint, actor, actor, now)


def hand_over(*, complaint: Complaint, to: User, actor: User, now: datetime) -> None:
    """Give a case to another member of the secretariat or the organisers. Raises Conflict, Refused."""
    _require_open(complaint)
    _require_stranger(complaint, actor)
    if not roles_of(complaint.contest_id, to.id) & SEES_AUTHORS:
        raise Refused(N_("A case is given to a member of the secretariat or the organising committee."), code="owner")
    _require_stranger(complaint, to)
    _own(complaint, to, actor, now)


def _own(complaint: Complaint, owner: User, actor: User, now: datetime) -> None:
    complaint.owner_id, complaint.state = owner.id, TAKEN
    if complaint.acknowledged_at is None:
        complaint.acknowledged_at = now
        _tell(complaint, "taken", now)
    _audit(complaint, "take", actor, now, owner=owner.public_id)
    db.session.flush()
    db.session.expire(complaint, ["owner"])


def note(*, complaint: Complaint, text: str, inside: bool, actor: User, now: datetime) -> None:
    """Write down what was done, for the desk alone or for the sender, who is told. Raises Refused."""
    _require_stranger(complaint, actor)
    text = _note_text(text)
    db.session.add(ComplaintNote(complaint_id=complaint.id, at=now, by_id=actor.id, text=text, inside=inside))
    if not inside:
        _tell(complaint, "note", now)
    _audit(complaint, "note", actor, now, inside=inside)
    db.session.flush()


def freeze(*, complaint: Complaint, freezes: bool, reason: str, actor: User, now: datetime) -> None:
    """Let the prize concerned wait until the answer, or no longer; the reason stays inside. Raises Refused."""
    _require_open(complaint)
    _require_stranger(complaint, actor)
    if freezes and complaint.entry_id is None and complaint.prize_id is None:
        raise Refused(N_("First say which entry or prize the case is about."), code="about")
    if complaint.freezes == freezes:
        return
    text = _note_text(reason)
    _hold_results(complaint.contest_id)
    complaint.freezes = freezes
    db.session.add(ComplaintNote(complaint_id=complaint.id, at=now, by_id=actor.id, text=text, inside=True))
    _audit(complaint, "freeze" if freezes else "unfreeze", actor, now)
    db.session.flush()


def concern(*, complaint: Complaint, entry: Entry | None, prize_id: str, actor: User, now: datetime) -> None:
    """Say which entry and prize a case is about, as far as it can be told. Raises Conflict, Refused."""
    _require_open(complaint)
    _require_stranger(complaint, actor)
    _require_known(complaint.contest, prize_id, entry)
    _hold_results(complaint.contest_id)
    complaint.entry_id, complaint.prize_id = entry.id if entry else None, prize_id or None
    if entry is None and not prize_id:
        complaint.freezes = False
    _audit(complaint, "concern", actor, now, entry=entry.public_id if entry else None, prize=prize_id or None)
    db.session.flush()
    db.session.expire(complaint, ["entry"])


def answer(*, complaint: Complaint, outcome: str, reply: str, actor: User, now: datetime) -> None:
    """Close a case with an answer that its sender reads; what it froze waits no longer.

    By its owner. Raises Conflict when it is closed already, Refused.
    """
    _require_open(complaint)
    _require_stranger(complaint, actor)
    if complaint.owner_id != actor.id:
        raise Refused(N_("Take the case first: whoever owns a case answers it."), code="owner")
    if outcome not in OUTCOMES:
        raise Refused(N_("Choose what was found."), code="outcome")
    reply = clean_text(reply)
    if not reply:
        raise Refused(N_("Write an answer; the sender will read it."), code="reply")
    if len(reply) > TEXT_MAX:
        raise Refused(N_("At most %(limit)s characters, please."), code="reply", limit=TEXT_MAX)
    complaint.state, complaint.freezes = ANSWERED, False
    complaint.outcome, complaint.reply = outcome, reply
    complaint.answered_at, complaint.answered_by_id = now, actor.id
    _tell(complaint, "answered", now, reply=reply)
    _audit(complaint, "answer", actor, now, outcome=outcome)
    db.session.flush()


def publish(*, complaint: Complaint, text: str, actor: User, now: datetime) -> None:
    """Set what the public is told of the outcome, "" for nothing any more.

    Shown from the publication of results on. Raises Refused where the rules publish no outcomes, and for a
    text that names the sender.
    """
    if OUTCOMES_PUBLIC not in complaint.contest.rules.announcement.publish:
        raise Refused(N_("The rules of this contest do not publish what came of complaints."), code="not_published")
    _require_stranger(complaint, actor)
    if complaint.state != ANSWERED:
        raise Refused(N_("Only what came of an answered case can be published."), code="open")
    text = clean_text(text)
    if len(text) > NOTE_MAX:
        raise Refused(N_("At most %(limit)s characters, please."), code="text", limit=NOTE_MAX)
    given = [value for value in (complaint.name, complaint.contact, complaint.code) if len(value) > 3]
    if any(value.casefold() in text.casefold() for value in given):
        raise Refused(N_("This text names the sender. Say what was found without that."), code="names")
    complaint.published, complaint.published_at = text or None, now if text else None
    _audit(complaint, "publish" if text else "unpublish", actor, now)
    db.session.flush()


def _require_open(complaint: Complaint) -> None:
    if complaint.state not in OPEN:
        raise Conflict(N_("This case is closed: it was answered or withdrawn."), code="closed")


def _require_stranger(complaint: Complaint, person: User) -> None:
    if complaint.user_id == person.id:
        raise Refused(N_("Who sent a case does not work on it."), code="own_case")


def _note_text(text: str, *, empty_too: bool = False) -> str:
    text = clean_text(text)
    if not text and not empty_too:
        raise Refused(N_("Write a few words."), code="text")
    if len(text) > NOTE_MAX:
        raise Refused(N_("At most %(limit)s characters, please."), code="text", limit=NOTE_MAX)
    return text


# Messages to the sender: what was sent is not repeated in them


def _give_receipt(complaint: Complaint, now: datetime) -> None:
    """Send the receipt where it can be: to a telephone number only what staff keyed in, since anybody may type one."""
    address = find_canonical(complaint.contact)
    if address is None:
        return
    contest, locale = complaint.contest, complaint.locale
    said: dict[str, Any] = {
        "contest": contest.rules.title.model_dump(),
        "code": complaint.code,
        "at": complaint.received_at.isoformat(),
        "late": complaint.late,
        "acknowledge_by": complaint.acknowledge_by.isoformat(),
        "answer_by": complaint.answer_by.isoformat(),
    }
    if is_email(address):
        if complaint.keyed_by_id is None and _receipts_to(address, now) >= _RECEIPTS_A_DAY:
            return  # the page has shown it; nobody's letter box is filled by what others type
        ask_for_mail(to=address, template="complaint_receipt", now=now, locale=locale, scope=contest.slug, **said)
    elif complaint.keyed_by_id is not None:
        ask_for_sms(to=address, template="complaint_receipt_sms", now=now, locale=locale, scope=contest.slug, **said)


def _receipts_to(address: str, now: datetime) -> int:
    """How many receipts this address was sent within a day."""
    query = select(func.count(Message.id)).where(
        Message.template == "complaint_receipt",
        Message.address == address,
        Message.created_at > now - timedelta(days=1),
    )
    return db.session.scalar(query) or 0


def _tell(complaint: Complaint, what: str, now: datetime, reply: str = "") -> None:
    """Tell the sender: `what` is taken, note or answered. By telephone only of the answer."""
    address = find_canonical(complaint.contact)
    if address is None:
        return
    contest, locale = complaint.contest, complaint.locale
    about: dict[str, Any] = {"contest": contest.rules.title.model_dump(), "code": complaint.code}
    if is_email(address):
        mail: dict[str, Any] = {**about, "what": what, "reply": reply}
        ask_for_mail(to=address, template="complaint_news", now=now, locale=locale, scope=contest.slug, **mail)
    elif what == "answered":
        ask_for_sms(to=address, template="complaint_news_sms", now=now, locale=locale, scope=contest.slug, **about)


def _audit(complaint: Complaint, verb: str, actor: User | None, now: datetime, **details: Any) -> None:
    # Senders are not named: the row of the case says who, until that is forgotten.
    record(
        actor=actor.public_id if actor else None,
        verb=f"complaints.{verb}",
        object_type="complaint",
        object_id=complaint.public_id,
        contest_id=complaint.contest_id,
        now=now,
        **details,
    )

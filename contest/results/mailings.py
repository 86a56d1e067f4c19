"""Letters to many, written by an organiser: checked, scheduled, sent to each once.

Nothing is queued before its instant. At that instant `queue_batch` works out who gets the letter and puts one message
for each into the outbox, in the transaction that notes who got one: a runner that dies loses none and doubles none.
A letter that tells of results asks at that moment whether anyone may see them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_line, clean_text
from contest.entries.models import Entry
from contest.outbox.models import Message
from contest.outbox.services import ask_for_mail, ask_for_sms
from contest.outbox.wording import blanks_in
from contest.results.acts import note
from contest.results.audiences import AUDIENCES, OTHERS, TELLING, WINNERS, Recipient, recipients_of
from contest.results.models import Award, ResultSet
from contest.results.models_after import Mailing, MailingRecipient
from contest.results.queries import awards_at, find_public_results, find_standing

DRAFT, SCHEDULED, SENDING, SENT, CALLED_OFF = "draft", "scheduled", "sending", "sent", "called_off"
BATCH = 100
SUBJECT_MAX, BODY_MAX, PLACE_MAX = 150, 6000, 300
MAIL, SMS = "mailing", "mailing_sms"
# What a letter may hold in braces; nothing else is ever filled in.
BLANKS = {
    "name": N_("the person's name"),
    "contest": N_("the name of the contest"),
    "title": N_("the titles of their entries"),
    "prize": N_("their prizes"),
    "ceremony": N_("day and hour of the ceremony, from the rules"),
    "place": N_("where the ceremony is held"),
}
_ONLY = {"title": (WINNERS, OTHERS), "prize": (WINNERS,)}
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")
_PARTS = re.compile(r"(\{[a-z]+\})")


def get_mailing(contest: Contest, public_id: str, *, lock: bool = False) -> Mailing:
    """A letter of this contest. Raises NotFound. `lock` waits for who is changing or sending it."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        query = select(Mailing).where(Mailing.contest_id == contest.id, Mailing.public_id == public_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        found = db.session.scalar(query)
    if found is None:
        raise NotFound(public_id)
    return found


def mailings_of(contest: Contest) -> Sequence[Mailing]:
    """The letters of a contest, the latest first."""
    return db.session.scalars(
        select(Mailing)
        .where(Mailing.contest_id == contest.id)
        .options(joinedload(Mailing.made_by), joinedload(Mailing.result_set))
        .order_by(Mailing.id.desc())
        .limit(200)
    ).all()


def state_of(mailing: Mailing) -> str:
    """How a letter stands; one whose results were computed anew is called off, though no job has looked yet."""
    gone = mailing.result_set is not None and mailing.result_set.superseded_at is not None
    return CALLED_OFF if gone and mailing.state == SCHEDULED else mailing.state


# Writing


def write_mailing(
    *,
    contest: Contest,
    mailing: Mailing | None,
    audience: str,
    subject: dict[str, str],
    body: dict[str, str],
    place: str,
    with_results: bool,
    actor: User,
    now: datetime,
) -> Mailing:
    """Keep a letter as a draft; a new one with `mailing` None. Raises Refused, and Conflict once it is scheduled.

    What goes to winners or others always waits for the results: who gets it learns who won.
    """
    _require_organiser(contest, actor)
    if mailing is not None and mailing.state != DRAFT:
        raise Conflict(N_("This letter is no longer a draft. Call it off first."), code="not_draft")
    if audience not in AUDIENCES:
        raise Refused(N_("Choose who gets it."), code="audience")
    subject = {lang: clean_line(subject[lang]) for lang in ("vi", "en")}
    body = {lang: clean_text(body[lang]) for lang in ("vi", "en")}
    place = clean_line(place)
    _check_words(contest, audience, subject, body, place)
    if mailing is None:
        mailing = Mailing(contest_id=contest.id, made_by_id=actor.id)
        db.session.add(mailing)
    mailing.audience, mailing.subject, mailing.body, mailing.place = audience, subject, body, place
    mailing.with_results = with_results or audience in TELLING
    mailing.made_at = now
    db.session.flush()
    note(contest, "write_mailing", actor, now, mailing=mailing.public_id, audience=audience)
    return mailing


def _check_words(contest: Contest, audience: str, subject: dict[str, str], body: dict[str, str], place: str) -> None:
    for lang in ("vi", "en"):
        if not subject[lang] or not body[lang]:
            raise Refused(N_("Write subject and text in both languages."), code=f"missing_{lang}")
        if len(subject[lang]) > SUBJECT_MAX or len(body[lang]) > BODY_MAX:
            raise Refused(N_("This is too long."), code=f"long_{lang}")
        used = blanks_in(subject[lang]) | blanks_in(body[lang])
        unknown = sorted(name for name in used if name not in BLANKS or audience not in _ONLY.get(name, (audience,)))
        if unknown:
            raise Refused(
                N_("These cannot be filled in for this audience: %(names)s."),
                code=f"blank_{lang}",
                names=", ".join(f"{{{name}}}" for name in unknown),
            )
        if "ceremony" in used and contest.rules.instant("ceremony") is None:
            raise Refused(N_("The rules name no day for a ceremony."), code=f"ceremony_{lang}")
        if "place" in used and not place:
            raise Refused(N_("Say where the ceremony is held."), code="place")
    if len(place) > PLACE_MAX:
        raise Refused(N_("This is too long."), code="place")


# Who gets it, and what it says to each


def recipients(contest: Contest, mailing: Mailing, now: datetime) -> list[Recipient]:
    """Who would get the letter if it went out at `now`, from the results as they stand. For organisers."""
    return _recipients(contest, mailing.audience, find_standing(contest.id), now)


def _recipients(contest: Contest, audience: str, result_set: ResultSet | None, now: datetime) -> list[Recipient]:
    awards = []
    if result_set is not None and audience in TELLING:
        awards = awards_at(result_set, now, joinedload(Award.entry).joinedload(Entry.author))
    return recipients_of(contest, audience, result_set, awards)


def message_for(contest: Contest, mailing: Mailing, to: Recipient, now: datetime) -> Message:
    """The message that this recipient gets, as a row that was not kept: for showing it."""
    template, params = _message(contest, mailing, to)
    return Message(
        channel=to.channel,
        address=to.address,
        locale=to.locale,
        template=template,
        params=params,
        created_at=now,
        next_try_at=now,
    )


def _message(contest: Contest, mailing: Mailing, to: Recipient) -> tuple[str, dict[str, Any]]:
    """Template and parameters. The words are parted here, so that nothing in a name is ever filled in."""
    rules, lang = contest.rules, "en" if to.locale == "en" else "vi"
    title = rules.title.en if lang == "en" else rules.title.vi
    ceremony = rules.instant("ceremony")
    values: dict[str, Any] = {
        "name": to.name,
        "contest": title,
        "title": ", ".join(f"“{each}”" for each in to.titles),
        "prize": ", ".join(dict.fromkeys(each[lang] for each in to.prizes)),
        "ceremony": {"at": ceremony.isoformat()} if ceremony else "",
        "place": mailing.place,
    }

    def parted(text: str) -> list[Any]:
        pieces = [piece for piece in _PARTS.split(text) if piece]
        return [values.get(piece[1:-1], piece) if _PARTS.fullmatch(piece) else piece for piece in pieces]

    return MAIL if to.channel == "email" else SMS, {
        "mailing": mailing.public_id,
        "subject": parted(mailing.subject[lang]),
        "body": parted(mailing.body[lang]) if to.channel == "email" else [],
        "contest": rules.title.model_dump(),
        "slug": contest.slug,
        "part": mailing.audience in TELLING,
    }


def sample_for(person: User) -> Recipient:
    """Oneself, with sample words: a test letter leaves early and must tell nobody who won."""
    channel = "email" if person.email else "sms"
    prize = {"vi": "Giải (mẫu)", "en": "Prize (sample)"}
    return Recipient(
        channel, person.email or person.phone or "", person.name, person.locale, ["Tên tác phẩm (mẫu)"], [prize]
    )


def send_test(*, contest: Contest, mailing: Mailing, actor: User, now: datetime) -> None:
    """Send the letter to oneself, at once, with sample words in the place of a winner's."""
    _require_organiser(contest, actor)
    _ask(contest, mailing, sample_for(actor), now)
    note(contest, "test_mailing", actor, now, mailing=mailing.public_id)
    db.session.flush()


def _ask(contest: Contest, mailing: Mailing, to: Recipient, now: datetime) -> Message:
    template, params = _message(contest, mailing, to)
    ask = ask_for_mail if to.channel == "email" else ask_for_sms
    return ask(to=to.address, template=template, now=now, locale=to.locale, scope=contest.slug, **params)


# Scheduling


def seal_of(mailing: Mailing, found: Sequence[Recipient]) -> str:
    """What was looked at before scheduling: the words and who gets them. Another letter has another seal."""
    shown = [mailing.audience, mailing.subject, mailing.body, mailing.place, mailing.with_results]
    people = [[each.address, each.name, each.titles, each.prizes] for each in found]
    return hashlib.sha256(json.dumps([shown, people], sort_keys=True).encode()).hexdigest()[:24]


def schedule(
    *, contest: Contest, mailing: Mailing, send_at: datetime | None, seal: str, actor: User, now: datetime
) -> Mailing:
    """Let a draft go out at `send_at`; None: when the results are announced. Scheduled twice is scheduled once.

    `seal`: that of the page on which the letter and its recipients were looked at. Raises Refused, Conflict.
    """
    _require_organiser(contest, actor)
    if mailing.state == SCHEDULED and mailing.send_at == send_at:
        return mailing
    if mailing.state != DRAFT:
        raise Conflict(N_("This letter is no longer a draft. Call it off first."), code="not_draft")
    result_set = find_standing(contest.id)
    found = _recipients(contest, mailing.audience, result_set, now)
    if not any(each.address for each in found):
        raise Refused(N_("Nobody would get this letter."), code="nobody")
    if seal != seal_of(mailing, found):
        raise Conflict(N_("The letter or who gets it has changed since you looked. Check it again."), code="changed")
    if send_at is not None and send_at < now:
        send_at = now
    mailing.state, mailing.send_at, mailing.scheduled_by_id = SCHEDULED, send_at, actor.id
    tells = mailing.with_results or send_at is None
    mailing.result_set_id = result_set.id if tells and result_set is not None else None
    note(contest, "schedule_mailing", actor, now, mailing=mailing.public_id, send_at=send_at, recipients=len(found))
    db.session.flush()
    return mailing


def call_off(*, contest: Contest, mailing: Mailing, actor: User, now: datetime) -> None:
    """Take a letter back before its sending begins. Raises Conflict once it has begun."""
    _require_organiser(contest, actor)
    if mailing.state == CALLED_OFF:
        return
    if mailing.state not in {DRAFT, SCHEDULED}:
        raise Conflict(N_("Sending has begun. A letter on its way cannot be called off."), code="begun")
    mailing.state, mailing.ended_at = CALLED_OFF, now
    note(contest, "call_off_mailing", actor, now, mailing=mailing.public_id)
    db.session.flush()


def copy_of(*, contest: Contest, mailing: Mailing, actor: User, now: datetime) -> Mailing:
    """A new draft with the words of another letter."""
    return write_mailing(
        contest=contest,
        mailing=None,
        audience=mailing.audience,
        subject=dict(mailing.subject),
        body=dict(mailing.body),
        place=mailing.place,
        with_results=mailing.with_results,
        actor=actor,
        now=now,
    )


# Sending


def waiting_mailings(now: datetime) -> Sequence[int]:
    """Ids of letters that may have to be sent at `now`; `queue_batch` decides."""
    query = select(Mailing.id).where(
        Mailing.state.in_((SCHEDULED, SENDING)), (Mailing.send_at.is_(None)) | (Mailing.send_at <= now)
    )
    return db.session.scalars(query.order_by(Mailing.id)).all()


def queue_batch(mailing_id: int, now: datetime, batch: int = BATCH) -> int:
    """Ask for the messages of the next recipients; how many. Needs `writing()`; a letter not due is left alone."""
    mailing = db.session.scalar(
        select(Mailing)
        .where(Mailing.id == mailing_id, Mailing.state.in_((SCHEDULED, SENDING)))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if mailing is None or (mailing.send_at is not None and mailing.send_at > now):
        return 0
    contest = mailing.contest
    if state_of(mailing) == CALLED_OFF:
        mailing.state, mailing.ended_at = CALLED_OFF, now
        _tell(contest, "lapse_mailing", mailing, now)
        return 0
    result_set: ResultSet | None = None
    if mailing.with_results or mailing.send_at is None:
        public = find_public_results(contest.id, now)
        if public is None or public.standing != "official":
            return 0
        result_set = public.result_set
    if mailing.state == SCHEDULED:
        mailing.state, mailing.begun_at = SENDING, now
    written = set(db.session.scalars(select(MailingRecipient.address).where(MailingRecipient.mailing_id == mailing.id)))
    left: dict[str, Recipient] = {}
    for each in _recipients(contest, mailing.audience, result_set, now):
        if each.address and each.address not in written:
            left.setdefault(each.address, each)
    chosen = list(left.values())[:batch]
    messages = [_ask(contest, mailing, each, now) for each in chosen]
    db.session.flush()
    db.session.add_all(
        MailingRecipient(
            mailing_id=mailing.id, address=each.address, name=each.name, locale=each.locale, message_id=message.id
        )
        for each, message in zip(chosen, messages, strict=True)
    )
    if len(left) <= batch:
        mailing.state, mailing.ended_at = SENT, now
        _tell(contest, "send_mailing", mailing, now, recipients=len(written) + len(chosen))
    db.session.flush()
    return len(chosen)


def _tell(contest: Contest, verb: str, mailing: Mailing, now: datetime, **details: Any) -> None:
    record(
        actor=None,
        verb=f"results.{verb}",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        mailing=mailing.public_id,
        **details,
    )


# What became of it


def letters_of(mailing: Mailing, offset: int, limit: int) -> Sequence[tuple[MailingRecipient, Message | None]]:
    """Who was written to, with the message: what did not arrive first, then by name."""
    rows = db.session.execute(
        select(MailingRecipient, Message)
        .outerjoin(Message, Message.id == MailingRecipient.message_id)
        .where(MailingRecipient.mailing_id == mailing.id)
        .order_by(
            MailingRecipient.returned_at.is_(None),
            func.coalesce(Message.state, "") != "failed",
            func.coalesce(Message.unsure, 0) == 0,
            MailingRecipient.name,
            MailingRecipient.address,
        )
        .offset(offset)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def counts_of(mailing: Mailing) -> dict[str, int]:
    """How many letters there are in all, and are pending, sent, failed, returned, and may have been sent twice."""
    rows = db.session.execute(
        select(Message.state, Message.unsure, func.count(), func.count(MailingRecipient.returned_at))
        .select_from(MailingRecipient)
        .outerjoin(Message, Message.id == MailingRecipient.message_id)
        .where(MailingRecipient.mailing_id == mailing.id)
        .group_by(Message.state, Message.unsure)
    )
    found = dict.fromkeys(("all", "pending", "sent", "failed", "returned", "twice"), 0)
    for state, unsure, count, returned in rows:
        found["all"] += count
        # Messages are deleted after a time; what they were does not show any more.
        found[state or "sent"] += count
        found["returned"] += returned
        found["twice"] += count if unsure else 0
    return found


def note_return(*, contest: Contest, mailing: Mailing, address: str, why: str, actor: User, now: datetime) -> None:
    """Note that a letter came back, as the mailbox of the office shows. Raises NotFound, Refused."""
    _require_organiser(contest, actor)
    found = db.session.get(MailingRecipient, (mailing.id, address)) if "\0" not in address else None
    if found is None:
        raise NotFound(address)
    why = clean_line(why)[:500]
    if not why:
        raise Refused(N_("Say what the returned letter says."), code="why")
    found.returned_at, found.returned_why = now, why
    note(contest, "mail_returned", actor, now, mailing=mailing.public_id)
    db.session.flush()


def forget_recipients(contest: Contest) -> None:
    """Forget to whom the finished letters of a contest went; the letters themselves stay."""
    done = select(Mailing.id).where(Mailing.contest_id == contest.id, Mailing.state == SENT)
    db.session.execute(delete(MailingRecipient).where(MailingRecipient.mailing_id.in_(done)))


def forget_addresses(addresses: Collection[str]) -> None:
    """Forget that letters went to these addresses: their person is erased."""
    db.session.execute(delete(MailingRecipient).where(MailingRecipient.address.in_(addresses)))


def _require_organiser(contest: Contest, actor: User) -> None:
    if ORGANISER not in roles_of(contest.id, actor.id):
        raise Refused(N_("Only an organiser can do this."), code="not_organiser")

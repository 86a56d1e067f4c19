"""Authors write and send; the secretariat receives, asks, refuses and admits; units verify."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.core.files import FileStore
from contest.demo import stories
from contest.demo.album import Album
from contest.demo.stage import VIETNAM, Act, Stage, at
from contest.demo.stories import FIRST, SECOND, Story, reason
from contest.entries import services as entries
from contest.entries.coauthors import Member, group_state, save_coauthors
from contest.entries.models import Entry
from contest.entries.press import Part, press_state, save_publication
from contest.entries.queries import own_drafts
from contest.entries.rules import ACCEPTED, COMPLETION_REQUESTED, PEOPLE, RECEIVED, SUBMITTED
from contest.exemplars.holds import clear_hold, put_on_hold
from contest.exemplars.models import Verification
from contest.exemplars.queries import standing_verifications
from contest.exemplars.rules import VERIFIED
from contest.exemplars.services import answer_verification
from contest.screening.leaks import identity_leaks
from contest.units.queries import get_unit, officers_of
from contest.units.services import appoint_officer

# How far into the window of submission each next author sends: few at first, most near the end.
_EAGERNESS = 0.62
_READ_BY_JUDGES = {"title", "body", "caption", "alt"}


def sending_times(contest_id: str) -> list[tuple[Story, datetime]]:
    """When each author sends, spread over the window and over the hours of a day."""
    window = stories.rule_sets()[contest_id].window("submission")
    assert window is not None
    told = stories.stories_of(contest_id)
    span = window.closes - window.opens - timedelta(hours=20)
    times = []
    for number, story in enumerate(told):
        share = ((number + 0.4) / len(told)) ** _EAGERNESS if number else 0.0
        day = (window.opens + span * share).astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
        hour = (10, 20, 7, 15, 21, 12, 17)[number % 7]
        moment = day + timedelta(hours=hour, minutes=(number * 23) % 60)
        times.append((story, min(max(moment, window.opens + timedelta(hours=2)), window.closes - timedelta(minutes=9))))
    return times


# Writing


def send_entry(stage: Stage, now: datetime, *, story: Story) -> int:
    """Write the story as its author, and submit it; nothing when the author has done so."""
    contest = stage.contest(story.contest)
    if any(known is story for _, known in stage.submitted(contest)):
        return 0
    return int(stage.attempt(_write_and_submit, story=story, stage=stage, contest=contest, now=now).done)


def _write_and_submit(*, story: Story, stage: Stage, contest: Contest, now: datetime) -> None:
    author, raw = stage.author(story), story.raw
    begun = [draft for draft in own_drafts(author.id, contest.id) if draft.title == story.title]
    draft = begun[0] if begun else None
    if draft is None:
        start = now - timedelta(minutes=50)
        window = contest.rules.window("submission")
        draft = entries.start_draft(
            contest=contest,
            category_id=raw["category"],
            actor=author,
            now=max(start, window.opens) if window else start,
        )
    entries.save_text(
        entry=draft, version=draft.version, title=story.title, genre=raw["genre"], body=raw["body"], now=now
    )
    entries.save_facts(entry=draft, version=draft.facts_version, facts=_facts(story), now=now)
    _publish(draft, story, now)
    if not draft.photos:
        _add_pictures(draft, story, stage.album, stage.files, now)
    _submit(draft, author, now)


def _facts(story: Story) -> entries.Facts:
    author, exemplar = story.author, story.raw["exemplar"]
    guardian = author["guardian"] or {}
    return entries.Facts(
        exemplar_kind=exemplar["kind"],
        exemplar_name=exemplar["name"],
        exemplar_role=exemplar["role"],
        exemplar_unit=get_unit(exemplar["unit"]),
        exemplar_address=exemplar["address"],
        exemplar_contact=exemplar["contact"],
        exemplar_is_child=exemplar["is_child"],
        deed_place=story.raw["deed_place"],
        deed_time=story.raw["deed_time"],
        author_name=author["name"],
        pen_name=author["pen_name"] or "",
        author_phone=_national(author["phone"]),
        author_address=author["address"],
        author_unit=get_unit(author["unit"]) if author["unit"] else None,
        birth_date=story.birth_date,
        guardian_name=guardian.get("name", ""),
        guardian_phone=_national(guardian.get("phone", "")),
        guardian_relation=guardian.get("relation", ""),
        guardian_consent=bool(guardian),
    )


def _publish(draft: Entry, story: Story, now: datetime) -> None:
    """Where a press work came out, and who wrote it together."""
    parts = [
        Part(**{**part, "published_on": date.fromisoformat(part["published_on"])})
        for part in story.raw.get("parts", ())
    ]
    if parts:
        save_publication(entry=draft, seen=press_state(draft), medium=story.raw["medium"], parts=parts, now=now)
    members = [
        Member(
            name=each["name"],
            pen_name=each["pen_name"],
            phone=_national(each["phone"]),
            birth_date=date.fromisoformat(each["birth_date"]),
        )
        for each in story.raw.get("coauthors", ())
    ]
    save_coauthors(entry=draft, seen=group_state(draft), members=members, now=now)


def _national(phone: str) -> str:
    return "0" + phone[3:] if phone.startswith("+84") else phone


def _add_pictures(draft: Entry, story: Story, album: Album, files: FileStore, now: datetime) -> None:
    for picture in story.pictures:
        photo = entries.add_photo(entry=draft, stored=album.store(picture, files), now=now)
        entries.describe_photo(
            entry=draft,
            photo=photo,
            caption=picture.caption,
            photographer=picture.photographer,
            alt=picture.alt,
            recognised=PEOPLE,
            people=draft.exemplar.name or "Người trong bài",
            consent=True,
            now=now,
        )


def _submit(draft: Entry, author: User, now: datetime) -> None:
    declared = entries.declarations_of(draft)
    db.session.flush()
    db.session.refresh(draft)
    entries.submit(
        draft_id=draft.public_id, actor=author, now=now, digest=entries.content_digest(draft), declared=set(declared)
    )


# The secretariat


def receive_entries(stage: Stage, now: datetime, *, contest_id: str) -> int:
    contest, secretary = stage.contest(contest_id), stage.person("van")
    waiting = [entry for entry, _ in stage.submitted(contest, SUBMITTED)]
    return sum(stage.attempt(entries.receive, entry=entry, actor=secretary, now=now).done for entry in waiting)


def ask_and_refuse(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """What cannot be admitted as it is: one entry goes back to be completed, one is refused."""
    contest, secretary = stage.contest(contest_id), stage.person("van")
    done = 0
    for entry, story in stage.submitted(contest, SUBMITTED, RECEIVED):
        if story is None or entry.decided_at is not None:
            continue
        if story.screening == "refused":
            done += stage.attempt(entries.refuse, entry=entry, reason=reason("refusal"), actor=secretary, now=now).done
        elif story.screening == "completion":
            done += stage.attempt(
                entries.request_completion,
                entry=entry,
                reason=reason("completion"),
                due=now + timedelta(days=4),
                actor=secretary,
                now=now,
            ).done
    return done


def complete_entries(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The authors who were asked send their entries again."""
    contest = stage.contest(contest_id)
    waiting = [pair for pair in stage.submitted(contest, COMPLETION_REQUESTED) if pair[1] is not None]
    return sum(stage.attempt(_complete, entry=entry, now=now).done for entry, _ in waiting)


def _complete(*, entry: Entry, now: datetime) -> None:
    author = entry.author
    draft = entries.start_replacing(entry=entry, actor=author, now=now)
    body = draft.body.replace("một trăm bốn mươi hộ", "một trăm bốn mươi hộ (số liệu tháng 02/2027)", 1)
    entries.save_text(entry=draft, version=draft.version, title=draft.title, genre=draft.genre, body=body, now=now)
    for photo in draft.photos[:1]:
        entries.describe_photo(
            entry=draft,
            photo=photo,
            caption=photo.caption,
            photographer=f"{photo.photographer}, chụp ngày 14/02/2027",
            alt=photo.alt,
            recognised=photo.recognised,
            people=photo.people,
            consent=True,
            now=now,
        )
    _submit(draft, author, now)


def admit_entries(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """Admit all that nobody objected to, after hiding what gives an author away in the text."""
    contest, secretary = stage.contest(contest_id), stage.person("van")
    done = 0
    for entry, _ in stage.submitted(contest, SUBMITTED, RECEIVED):
        stage.attempt(entries.receive, entry=entry, actor=secretary, now=now)
        for leak in identity_leaks(entry):
            if leak.where not in _READ_BY_JUDGES or leak.what in {"part", "initials"}:
                continue  # parts of names are often other words: a secretary looks before hiding them
            stage.attempt(entries.redact, entry=entry, phrase=leak.phrase, actor=secretary, now=now)
        done += stage.attempt(entries.accept, entry=entry, actor=secretary, now=now).done
    return done


# Verification


def ask_units(stage: Stage, now: datetime, *, contest_id: str) -> int:
    contest = stage.contest(contest_id)
    valid = [entry for entry, _ in stage.submitted(contest, ACCEPTED)]
    asked = stage.attempt(entries.ask_units, contest=contest, entries=valid, actor=stage.person("van"), now=now)
    return len(asked.value or ())


def answer_units(stage: Stage, now: datetime, *, contest_id: str, part: int, parts: int) -> int:
    """A share of the units' answers: those whose turn comes in this `part` of `parts`, and all that are late."""
    contest = stage.contest(contest_id)
    standing = standing_verifications(contest.id)
    done = 0
    for number, (entry, story) in enumerate(stage.submitted(contest, ACCEPTED)):
        verification = standing.get(entry.exemplar_id)
        if verification is None or verification.outcome is not None or number % parts > part:
            continue
        done += stage.attempt(_answer, stage=stage, verification=verification, story=story, now=now).done
    return done


def _answer(*, stage: Stage, verification: Verification, story: Story | None, now: datetime) -> None:
    officers = officers_of(verification.unit)
    if officers:
        actor = officers[0].user
    else:
        # A unit that a visitor chose and nobody acts for yet.
        actor = stage.person("luc")
        appoint_officer(unit=verification.unit, user=actor, actor=None, now=now)
    outcome = story.verification if story else "verified"
    agreed = outcome == "verified"
    answer_verification(
        verification=verification,
        outcome=outcome,
        actor=actor,
        now=now,
        note=reason(outcome),
        hold_reason=reason("on_hold_reason") if outcome == "on_hold" else None,
        consent=True if agreed else None,
        guardian_consent=True if agreed and verification.exemplar.is_child else None,
        photos=True if agreed else None,
    )


def hold_one(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """A report in the press is checked before the exemplar is presented; nothing else of it changes."""
    contest, secretary = stage.contest(contest_id), stage.person("van")
    standing = standing_verifications(contest.id)
    admitted = stage.submitted(contest, ACCEPTED)
    if any(entry.exemplar.hold_note for entry, _ in admitted):
        return 0  # once is enough; the notes stay when the matter is cleared
    for entry, story in admitted:
        answer = standing.get(entry.exemplar_id)
        if story is None or answer is None or answer.outcome != VERIFIED:
            continue
        held = stage.attempt(
            put_on_hold,
            exemplar=entry.exemplar,
            reason=reason("on_hold_reason"),
            reasons=contest.rules.verification.hold_reasons,
            note=reason("hold_note"),
            contest_id=contest.id,
            actor=secretary,
            now=now,
        )
        return int(held.done)
    return 0


def clear_holds(stage: Stage, now: datetime, *, contest_id: str) -> int:
    contest, secretary = stage.contest(contest_id), stage.person("van")
    held = [entry for entry, _ in stage.submitted(contest, ACCEPTED) if entry.exemplar.held_at is not None]
    return sum(
        stage.attempt(
            clear_hold,
            exemplar=entry.exemplar,
            note=reason("hold_cleared"),
            contest_id=contest.id,
            actor=secretary,
            now=now,
        ).done
        for entry in held
    )


# When


def _desk(contest_id: str, received: list[str], admission: dict[str, str]) -> list[Act]:
    """The secretariat's and the units' acts of one contest, at the times given."""
    acts = [
        Act(
            at(moment),
            N_("The secretariat received %(count)s entries."),
            partial(receive_entries, contest_id=contest_id),
            contest_id,
        )
        for moment in received
    ]
    parts = 3
    what = {
        "decide": (N_("The secretariat sent back or refused %(count)s entries."), ask_and_refuse),
        "complete": (N_("%(count)s authors completed their entries."), complete_entries),
        "admit": (N_("The secretariat admitted %(count)s entries."), admit_entries),
        "admit_rest": (N_("The secretariat admitted %(count)s entries."), admit_entries),
        "ask": (N_("Units were asked to verify %(count)s stories."), ask_units),
        "ask_rest": (N_("Units were asked to verify %(count)s stories."), ask_units),
    }
    for name, (sentence, verb) in what.items():
        acts.append(Act(at(admission[name]), sentence, partial(verb, contest_id=contest_id), contest_id))
    answers = [
        Act(
            at(admission[f"answer_{part + 1}"]),
            N_("Units answered about %(count)s stories."),
            partial(answer_units, contest_id=contest_id, part=part, parts=parts),
            contest_id,
        )
        for part in range(parts)
    ]
    return [*acts, *answers]


def acts() -> list[Act]:
    sent = [
        Act(moment, N_("%(count)s authors sent their entries."), partial(send_entry, story=story), contest_id)
        for contest_id in (FIRST, SECOND)
        for story, moment in sending_times(contest_id)
    ]
    first = _desk(
        FIRST,
        [
            "2027-01-15 16:00",
            "2027-02-10 16:00",
            "2027-02-26 16:00",
            "2027-03-12 16:00",
            "2027-03-26 16:00",
            "2027-04-01 08:30",
        ],
        {
            "decide": "2027-04-02 10:00",
            "admit": "2027-04-05 09:00",
            "complete": "2027-04-05 20:00",
            "ask": "2027-04-05 10:00",
            "admit_rest": "2027-04-08 09:00",
            "ask_rest": "2027-04-08 10:00",
            "answer_1": "2027-04-08 16:00",
            "answer_2": "2027-04-13 16:00",
            "answer_3": "2027-04-16 16:00",
        },
    )
    second = _desk(
        SECOND,
        ["2027-06-10 16:00", "2027-07-02 16:00", "2027-07-23 16:00", "2027-08-13 16:00", "2027-08-16 08:30"],
        {
            "decide": "2027-08-16 10:00",
            "admit": "2027-08-17 14:00",
            "complete": "2027-08-18 20:00",
            "ask": "2027-08-18 09:00",
            "admit_rest": "2027-08-20 09:00",
            "ask_rest": "2027-08-20 10:00",
            "answer_1": "2027-08-20 16:00",
            "answer_2": "2027-08-24 16:00",
            "answer_3": "2027-08-27 16:00",
        },
    )
    matter = [
        Act(
            at("2027-04-09 10:00"),
            N_("The secretariat put %(count)s exemplar on hold while a press report is checked."),
            partial(hold_one, contest_id=FIRST),
            FIRST,
        ),
        Act(
            at("2027-04-15 10:00"),
            N_("The matter is cleared: %(count)s hold was lifted."),
            partial(clear_holds, contest_id=FIRST),
            FIRST,
        ),
    ]
    return [*sent, *first, *second, *matter]

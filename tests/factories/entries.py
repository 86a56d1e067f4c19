"""Entries in any state, made through the services."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import standing_grants
from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.entries import services
from contest.entries.drafting import Facts, content_digest
from contest.entries.models import Entry, Photo, Receipt
from contest.entries.queries import get_own_entry
from contest.exemplars.models import Verification
from contest.exemplars.services import Subject, answer_verification, request_verifications
from contest.units.models import Unit
from tests.conftest import START
from tests.factories import make_staff, make_unit, make_user, raw_rule_sets
from tests.factories.editions import publish_edition

_numbers = count(1)


def changed_contest(change: Callable[[dict[str, Any]], Any], index: int = 0) -> Contest:
    """A contest of the demonstration, its rules changed by `change` before they are loaded."""
    raw = copy.deepcopy(raw_rule_sets()[index])
    change(raw)
    contest = load_rule_set(rules=parse_rule_set(json.dumps(raw)), actor=None, now=START)
    db.session.commit()
    return contest


def words(number: int) -> str:
    """A body of exactly `number` syllables in a few paragraphs."""
    syllables = [("chuyện", "người", "thật", "việc", "tốt")[place % 5] for place in range(number)]
    return "\n\n".join(" ".join(syllables[place : place + 90]) for place in range(0, number, 90))


def stored_photo(**values: Any) -> services.StoredPhoto:
    """A photo as the store would give it; no file lies behind its keys."""
    number = next(_numbers)
    return services.StoredPhoto(
        **{
            "large_key": f"aa/{number:030x}.webp",
            "middle_key": f"ac/{number:030x}.webp",
            "small_key": f"ab/{number:030x}.webp",
            "width": 1600,
            "height": 1200,
            "sha256": f"{number:064x}",
            **values,
        }
    )


def add_photo(entry: Entry, now: datetime = START, **values: Any) -> Photo:
    """A photo with everything said about it."""
    photo = services.add_photo(entry=entry, stored=stored_photo(), now=now)
    services.describe_photo(
        entry=entry,
        photo=photo,
        now=now,
        **{
            "caption": "Một buổi sáng",
            "photographer": "Người Chụp",
            "alt": "",
            "recognised": "people",
            "people": "Người trong bài",
            "consent": True,
            **values,
        },
    )
    return photo


def facts(entry: Entry, unit: Unit | None = None, **values: Any) -> Facts:
    """All that any of the two rule sets asks for."""
    return Facts(
        **{
            "exemplar_name": "Trần Đình Sỹ",
            "exemplar_role": "cựu chiến binh",
            "exemplar_unit": unit or entry.exemplar.unit or make_unit(),
            "exemplar_address": "thôn Đá Bạc",
            "exemplar_contact": "0900 000 001",
            "deed_place": "thôn Đá Bạc",
            "deed_time": "tháng 3/2026",
            "author_name": entry.author.name,
            "author_phone": f"09{entry.author_id % 10**8:08d}",
            "birth_date": date(1980, 5, 20),
            **values,
        }
    )


def make_draft(
    contest: Contest,
    author: User | None = None,
    category: str = "A",
    *,
    now: datetime = START,
    title: str = "Đồi cằn trổ hoa",
    body: str | None = None,
    photos: int = 1,
    unit: Unit | None = None,
    **values: Any,
) -> Entry:
    """A draft with nothing missing; `values` are facts (see drafting.Facts)."""
    entry = services.start_draft(contest=contest, category_id=category, actor=author or make_user(), now=now)
    services.save_text(
        entry=entry,
        version=entry.version,
        title=title,
        genre="ghi_chep",
        body=words(600) if body is None else body,
        now=now,
    )
    services.save_facts(entry=entry, version=entry.facts_version, facts=facts(entry, unit, **values), now=now)
    for _ in range(photos):
        add_photo(entry, now)
    return entry


def all_declared(entry: Entry) -> set[str]:
    """The names of every declaration that the entry needs."""
    return set(services.declarations_of(entry))


def submit_draft(entry: Entry, now: datetime = START) -> Receipt:
    return services.submit(
        draft_id=entry.public_id,
        actor=entry.author,
        now=now,
        digest=content_digest(entry),
        declared=all_declared(entry),
    ).receipt


def make_submitted(contest: Contest, author: User | None = None, category: str = "A", **values: Any) -> Entry:
    """A submitted entry."""
    entry = make_draft(contest, author, category, **values)
    submit_draft(entry, values.get("now", START))
    return entry


def secretary_of(contest: Contest) -> User:
    """A secretary of the contest, appointed when there is none."""
    for grant in db.session.scalars(standing_grants(contest.id)):
        if grant.role == "secretary":
            return grant.user
    return make_staff(contest, "secretary")


def make_accepted(contest: Contest, author: User | None = None, category: str = "A", **values: Any) -> Entry:
    """A valid entry with its blind code; nobody was asked to verify it."""
    entry = make_submitted(contest, author, category, **values)
    actor, now = secretary_of(contest), values.get("now", START) + timedelta(minutes=1)
    services.receive(entry=entry, actor=actor, now=now)
    services.accept(entry=entry, actor=actor, now=now)
    return entry


def verify(entry: Entry, outcome: str = "verified", now: datetime = START, **values: Any) -> Verification:
    """The unit's answer about an entry's exemplar."""
    subject = Subject(exemplar=entry.exemplar, title=entry.title, story=entry.body)
    (question,) = request_verifications(
        contest_id=entry.contest_id, subjects=[subject], working_days=7, actor=None, now=now
    )
    answer: dict[str, Any] = {"consent": True, "photos": True, "note": "Đã đến nơi xem xét."}
    if entry.exemplar.is_child:
        answer["guardian_consent"] = True
    return answer_verification(
        verification=question, outcome=outcome, actor=make_user(), now=now, **{**answer, **values}
    )


def make_eligible(contest: Contest, author: User | None = None, category: str = "A", **values: Any) -> Entry:
    """A valid entry whose exemplar is verified and agrees: it may advance."""
    entry = make_accepted(contest, author, category, **values)
    verify(entry)
    return entry


def make_finalist(
    contest: Contest, author: User | None = None, category: str = "A", *, published: bool = True, **values: Any
) -> Entry:
    """An entry in the final round; readers may have it once they may have any, unless not `published`."""
    entry = make_eligible(contest, author, category, **values)
    services.advance(entry=entry, actor=None, now=START)
    if published:
        publish_edition(entry)
    return entry


def own(entry: Entry) -> Entry:
    """The entry as its author would load it now."""
    return get_own_entry(entry.public_id, entry.author_id)

"""Readers vote: each receives a code, types it, and casts a ballot; a few change their mind."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import pairwise

from sqlalchemy import select

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.core.web.keys import log_signer
from contest.demo import stories
from contest.demo.stage import Act, Stage
from contest.demo.stories import FIRST, SECOND
from contest.outbox.models import Message
from contest.voting import sealing, traces
from contest.voting import services as voting
from contest.voting.channels import find_channel
from contest.voting.log import find_log, open_log
from contest.voting.queries import on_the_ballot

# What readers' browsers call themselves.
_AGENTS = ("Chrome, Android", "Safari, iPhone", "Cốc Cốc, Windows", "Samsung Internet", "Firefox, Windows")
# Readers in the script; a test may play with fewer.
VOTERS = 210
# Every so many readers choose a visitor's story as well, and every so many change their ballot.
_FOR_VISITORS, _CHANGES = 24, 29


@dataclass(frozen=True)
class Reader:
    """One reader of the script: when they vote, for which stories (by number), and what they chose first."""

    number: int
    at: datetime
    picks: tuple[str, ...]
    before: tuple[str, ...] = ()


@cache
def readers(contest_id: str, count: int) -> tuple[Reader, ...]:
    """The readers of a contest. With all of them, each story gets the votes that its data say."""
    rules = stories.rule_sets()[contest_id]
    window = rules.window("voting")
    assert window is not None
    chance = random.Random(contest_id)  # noqa: S311 -- a story, not a secret
    left = {
        story.id: story.votes
        for story in stories.stories_of(contest_id)
        if story.raw["category"] in rules.voting.categories and story.votes
    }
    sizes = _sizes(sum(left.values()), VOTERS, rules.voting.choices_max)
    picks = []
    for size in sorted(sizes, reverse=True):
        chosen = sorted(left, key=lambda story_id: (-left[story_id], chance.random()))[:size]
        for story_id in chosen:
            left[story_id] -= 1
        picks.append(tuple(story_id for story_id in chosen if left[story_id] >= 0))
    chance.shuffle(picks)
    span = window.closes - window.opens - timedelta(minutes=40)
    known = list(left)
    found = []
    for number, chosen_ids in enumerate(picks[:count], start=1):
        # A rush on the first evening, then steadily, and once more on the last day.
        share = ((number - 0.5) / min(count, len(picks))) ** 1.15
        moment = window.opens + timedelta(minutes=15, seconds=round((span * share).total_seconds()))
        before = (known[number % len(known)],) if number % _CHANGES == 0 else ()
        found.append(Reader(number, moment, chosen_ids, before))
    return tuple(found)


def _sizes(choices: int, people: int, most: int) -> list[int]:
    """How many stories each reader chooses: `choices` in all, some readers one, some two, some `most`."""
    sizes = [choices // people + (number < choices % people) for number in range(people)]
    for number in range(0, people - 1, 7):
        if sizes[number] == 2 and most > 2:
            partner = next((other for other in range(number + 1, people) if sizes[other] == 2), None)
            if partner is not None:
                sizes[number], sizes[partner] = 3, 1
    return sizes


def contact_of(contest: Contest, number: int) -> str:
    """An invented address or phone number of the `number`th reader."""
    channel = find_channel(contest.rules.voting.identity)
    by_mail = channel is not None and channel.by_mail
    return f"ban.doc.{number:03}@an-lam.example" if by_mail else f"+8490000{1000 + number}"


def vote(stage: Stage, now: datetime, *, contest_id: str, since: datetime) -> int:
    """The readers whose time came after `since` and until `now` vote."""
    contest = stage.contest(contest_id)
    due = [reader for reader in readers(contest_id, stage.voters) if since < reader.at <= now]
    if not due:
        return 0
    standing = on_the_ballot(contest.id, contest.rules.voting.categories)
    ids = {}
    visitors = []
    for entry in db.session.scalars(standing):
        story = stage.story_of(entry.id)
        if story is None:
            visitors.append(entry.public_id)
        else:
            ids[story.id] = entry.public_id
    if find_log(contest.id) is None:
        open_log(contest=contest, signer=log_signer(contest.slug, contest.public_id), now=now)
    asked = set(db.session.scalars(select(Message.address).where(Message.template.in_(("vote_code", "vote_code_sms")))))
    done = 0
    for reader in due:
        if contact_of(contest, reader.number) in asked:
            continue
        picks = [ids[story_id] for story_id in reader.picks if story_id in ids]
        if visitors and reader.number % _FOR_VISITORS == 0:
            picks = [visitors[reader.number // _FOR_VISITORS % len(visitors)], *picks]
        before = [ids[story_id] for story_id in reader.before if story_id in ids]
        picks = picks[: contest.rules.voting.choices_max]
        if picks:
            done += stage.attempt(cast, stage=stage, contest=contest, reader=reader, picks=picks, before=before).done
    signer = log_signer(contest.slug, contest.public_id)
    sealing.seal(contest_id=contest.id, signer=signer, now=now, force=True)
    return done


def cast(
    *,
    stage: Stage,
    contest: Contest,
    reader: Reader,
    picks: list[str],
    before: list[str],
    device: str = "",
    seconds: int = 0,
) -> None:
    """Ask for a code, read it in the message, type it, vote. `device` and `seconds` of typing: a program's."""
    typed = contact_of(contest, reader.number)
    moment = reader.at
    contact = voting.request_code(contest=contest, typed=typed, locale="vi", now=moment, wall=stage.wall)
    message = db.session.scalars(
        select(Message).where(Message.address == contact.address).order_by(Message.id.desc()).limit(1)
    ).one()
    voter_id = voting.confirm_code(
        contest=contest, typed=typed, code=message.params["code"], now=moment, wall=stage.wall
    )
    assert voter_id is not None, "the code of the message was not taken"
    traces.note(
        contest_id=contest.id,
        voter_id=voter_id,
        channel=contest.rules.voting.identity,
        address="198.51.100.7" if device else f"10.{reader.number % 97}.{reader.number % 41}.{reader.number % 250}",
        device=device or f"device {reader.number}",
        agent=_AGENTS[0 if device else reader.number % len(_AGENTS)],
        contact=contact.key,
        code_seconds=seconds or 9 + reader.number * 7 % 29,
        now=moment,
    )
    if before and set(before) != set(picks):
        first = moment - timedelta(minutes=9)
        voting.cast_ballot(slug=contest.slug, voter_id=voter_id, picks=before, now=first)
    voting.cast_ballot(slug=contest.slug, voter_id=voter_id, picks=picks, now=moment)


def acts() -> list[Act]:
    """Twice a day while the vote is open."""
    found = []
    for contest_id in (FIRST, SECOND):
        window = stories.rule_sets()[contest_id].window("voting")
        assert window is not None
        moments = [window.opens]
        while moments[-1] + timedelta(hours=12, minutes=30) < window.closes:
            moments.append(moments[-1] + timedelta(hours=12))
        moments.append(window.closes - timedelta(minutes=5))
        found += [
            Act(until, N_("%(count)s readers voted."), partial(vote, contest_id=contest_id, since=since), contest_id)
            for since, until in pairwise(moments)
        ]
    return found

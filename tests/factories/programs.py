"""A contest at the minute of its results, and what programs are told of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from contest.contests.models import Contest
from contest.core.db import db
from contest.results.amendments import approve_amendment, propose_revocation
from contest.results.models_after import NewsPost
from contest.results.queries import awards_at, find_standing
from tests.factories.editions import organiser_of
from tests.factories.results import World, make_results, publish

API = "/api/v1"
MILLISECOND = timedelta(milliseconds=1)


def make_announced(index: int = 0) -> World:
    """Results that two people approved; public from `official_at`."""
    world = make_results(index)
    publish(world)
    return world


def make_news(contest: Contest, at: datetime | None, **fields: Any) -> NewsPost:
    """News that is public from an instant, or a draft."""
    values: dict[str, Any] = {
        "title": {"vi": "Mời dự lễ trao giải", "en": "Come to the ceremony"},
        "body": {"vi": "Lễ trao giải tổ chức tại hội trường.\n\nXin đến **đúng giờ**.", "en": "In the hall."},
        "changed_at": contest.created_at,
        **fields,
    }
    post = NewsPost(contest=contest, visible_from=at, by=organiser_of(contest), **values)
    db.session.add(post)
    db.session.commit()
    return post


def revoke(world: World, prize: str, title: str, now: datetime, follow: str = "empty") -> None:
    """A prize taken back from `now` on, by two people."""
    rows = awards_at(find_standing(world.contest.id), world.official_at)
    award = next(each.award for each in rows if (each.award.prize_id, each.award.entry.title) == (prize, title))
    row = propose_revocation(
        contest=world.contest,
        award=award,
        follow=follow,
        actor=world.first,
        now=now,
        reason="Bài đã in năm 2019",
        number="1501/QĐ-UBND",
        on=now.date(),
        signer="Lê Thị Hòa An",
    )
    approve_amendment(
        contest=world.contest, public_id=row.public_id, typed_number="1501/QĐ-UBND", actor=world.second, now=now
    )
    db.session.commit()

"""What organisers tell everybody: news, public from its instant."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from contest.core.errors import N_
from contest.demo import stories
from contest.demo.stage import Act, Stage, at
from contest.results.news import posts_of, write_post
from contest.results.queries import amendments_at

Told = dict[str, Any]


def write(stage: Stage, now: datetime, *, told: Told) -> int:
    """A piece of news, once; one about a change only where that change was made."""
    contest = stage.contest(told["contest"])
    if any(post.title["vi"] == told["title"]["vi"] for post in posts_of(contest)):
        return 0
    if told.get("after") and not amendments_at(contest.id, now):
        return 0
    return int(
        stage.attempt(
            write_post,
            contest=contest,
            post=None,
            title=told["title"],
            body=told["body"],
            visible_from=at(told["visible"]),
            knowing=False,
            actor=stage.person("diep"),
            now=now,
        ).done
    )


def acts() -> list[Act]:
    return [
        Act(at(told["written"]), N_("%(count)s piece of news was written."), partial(write, told=told), told["contest"])
        for told in stories.around()["news"]
    ]

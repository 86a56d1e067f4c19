"""The API: published stories."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g

from contest.api import queries
from contest.api.asked import Nothing, OfContest
from contest.api.paging import cut
from contest.api.queries import Published
from contest.api.shapes import BlockShape, PhotoShape, StoryPage, StoryShape, WholeStory
from contest.api.views import answers, asked_contest, behind, link, pages, ref, turn
from contest.core.errors import N_, NotFound
from contest.editions.shown import Shown
from contest.entries.models import Entry
from contest.public.queries import get_story, stories_of


def fields_of(story: Shown, published: Published) -> dict[str, Any]:
    """What every answer tells of a story."""
    return {
        "id": story.public_id,
        "code": story.code,
        "contest": story.contest.slug,
        "category": story.category,
        "title": story.title,
        "author": story.author or None,
        "about": story.about,
        "unit": ref(story.unit),
        "opening": story.document.opening,
        "words": story.word_count,
        "abridged": story.abridged,
        "photos": tuple(
            PhotoShape(
                id=each.public_id,
                caption=each.caption,
                alt=each.alt,
                credit=each.credit,
                width=each.width,
                height=each.height,
                small=link("public.photo", public_id=each.public_id, size="nho"),
                medium=link("public.photo", public_id=each.public_id, size="vua"),
                large=link("public.photo", public_id=each.public_id, size="lon"),
            )
            for each in story.photos
        ),
        "published_at": published.at,
        "updated_at": published.updated,
        "page": pages("public.entry", public_id=story.public_id),
    }


@answers("/stories", StoryPage, N_("Published stories, in an order that says nothing of merit"), OfContest)
def stories(asked: OfContest) -> tuple[StoryPage, datetime | None]:
    contest = asked_contest(asked.contest)
    key = behind(asked, 1)
    found = queries.story_page(g.now, contest=contest, after=key[0] if key else None, limit=asked.limit)
    rows, following = cut(found, asked.limit, lambda each: (each[1],))
    ids = [entry_id for entry_id, _public_id in rows]
    shown = stories_of(ids, g.now)
    known = {each.contest.id: each.contest for each in shown.values()}
    published = queries.published_stories(g.now, known.values(), Entry.id.in_(ids))
    # One that was taken back between two of these questions is told no more.
    told = [each for each in ids if each in published and each in shown and shown[each].presented]
    items = tuple(StoryShape(**fields_of(shown[each], published[each])) for each in told)
    return StoryPage(items=items, **turn(following)), max((each.updated_at for each in items), default=None)


@answers("/stories/<public_id>", WholeStory, N_("A published story with its text"))
def story(_asked: Nothing, public_id: str) -> tuple[WholeStory, datetime | None]:
    found = get_story(public_id, g.now)
    published = queries.published_stories(g.now, [found.contest], Entry.id == found.entry_id).get(found.entry_id)
    if published is None or not found.presented:  # taken back since the line before
        raise NotFound(public_id)
    blocks = tuple(
        BlockShape.model_validate({"kind": each.kind, "text": each.text, "photo": each.photo or None})
        for each in found.document.blocks
        if not each.photo or each.photo in found.pictures
    )
    return WholeStory(**fields_of(found, published), blocks=blocks), published.updated

"""The API: contests, their rules, timetable and finalists."""

from __future__ import annotations

from datetime import datetime

from flask import g

from contest.api import queries
from contest.api.asked import Nothing, OnePage
from contest.api.paging import cut
from contest.api.shapes import (
    Article,
    CategoryShape,
    ContestPage,
    ContestShape,
    CriterionShape,
    Finalist,
    FinalistPage,
    Occasion,
    Phase,
    PrizeShape,
    RulesShape,
    Step,
    Timetable,
)
from contest.api.views import answers, bad_cursor, behind, both, pages, ref, said, turn
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.contests.ruleset.kinds import spell_number
from contest.core.errors import N_, NotFound
from contest.editions.shown import authors_are_public
from contest.public.phases import phase_of
from contest.public.queries import listed_finalists
from contest.results.queries import PublicResults


def _contest(contest: Contest, results: PublicResults | None, amended: datetime | None) -> ContestShape:
    rules = contest.rules
    phase = phase_of(contest, g.now, announced=results is not None)
    anniversary = rules.anniversary
    return ContestShape(
        id=contest.public_id,
        slug=contest.slug,
        title=both(rules.title),
        theme=both(rules.theme),
        organiser=both(rules.bodies.lead),
        governing_body=both(rules.bodies.governing),
        anniversary=Occasion(
            on=anniversary.date,
            founding_date=anniversary.founding_date,
            ordinal=anniversary.ordinal,
            kind=anniversary.class_,
            wording=both(anniversary.wording),
        )
        if anniversary
        else None,
        issued_at=queries.issued_at(contest),
        phase=Phase(key=phase.key, label=said(phase.label), until=phase.until, running=phase.running),
        results=results.standing if results else "none",
        results_expected_at=rules.results_at,
        updated_at=queries.changed_at(contest, results, amended, g.now),
        page=pages("public.contest", slug=contest.slug),
    )


def _told(found: list[Contest]) -> list[ContestShape]:
    ids = [each.id for each in found]
    results, amended = queries.public_results(ids, g.now), queries.last_amended(ids, g.now)
    return [_contest(each, results.get(each.id), amended.get(each.id)) for each in found]


@answers("/contests", ContestPage, N_("Contests, the latest first"), OnePage)
def contests(asked: OnePage) -> tuple[ContestPage, datetime | None]:
    found = list(queries.contests(g.now))
    if (key := behind(asked, 1)) is not None:
        slugs = [each.slug for each in found]
        if key[0] not in slugs:
            raise bad_cursor()
        found = found[slugs.index(key[0]) + 1 :]
    rows, following = cut(found, asked.limit, lambda each: (each.slug,))
    items = tuple(_told(list(rows)))
    return ContestPage(items=items, **turn(following)), max((each.updated_at for each in items), default=None)


@answers("/contests/<slug>", ContestShape, N_("A contest and where it stands"))
def contest(_asked: Nothing, slug: str) -> tuple[ContestShape, datetime | None]:
    [told] = _told([get_issued_contest(slug, g.now)])
    return told, told.updated_at


@answers("/contests/<slug>/timetable", Timetable, N_("The public timetable of a contest"))
def timetable(_asked: Nothing, slug: str) -> tuple[Timetable, datetime | None]:
    found = get_issued_contest(slug, g.now)
    steps = tuple(
        Step(key=each.key, label=both(each.label), at=each.at, opens=each.opens, closes=each.closes)
        for each in found.rules.public_steps()
    )
    return Timetable(contest=slug, steps=steps), _loaded(found)


@answers("/contests/<slug>/rules", RulesShape, N_("The rules of a contest as they are printed"))
def rules(_asked: Nothing, slug: str) -> tuple[RulesShape, datetime | None]:
    found = get_issued_contest(slug, g.now)
    version, printed = found.current_version, found.rules
    assert version is not None  # an issued contest has rules
    told = RulesShape(
        contest=slug,
        version=version.number,
        sha256=version.sha256,
        in_force_since=version.loaded_at,
        legal_basis=tuple(both(each) for each in printed.legal_basis),
        articles=tuple(
            Article(number=each.no, title=both(each.title), text=both(each.text)) for each in printed.rules_articles
        ),
        categories=tuple(
            CategoryShape(
                id=each.id,
                name=both(each.name),
                words_min=each.words.min,
                words_max=each.words.max,
                put_to_vote=each.id in printed.voting.categories,
            )
            for each in printed.categories
        ),
        criteria=tuple(
            CriterionShape(id=each.id, name=both(each.name), most=spell_number(each.max))
            for each in printed.rubric.criteria
        ),
        prizes=tuple(
            PrizeShape(
                id=each.id, category=each.category, name=both(each.name), count=each.count, amount_vnd=each.amount_vnd
            )
            for each in printed.prizes
        ),
        page=pages("public.rules", slug=slug),
        paper=pages("public.rules_pdf", slug=slug),
    )
    return told, _loaded(found)


def _loaded(contest: Contest) -> datetime | None:
    return contest.current_version.loaded_at if contest.current_version else None


@answers("/contests/<slug>/finalists", FinalistPage, N_("Finalists, in an order that says nothing of merit"), OnePage)
def finalists(asked: OnePage, slug: str) -> tuple[FinalistPage, datetime | None]:
    """What the public list shows, to the letter: before the vote neither address nor author."""
    found = get_issued_contest(slug, g.now)
    printed = found.rules
    if not printed.has_begun("shortlist", g.now):
        raise NotFound(slug)
    begun, names = printed.has_begun("voting", g.now), authors_are_public(printed, g.now)
    every = []
    for category in printed.categories:
        placed = printed.sees(printed.last_round.id, category.id).place
        is_open = begun and category.id in printed.voting.categories
        every += [
            Finalist(
                code=each.code,
                category=category.id,
                story=each.public_id if each.presented and is_open else None,
                title=each.title or None,
                author=each.author if names and is_open else None,
                place=ref(each.unit) if placed else None,
            )
            for each in sorted(listed_finalists(found, category.id, g.now), key=lambda each: each.code)
        ]
    if (key := behind(asked, 2)) is not None:
        order = [each.id for each in printed.categories]
        if key[0] not in order:
            raise bad_cursor()
        start = (order.index(key[0]), key[1])
        every = [each for each in every if (order.index(each.category), each.code) > start]
    rows, following = cut(every, asked.limit, lambda each: (each.category, each.code))
    return FinalistPage(items=tuple(rows), **turn(following)), None

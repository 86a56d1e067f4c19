"""The API: results, through the same reader as the honours page."""

from __future__ import annotations

from datetime import datetime

from flask import g

from contest.api import queries
from contest.api.asked import Nothing
from contest.api.shapes import AwardShape, CorrectionShape, Decision, Ref, ResultsShape, UnitAwardShape, VoteShape
from contest.api.views import answers, both, pages, ref
from contest.contests.queries import get_issued_contest
from contest.contests.ruleset import RuleSet
from contest.core.errors import N_, NotFound
from contest.editions.shown import authors_are_public
from contest.judging.scoring import display
from contest.results.honours import Correction, Laurel, honours_of
from contest.results.models import ResultSet
from contest.results.queries import find_public_results
from contest.units.models import Unit


@answers("/contests/<slug>/results", ResultsShape, N_("Results of a contest, once everyone may see them"))
def results(_asked: Nothing, slug: str) -> tuple[ResultsShape, datetime | None]:
    contest = get_issued_contest(slug, g.now)
    found = find_public_results(contest.id, g.now)
    if found is None:
        raise NotFound(slug)
    rules, result_set = contest.rules, found.result_set
    told = honours_of(contest, result_set, g.now)
    named = authors_are_public(rules, g.now)
    announced = queries.announced_at(found)
    amended = [each.amendment.visible_from for each in told.corrections]
    updated = max([announced, *(at for at in amended if at is not None)])
    answer = ResultsShape(
        contest=slug,
        standing=found.standing,
        announced_at=announced,
        updated_at=updated,
        decision=_decision(result_set) if found.standing == "official" else None,
        awards=tuple(_award(rules, slug, each, named=named) for each in told.laurels),
        unit_awards=tuple(
            UnitAwardShape(
                id=f"{slug}:{rung.prize.id}:{each.unit.code}",
                prize=rung.prize.id,
                name=both(rung.prize.name),
                unit=_known(each.unit),
                amount_vnd=each.award.amount_vnd,
                citation=each.words or None,
            )
            for rung in told.units
            for each in rung.laurels
        ),
        corrections=tuple(_correction(each) for each in told.corrections),
        vote=VoteShape(cast=told.votes.cast, valid=told.votes.valid) if told.votes else None,
        page=pages("results.honours", slug=slug),
    )
    return answer, updated


def _decision(result_set: ResultSet) -> Decision:
    assert result_set.decision_number is not None  # is_official asks for it
    assert result_set.decision_date is not None  # they are entered together
    return Decision(
        number=result_set.decision_number,
        signed_on=result_set.decision_date,
        signer=result_set.decision_signer or "",
        title=result_set.decision_title or None,
    )


def _known(unit: Unit) -> Ref:
    found = ref(unit)
    assert found is not None
    return found


def _award(rules: RuleSet, slug: str, each: Laurel, *, named: bool) -> AwardShape:
    """A prize as the honours page shows it: of an entry that is not presented, the code alone."""
    prize = rules.find_prize(each.award.prize_id)
    assert prize is not None
    by = named and each.named
    return AwardShape(
        id=f"{slug}:{prize.id}:{each.code}",
        prize=prize.id,
        name=both(prize.name),
        category=prize.category,
        code=each.code,
        rank=each.award.place,
        score=None if each.score is None else str(display(each.score, rules.scoring.display_decimals)),
        votes=each.award.votes,
        amount_vnd=each.award.amount_vnd,
        story=each.entry.public_id if each.stands else None,
        title=each.title or None,
        author=each.author or None if by else None,
        author_unit=ref(each.author_unit) if by else None,
        about=each.about or None if each.stands else None,
        about_unit=ref(each.about_unit) if each.stands else None,
        citation=each.words if each.words and not each.quoted else None,
        promoted=each.promoted,
    )


def _correction(each: Correction) -> CorrectionShape:
    row = each.amendment
    assert row.visible_from is not None  # it is public
    return CorrectionShape.model_validate(
        {
            "id": row.public_id,
            "kind": row.kind,
            "at": row.visible_from,
            "decision_number": row.decision_number,
            "decision_date": row.decision_date,
            "decision_signer": row.decision_signer,
            "reason": row.reason,
            "prize": each.prize.id,
            "code": each.code or None,
            "unit": ref(each.unit),
            "moved": [{"prize": prize.id, "code": code} for prize, code in each.moved],
            "before": row.moves.get("before") if row.kind == "correct" else None,
            "after": row.moves.get("after") if row.kind == "correct" else None,
        }
    )

"""Looking up at three points whether entries were published before, as the secretariat does it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from contest.core.db import db
from contest.core.errors import N_
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND
from contest.results import services as results
from contest.results.checks import checks_of, concerned_entries
from contest.results.queries import find_standing
from contest.results.rules import DECISION, FINAL, RECEIPT

_WORDS = {
    RECEIPT: "Đã tra nhan đề và ba câu của bài trên công cụ tìm kiếm, báo Đảng tỉnh, trang của các đơn vị.",
    FINAL: "Đã tra lại nhan đề, tên nhân vật trên báo, đài, cổng thông tin và mạng xã hội.",
    DECISION: "Đã tra lại lần cuối trước khi trình ký quyết định.",
}


def look_up(stage: Stage, now: datetime, *, contest_id: str, point: str) -> int:
    """Record the check of every entry that lacks it at this point. An organiser does the last one."""
    contest = stage.contest(contest_id)
    standing = find_standing(contest.id)
    organiser = point == DECISION
    entries = db.session.scalars(concerned_entries(contest, point, awarded=organiser)).all()
    checked = checks_of([entry.id for entry in entries], standing.computed_at if standing else None)
    lacking = [entry for entry in entries if point in checked[entry.id].missing and checked[entry.id].found is None]
    if not lacking:
        return 0
    done = stage.attempt(
        results.record_publication_checks,
        contest=contest,
        point=point,
        entries=lacking,
        found=False,
        note=_WORDS[point],
        actor=stage.person("diep" if organiser else "van"),
        now=now,
    )
    return len(lacking) if done.done else 0


def acts() -> list[Act]:
    """On receipt and before the final, in both contests; before the decision with the decision itself."""
    told = N_("It was looked up whether %(count)s entries had been published before.")
    return [
        Act(at(moment), told, partial(look_up, contest_id=contest_id, point=point), contest_id)
        for contest_id, point, moment in (
            (FIRST, RECEIPT, "2027-04-10 16:30"),
            (FIRST, FINAL, "2027-04-28 15:00"),
            (SECOND, RECEIPT, "2027-08-22 16:30"),
            (SECOND, FINAL, "2027-09-09 15:00"),
        )
    ]

"""The jury: panels, assignment, sheets in both rounds, gaps, closing."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.ruleset import Rubric
from contest.core.db import db
from contest.core.errors import N_
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND, Marks, Story, reason
from contest.entries.models import Entry
from contest.entries.queries import eligible_to_advance
from contest.exemplars.queries import standing_verifications
from contest.exemplars.rules import ON_HOLD
from contest.judging import services as judging
from contest.judging.closing import check_closing
from contest.judging.locks import find_closing
from contest.judging.models import Assignment
from contest.judging.panels import panel
from contest.judging.rounds import EntryState, Given, round_state
from contest.judging.rules import THIRD
from contest.judging.sheets import marks_of
from contest.judging.terms import TERMS_SHA256, accepted

# Who sits where. Seven for five judges an entry, so that a conflict of interest finds a substitute.
PANELS: dict[tuple[str, str, str], tuple[str, ...]] = {
    (FIRST, "prelim", "A"): ("nghi", "lan", "loc", "nga", "chinh", "cuc", "thien", "suong", "truong", "phung"),
    (FIRST, "final", "A"): ("huan", "nghi", "lan", "chinh", "cuc", "thien", "suong"),
    (FIRST, "prelim", "B"): ("lan", "chinh", "suong", "thien"),
    (FIRST, "final", "B"): ("huan", "nghi", "lan", "chinh", "cuc", "thien", "suong"),
    (SECOND, "prelim", "A"): ("nghi", "lan", "chinh", "phung"),
    (SECOND, "prelim", "B"): ("loc", "cuc", "thien", "suong"),
    (SECOND, "prelim", "C"): ("nga", "truong", "suong", "lan"),
    (SECOND, "final", "A"): ("nghi", "lan", "thien", "phung"),
    (SECOND, "final", "B"): ("loc", "cuc", "suong", "chinh"),
    (SECOND, "final", "C"): ("nga", "truong", "lan", "huan"),
}
# Seeds of the assignments: whoever starts the tour anew meets the same judges at the same entries.
_SEED = 20270611
_REMARKS = (
    "Nhân vật thật, việc làm cụ thể, số liệu rõ. Phần kết nên gọn hơn.",
    "Chi tiết đắt, giọng kể tự nhiên. Người đọc có thể làm theo.",
    "Tư liệu chắc nhưng bố cục còn dàn đều, chưa có điểm nhấn.",
    "Viết mộc mạc, chân thành; ảnh có chú thích đầy đủ.",
    "Kết quả đo được và bền. Cần thêm tiếng nói của người được giúp.",
    "Góc nhìn mới, cách làm dễ nhân rộng. Ngôn ngữ trong sáng.",
    "Câu chuyện gần gũi, còn thiếu mốc thời gian ở giữa bài.",
    "",
)


def categories_of(contest_id: str, round_id: str) -> list[str]:
    return [category for (contest, each, category) in PANELS if contest == contest_id and each == round_id]


def seat_and_assign(stage: Stage, now: datetime, *, contest_id: str, round_id: str) -> int:
    """Seat the panels that nobody has seated, and give every entry the judges that it lacks."""
    contest, chair = stage.contest(contest_id), stage.person("huan")
    given = 0
    for category in categories_of(contest_id, round_id):
        if find_closing(contest.id, round_id, category) is not None:
            continue
        if not panel(contest, round_id, category):
            for key in PANELS[contest_id, round_id, category]:
                stage.attempt(
                    judging.seat_judge,
                    contest=contest,
                    round_id=round_id,
                    category=category,
                    judge=stage.person(key),
                    actor=chair,
                    now=now,
                )
        # The secretary plans: a head of jury leaves entries that they have a conflict with to others.
        plan = stage.attempt(
            judging.assign,
            contest=contest,
            round_id=round_id,
            category=category,
            actor=stage.person("van"),
            now=now,
            seed=_SEED,
        )
        given += plan.value.count if plan.done else 0
    return given


def agree(stage: Stage, judge: User, contest: Contest, now: datetime) -> None:
    """The judge accepts the terms of judging, once."""
    if not accepted(contest, judge.id):
        stage.attempt(judging.accept_terms, contest=contest, judge=judge, shown=TERMS_SHA256, actor=judge, now=now)


def _declare(stage: Stage, assignment: Assignment, now: datetime) -> None:
    """Before a judge's first look at an entry: the terms, and no conflict of interest."""
    if assignment.impartial_at is None:
        agree(stage, assignment.judge, assignment.entry.contest, now)
        stage.attempt(judging.declare_impartial, assignment=assignment, actor=assignment.judge, now=now)


def step_back(stage: Stage, now: datetime, *, contest_id: str, round_id: str) -> int:
    """One judge knows somebody in a story, says so, and another judge takes the entry."""
    contest = stage.contest(contest_id)
    category = categories_of(contest_id, round_id)[0]
    states = round_state(contest, round_id, category)
    begun = [given for state in states for given in state.given if given.state is None]
    if not begun or any(len(state.given) != state.required for state in states):
        return 0
    assignment = db.session.get_one(Assignment, min(begun, key=lambda given: given.public_id).id)
    told = stage.attempt(
        judging.declare_conflict, assignment=assignment, reason=reason("conflict"), actor=assignment.judge, now=now
    )
    seat_and_assign(stage, now, contest_id=contest_id, round_id=round_id)
    return int(told.done)


# Sheets


def plausible(rubric: Rubric, public_id: str, number: int) -> Marks:
    """Marks for a visitor's entry: a good story, judges a little apart, the same ones each time."""
    seed = int.from_bytes(hashlib.sha256(public_id.encode()).digest()[:6], "big")
    level = random.Random(seed).uniform(0.7, 0.88)  # noqa: S311 -- a story, not a secret
    chance = random.Random(seed + number + 1)  # noqa: S311 -- as above
    step = Decimal(str(rubric.step))
    marks: Marks = {}
    for criterion in rubric.criteria:
        most = Decimal(str(criterion.max))
        share = Decimal(str(round(level + chance.uniform(-0.05, 0.05), 3)))
        marks[criterion.id] = min(most, (most * share / step).quantize(Decimal(1)) * step)
    return marks


def _marks_for(state: EntryState, given: Given, story: Story | None, rubric: Rubric, round_id: str) -> Marks:
    """The sheet that this judge fills in: judges have no sheets of their own, the order decides."""
    regular = [each for each in state.given if each.kind != THIRD]
    number = len(regular) if given.kind == THIRD else [each.id for each in regular].index(given.id)
    if story is not None:
        told = story.sheets(f"{round_id}_sheets")
        if given.kind == THIRD and story.third_sheet:
            return story.third_sheet
        if given.kind != THIRD and number < len(told):
            return told[number]
    return plausible(rubric, state.entry.public_id, number)


def fill_sheets(stage: Stage, now: datetime, *, contest_id: str, round_id: str, part: int, parts: int) -> int:
    """Judges finish a share of their sheets; what a visitor has marked by hand stays as it is.

    A gap asks for a third judge while sheets are finished, so the last part looks twice.
    """
    contest = stage.contest(contest_id)
    done = 0
    for _ in range(2 if part + 1 == parts else 1):
        for category in categories_of(contest_id, round_id):
            if find_closing(contest.id, round_id, category) is not None:
                continue
            for number, state in enumerate(round_state(contest, round_id, category)):
                if number % parts <= part:
                    done += _fill(stage, contest, round_id, state, now)
    return done


def _fill(stage: Stage, contest: Contest, round_id: str, state: EntryState, now: datetime) -> int:
    if not state.waiting_for:
        return 0
    story = stage.story_of(state.entry.id)
    done = 0
    for given in state.waiting_for:
        assignment = db.session.get_one(Assignment, given.id)
        _declare(stage, assignment, now)
        sheet = assignment.sheet
        marks = _marks_for(state, given, story, contest.rules.rubric, round_id)
        remark = _REMARKS[(given.id * 5 + state.entry.id) % len(_REMARKS)]
        done += stage.attempt(
            judging.finalise_sheet,
            assignment=assignment,
            marks={**marks, **marks_of(sheet)},
            comment=sheet.comment if sheet and sheet.comment else remark,
            version=sheet.version if sheet else 0,
            actor=assignment.judge,
            now=now,
        ).done
    return done


def talk_over_gaps(stage: Stage, now: datetime, *, contest_id: str, round_id: str) -> int:
    """Where the judges of an entry are far apart they read it again together; old marks stay on record."""
    contest, chair = stage.contest(contest_id), stage.person("huan")
    done = 0
    for category in categories_of(contest_id, round_id):
        if find_closing(contest.id, round_id, category) is not None:
            continue
        for state in round_state(contest, round_id, category):
            if not (state.result.complete and state.result.gap_open):
                continue
            done += 1
            story = stage.story_of(state.entry.id)
            _rescore(stage, state, story.sheets("reconciled_sheets") if story else [], now)
            entry = db.session.get_one(Entry, state.entry.id)
            again = round_state(contest, round_id, category, Entry.id == entry.id)
            if again and again[0].result.gap_open:
                stage.attempt(
                    judging.settle_gap,
                    entry=entry,
                    round_id=round_id,
                    note=reason("gap_settlement"),
                    actor=chair,
                    now=now,
                )
    return done


def _rescore(stage: Stage, state: EntryState, sheets: Sequence[Marks], now: datetime) -> None:
    for given, marks in zip(state.given, sheets, strict=False):
        assignment = db.session.get_one(Assignment, given.id)
        if assignment.sheet is None or marks == marks_of(assignment.sheet):
            continue
        stage.attempt(
            judging.rescore,
            assignment=assignment,
            marks=marks,
            comment=assignment.sheet.comment,
            reason=reason("gap_settlement"),
            actor=assignment.judge,
            now=now,
        )


# Closing


def close(stage: Stage, now: datetime, *, contest_id: str, round_id: str) -> int:
    """Pass over by name what cannot advance, then lock the scores."""
    contest, chair = stage.contest(contest_id), stage.person("huan")
    closed = 0
    for category in categories_of(contest_id, round_id):
        if find_closing(contest.id, round_id, category) is not None:
            continue
        if contest.rules.round(round_id).advance is not None:
            _pass_over(stage, contest, round_id, category, chair, now)
        closed += stage.attempt(
            judging.close_round, contest=contest, round_id=round_id, category=category, actor=chair, now=now
        ).done
    return closed


def _pass_over(stage: Stage, contest: Contest, round_id: str, category: str, chair: User, now: datetime) -> None:
    able = set(db.session.scalars(eligible_to_advance(contest.id)))
    answers = standing_verifications(contest.id)
    for state in check_closing(contest, round_id, category).states:
        if state.set_aside is not None or state.entry.id in able:
            continue
        entry = db.session.get_one(Entry, state.entry.id)
        answer = answers.get(entry.exemplar_id)
        on_hold = answer is not None and answer.outcome == ON_HOLD
        stage.attempt(
            judging.set_aside,
            entry=entry,
            round_id=round_id,
            reason=reason("set_aside_on_hold" if on_hold else "set_aside_unverifiable"),
            actor=chair,
            now=now,
        )


# When


def _round(
    contest_id: str, round_id: str, assign: str, back: str | None, parts: list[str], talk: str, end: str
) -> list[Act]:
    def act(moment: str, what: str, verb: Callable[..., int], **more: int) -> Act:
        return Act(at(moment), what, partial(verb, contest_id=contest_id, round_id=round_id, **more), contest_id)

    acts = [act(assign, N_("The head of jury gave out entries to judges: %(count)s times."), seat_and_assign)]
    if back:
        acts.append(act(back, N_("%(count)s judge stepped back from a story about somebody they know."), step_back))
    acts += [
        act(moment, N_("Judges finished %(count)s score sheets."), fill_sheets, part=part, parts=len(parts))
        for part, moment in enumerate(parts)
    ]
    acts.append(act(talk, N_("Judges talked about %(count)s stories on which they were far apart."), talk_over_gaps))
    acts.append(act(end, N_("The head of jury closed the round in %(count)s categories; scores are locked."), close))
    return acts


def acts() -> list[Act]:
    return [
        *_round(
            FIRST,
            "prelim",
            "2027-04-12 08:30",
            "2027-04-12 20:00",
            ["2027-04-14 21:00", "2027-04-17 21:00", "2027-04-20 21:00", "2027-04-24 21:00"],
            "2027-04-26 09:00",
            "2027-04-26 17:30",
        ),
        *_round(
            FIRST,
            "final",
            "2027-04-28 08:30",
            None,
            ["2027-04-30 21:00", "2027-05-02 21:00", "2027-05-04 21:00", "2027-05-06 21:00"],
            "2027-05-08 09:00",
            "2027-05-09 17:10",
        ),
        *_round(
            SECOND,
            "prelim",
            "2027-08-23 08:30",
            None,
            ["2027-08-27 21:00", "2027-09-01 21:00", "2027-09-04 21:00"],
            "2027-09-06 09:00",
            "2027-09-07 17:30",
        ),
        *_round(
            SECOND,
            "final",
            "2027-09-09 08:30",
            None,
            ["2027-09-13 21:00", "2027-09-17 21:00", "2027-09-21 21:00"],
            "2027-09-22 09:00",
            "2027-09-24 17:10",
        ),
    ]

"""What the minutes of a round say, gathered from what is on record: sections of text, lists and tables.

Legal basis, who was there, how it was marked, the figures, gaps and how they were settled, what was let pass and
by whom, ties and what broke them, what was set aside, prizes withheld and joint awards. Entries go by code; what
each single judge gave is on the sheets and not here. Everything is text as it will be printed, so that the same
minutes read the same in ten years.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased, selectinload

from contest.accounts.models import User
from contest.contests.labels import AGGREGATES, GAP_ACTIONS, GAP_TYPES, ROUND_MODES, TIE_BREAKS
from contest.core.db import db
from contest.core.errors import N_
from contest.core.formats import day, hour, instant, loc, marks, moment, number
from contest.judging.council import ballots_of
from contest.judging.council_ballots import told_of
from contest.judging.minutes_sources import (
    CAPACITIES,
    RESULT,
    PrizeLines,
    Say,
    Section,
    Sources,
    Typed,
    listed,
    meetings_of,
    seats_of,
    section,
    signers,
    table,
    text,
)
from contest.judging.models import (
    Assignment,
    GapDecision,
    GapSettlement,
    JointReading,
    RoundClosing,
    SetAside,
    Sheet,
    Waiver,
)
from contest.judging.models_council import CouncilMeeting
from contest.judging.papers import Line, Scores, gap_of, lines_of, stepped_back, unbroken
from contest.judging.rounds import EntryState
from contest.judging.scoring import SHARE_OF_SCALE

_WAIVED = {
    "sheet": N_("a sheet that was not finished"),
    "judge": N_("a judge who was not assigned"),
    "gap": N_("a gap that was not settled"),
    "declaration": N_("a declaration that was not made"),
    "verification": N_("a verification that was pending"),
}
_THIRD = "third"


def gather(scores: Scores, closing: RoundClosing, typed: Typed, prizes: PrizeLines | None, say: Say) -> dict[str, Any]:
    """Everything that the minutes say, as JSON of texts and whole numbers."""
    contest, rules = scores.contest, scores.contest.rules
    last = rules.last_round.id == scores.round_id
    sources = Sources(
        scores,
        closing,
        lines_of(scores),
        seats_of(scores),
        meetings_of(contest, scores.category) if last else (),
        prizes if last else None,
        say,
    )
    round_name, category = loc(sources.round.name), rules.category(scores.category)
    return {
        "form": 1,
        "number": typed.number,
        "place": typed.place,
        "date": typed.date,
        "title": say(N_("Minutes of the round")),
        "subtitle": say(
            N_("On the %(round)s round, category %(category)s – %(name)s"),
            {"round": round_name, "category": category.id, "name": loc(category.name)},
        ),
        "contest": loc(rules.title),
        "governing": loc(rules.bodies.governing),
        "lead": loc(rules.bodies.lead).partition(" (")[0],
        "sections": [part for make in _SECTIONS if (part := make(sources)) is not None] + [_conclusions(typed, say)],
        "signers": [each._asdict() for each in signers(sources)],
        "recipients": [
            loc(rules.bodies.lead).partition(" (")[0],
            say(N_("Jury and secretariat")),
            say(N_("Files of the office")),
        ],
    }


# Sections


def _basis(sources: Sources) -> Section:
    say, version = sources.say, sources.contest.current_version
    items = [loc(basis) for basis in sources.rules.legal_basis]
    if version is not None:
        items.append(
            say(
                N_("Rules of the contest, version %(number)s, in force since %(day)s."),
                {"number": version.number, "day": day(version.loaded_at)},
            )
        )
    return section(say(N_("Legal basis")), listed(items))


def _attendance(sources: Sources) -> Section:
    say = sources.say
    window = sources.rules.window(sources.scores.round_id)
    when = say(N_("The round was closed at %(at)s."), {"at": instant(sources.closing.at)})
    if window is not None:
        when = (
            say(
                N_("Marked from %(opens)s to %(closes)s."),
                {"opens": moment(window.opens), "closes": moment(window.closes)},
            )
            + " "
            + when
        )
    work = _work(sources)
    titles = (N_("Line no."), N_("Full name"), N_("Capacity"), N_("Sheets given"), N_("Final sheets"))
    panel = [
        [
            str(at),
            unbroken(seat.judge.name),
            say(CAPACITIES[seat.seat]) + (f" ({say(N_('left the panel'))})" if seat.ended_at else ""),
            number(work.get(seat.judge_id, (0, 0))[0]),
            number(work.get(seat.judge_id, (0, 0))[1]),
        ]
        for at, seat in enumerate(sources.seats, start=1)
    ]
    blocks = [text(when)]
    if panel:
        blocks += [
            text(say(N_("Panel of the round:"))),
            table([say(each) for each in titles], (11, 71, 0, 20, 20), "cllcc", panel),
        ]
    for meeting in sources.meetings:
        blocks += _meeting(meeting, say)
    return section(say(N_("Time and attendance")), *blocks)


def _meeting(meeting: CouncilMeeting, say: Say) -> list[Section]:
    present = sum(each.present for each in meeting.attendance)
    told = N_("Meeting of the council at %(hour)s on %(day)s, %(place)s: %(present)s present of %(all)s.")
    params = {
        "hour": hour(meeting.held_at),
        "day": day(meeting.held_at),
        "place": meeting.place,
        "present": present,
        "all": len(meeting.attendance),
    }
    rows = [
        [
            str(at),
            unbroken(each.user.name),
            say(CAPACITIES[each.capacity]),
            say(N_("Present")) if each.present else say(N_("Absent")),
            each.note,
        ]
        for at, each in enumerate(meeting.attendance, start=1)
    ]
    head = [say(N_("Line no.")), say(N_("Full name")), say(N_("Capacity")), say(N_("Attendance")), say(N_("Note"))]
    blocks = [text(say(told, params))]
    if rows:
        blocks.append(table(head, (11, 68, 27, 18, 0), "cllll", rows))
    if meeting.notes:
        blocks.append(text(meeting.notes))
    return blocks


def _work(sources: Sources) -> dict[int, tuple[int, int]]:
    """Sheets given and final, by judge, of the entries that take part."""
    rows = db.session.execute(
        select(Assignment.judge_id, Assignment.standing, Sheet.state)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .where(Assignment.round == sources.scores.round_id, Assignment.entry_id.in_(sources.codes))
    )
    given, final = Counter[int](), Counter[int]()
    for judge_id, standing, state in rows:
        if standing or state == "final":
            given[judge_id] += 1
            final[judge_id] += state == "final"
    return {judge_id: (given[judge_id], final[judge_id]) for judge_id in given}


def _method(sources: Sources) -> Section:
    say, rules, round_ = sources.say, sources.rules, sources.round
    items = [
        f"{say(ROUND_MODES[round_.mode])}.",
        say(N_("Sheets for each entry: %(count)s."), {"count": round_.judges_per_entry}),
        say(N_("Total of an entry: %(how)s."), {"how": _lower(say(AGGREGATES[round_.aggregate]))}),
        say(
            N_("Computed with exact fractions; rounded to %(count)s decimals for display alone."),
            {"count": rules.scoring.display_decimals},
        ),
    ]
    if round_.gap is not None:
        share = round_.gap.unit == SHARE_OF_SCALE
        limit = marks(round_.gap.threshold * 100) + "%" if share else marks(round_.gap.threshold)
        items.append(
            say(
                N_("A gap is settled when it is above %(limit)s (%(measure)s): %(action)s."),
                {
                    "limit": limit,
                    "measure": _lower(say(GAP_TYPES[round_.gap.type])),
                    "action": _lower(say(GAP_ACTIONS[round_.gap.action])),
                },
            )
        )
    if sources.is_last and rules.scoring.tie_break:
        rungs = "; ".join(
            f"{at}) {_lower(say(TIE_BREAKS[each.name], {'criterion': each.criterion or ''}))}"
            for at, each in enumerate(rules.scoring.tie_break, start=1)
        )
        items.append(say(N_("Equal totals are parted in this order: %(rules)s."), {"rules": rungs}))
    if round_.advance is not None:
        count = round_.advance.counts.get(sources.scores.category, 0)
        items.append(
            say(N_("Entries that advance: %(count)s; all with the total at the line advance."), {"count": count})
        )
    rubric = [[each.id, loc(each.name), marks(each.max)] for each in rules.rubric.criteria]
    rubric.append(["", say(N_("Total")), marks(rules.rubric.scale)])
    head = [say(N_("No.")), say(N_("Criterion")), say(N_("Most"))]
    return section(say(N_("How entries were marked")), listed(items), table(head, (16, 0, 24), "clr", rubric))


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _figures(sources: Sources) -> Section:
    say, states = sources.say, sources.scores.states
    judges, pairs = stepped_back(sources.contest, sources.scores.round_id, sources.scores.category)
    final = sum(given.final for state in states for given in state.given)
    items = [
        say(N_("Entries: %(count)s."), {"count": number(len(states))}),
        say(N_("Final sheets that count: %(count)s."), {"count": number(final)}),
        say(
            N_("Conflicts of interest declared or recorded: %(pairs)s, of %(judges)s judges (list attached)."),
            {"pairs": number(pairs), "judges": number(judges)},
        ),
    ]
    readings = db.session.scalars(
        select(JointReading)
        .options(selectinload(JointReading.texts))
        .where(
            JointReading.contest_id == sources.contest.id,
            JointReading.round == sources.scores.round_id,
            JointReading.category == sources.scores.category,
            JointReading.closed_at.is_not(None),
        )
        .order_by(JointReading.id)
    )
    for reading in readings:
        told = N_("Joint reading of %(count)s texts on %(day)s; its sheets do not count.")
        line = say(told, {"count": len(reading.texts), "day": day(reading.opened_at)})
        if reading.agreed:
            line += " " + say(N_("Agreed: %(text)s"), {"text": reading.agreed})
        items.append(line)
    return section(say(N_("Figures")), listed(items))


def _gaps(sources: Sources) -> Section:
    """Every entry whose sheets were ever too far apart, and how that was settled."""
    say, decimals = sources.say, sources.scores.decimals
    ids = list(sources.codes)
    by = aliased(User)
    talks = db.session.execute(
        select(GapSettlement.entry_id, GapSettlement.note, GapSettlement.at, by.name)
        .join(by, by.id == GapSettlement.by_id)
        .where(GapSettlement.round == sources.scores.round_id, GapSettlement.entry_id.in_(ids))
        .order_by(GapSettlement.id)
    ).all()
    decisions = db.session.execute(
        select(GapDecision.entry_id, GapDecision.reason, GapDecision.at, by.name, GapDecision.total)
        .join(by, by.id == GapDecision.by_id)
        .where(GapDecision.round == sources.scores.round_id, GapDecision.entry_id.in_(ids))
        .order_by(GapDecision.id)
    ).all()
    how: dict[int, list[str]] = {}
    for entry_id, note, at, name in talks:
        told = N_("the judges talked it over, recorded by %(name)s at %(at)s: %(note)s")
        how.setdefault(entry_id, []).append(say(told, {"name": unbroken(name), "at": moment(at), "note": note}))
    for entry_id, reason, at, name, total in decisions:
        told = N_("%(name)s decided at %(at)s that the total is %(total)s: %(reason)s")
        params = {"name": unbroken(name), "at": moment(at), "total": marks(total, decimals), "reason": reason}
        how.setdefault(entry_id, []).append(say(told, params))
    rows = []
    for state in sources.scores.states:
        words = list(how.get(state.entry.id, ()))
        if any(given.kind == _THIRD and given.final for given in state.given):
            words.insert(0, say(N_("a third judge marked the entry")))
        if words:
            gap = _first_gap(state)
            rows.append([state.entry.code, marks(gap, 2), marks(gap_of(state), 2), _sentence("; ".join(words))])
    title = say(N_("Gaps between judges and how they were settled"))
    if not rows:
        return section(title, text(say(N_("None."))))
    head = [say(N_("Code")), say(N_("Gap at first")), say(N_("Gap now")), say(N_("How it was settled"))]
    return section(title, table(head, (18, 22, 20, 0), "lrrl", rows))


def _first_gap(state: EntryState) -> Any:
    """How far apart the first sheets were: those of the judges given the entry at first, before any was changed."""
    firsts = [
        next((each for each in given.revisions if not each.undone), given.revisions[-1]).total
        for given in state.given
        if given.final and given.kind != _THIRD
    ]
    return max(firsts) - min(firsts) if firsts else 0


def _sentence(words: str) -> str:
    words = words[:1].upper() + words[1:]
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def _waivers(sources: Sources) -> Section:
    say = sources.say
    rows = db.session.scalars(
        select(Waiver)
        .where(Waiver.round == sources.scores.round_id, Waiver.entry_id.in_(sources.codes), Waiver.lifted_at.is_(None))
        .order_by(Waiver.id)
    ).all()
    names = sources.names([each.by_id for each in rows] + [each.judge_id for each in rows])
    found = []
    for each in rows:
        what = say(_WAIVED.get(each.what, each.what))
        whose = f"{what}: {names[each.judge_id]}" if each.judge_id is not None else what
        found.append([sources.codes[each.entry_id], whose, names[each.by_id], each.reason])
    titles = (N_("Code"), N_("What was missing"), N_("Let pass by"), N_("Reason"))
    return _table_or_none(say(N_("What was let pass")), say, titles, (17, 48, 50, 0), found)


def _table_or_none(
    title: str, say: Say, titles: Sequence[str], widths: Sequence[int], rows: list[list[str]]
) -> Section:
    """A section with its table, or saying that there is nothing of the kind."""
    if not rows:
        return section(title, text(say(N_("None."))))
    return section(title, table([say(each) for each in titles], widths, "l" * len(titles), rows))


def _set_aside(sources: Sources) -> Section:
    say = sources.say
    rows = db.session.scalars(
        select(SetAside)
        .where(SetAside.round == sources.scores.round_id, SetAside.entry_id.in_(sources.codes))
        .order_by(SetAside.id)
    ).all()
    names = sources.names([each.by_id for each in rows])
    found = [[sources.codes[each.entry_id], names[each.by_id], each.reason] for each in rows]
    titles = (N_("Code"), N_("Set aside by"), N_("Reason"))
    return _table_or_none(say(N_("Entries set aside")), say, titles, (18, 66, 0), found)


def _result(sources: Sources) -> Section:
    say = sources.say
    rows = [
        [
            str(line.place) if line.place is not None else "–",
            line.state.entry.code,
            marks(line.state.result.total, sources.scores.decimals),
            _remark(line, say),
        ]
        for line in sources.lines
    ]
    head = [say(N_("Rank")), say(N_("Code")), say(N_("Total")), say(N_("Remark"))]
    blocks: list[Section | None] = [table(head, (16, 22, 24, 0), "clrl", rows)]
    if not sources.is_last:
        advancing = [line.state.entry.code for line in sources.lines if line.advances]
        told = N_("Advancing to the next round: %(count)s entries.")
        blocks.insert(0, text(say(told, {"count": number(len(advancing))})))
    return {**section(say(N_("Result")), *blocks), "name": RESULT}


def _remark(line: Line, say: Say) -> str:
    if line.state.set_aside is not None:
        return say(N_("Set aside"))
    return say(N_("Advances")) if line.advances else ""


def _ties(sources: Sources) -> Section | None:
    """What parted equal totals: the rule for each entry, and the council's ballots."""
    if not sources.is_last:
        return None
    say = sources.say
    told = [
        f"{line.state.entry.code}: " + " ".join(say(*words) for words in line.decided_by)
        for line in sources.lines
        if line.decided_by
    ]
    ballots = []
    for ballot in ballots_of(sources.contest, sources.scores.category):
        order = " > ".join(" = ".join(group) for group in ballot.groups)
        words = N_("Secret ballot of the council at %(at)s, %(present)s members present: %(order)s.")
        line = say(words, {"at": moment(ballot.at), "present": ballot.present, "order": order})
        ballots.append(" ".join([line, *(say(*words) for words in told_of(ballot)), ballot.note]).strip())
    title = say(N_("Ties and what parted them"))
    if not told and not ballots:
        return section(title, text(say(N_("None."))))
    return section(title, listed([*told, *ballots]))


def _prizes(sources: Sources) -> Section | None:
    if sources.prizes is None:
        return None
    say, found = sources.say, sources.prizes
    blocks: list[Section | None] = [listed(found.given) if found.given else text(say(N_("No prize is given yet.")))]
    for lead, lines in (
        (N_("Passed over:"), found.skipped),
        (N_("Withheld:"), found.withheld),
        (N_("Still to be decided:"), found.undecided),
    ):
        if lines:
            blocks += [text(say(lead)), listed(lines)]
    return section(say(N_("Prizes")), *blocks)


def _conclusions(typed: Typed, say: Say) -> Section:
    return section(say(N_("Conclusions")), text(typed.conclusions))


_SECTIONS: tuple[Callable[[Sources], Section | None], ...] = (
    _basis,
    _attendance,
    _method,
    _figures,
    _gaps,
    _waivers,
    _set_aside,
    _result,
    _ties,
    _prizes,
)

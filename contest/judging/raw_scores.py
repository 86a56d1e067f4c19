"""The raw scores of a closed round as a spreadsheet: every mark, every revision, every total, by code.

Nothing in it is a formula, and no cell names an author or a title.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from contest.core.db import db
from contest.core.errors import N_
from contest.core.formats import loc
from contest.core.workbooks import Page, make_workbook
from contest.judging.models import SheetReopening, SheetRevision
from contest.judging.papers import Line, Say, Scores, arithmetic, judges_in
from contest.judging.scoring import display

_KINDS = {"regular": N_("regular"), "third": N_("as third judge")}
_SOURCES = {"screen": N_("on screen"), "paper": N_("on a paper sheet")}
_REOPENED = {"undo": N_("taken back by the judge"), "unlock": N_("unlocked by the head of jury")}


def raw_workbook(scores: Scores, lines: Sequence[Line], say: Say) -> bytes:
    """Four sheets: marks that count, every revision, totals with their places, and what the columns mean."""
    return make_workbook(
        [_marks(scores, say), _revisions(scores, say), _totals(scores, lines, say), _explained(scores, say)]
    )


def _criteria(scores: Scores) -> list[str]:
    return [each.id for each in scores.contest.rules.rubric.criteria]


def _marks(scores: Scores, say: Say) -> Page:
    criteria = _criteria(scores)

    def rows() -> Iterator[Sequence[Any]]:
        for state in scores.states:
            for given in state.given:
                if given.final:
                    last = given.revisions[-1]
                    marks = [_mark(last.marks.get(each)) for each in criteria]
                    yield (
                        state.entry.code,
                        given.judge_name,
                        say(_KINDS[given.kind]),
                        *marks,
                        _mark(last.total),
                        last.number,
                        last.comment,
                    )

    head = [say(N_("Code")), say(N_("Judge")), say(N_("Kind")), *criteria]
    head += [say(N_("Total")), say(N_("Revision")), say(N_("Comment"))]
    return Page(say(N_("Marks")), head, [10, 28, 14, *(8 for _ in criteria), 10, 10, 60], rows())


def _mark(value: Any) -> Any:
    return "" if value is None else Decimal(value.numerator) / Decimal(value.denominator)


def _revisions(scores: Scores, say: Say) -> Page:
    criteria = _criteria(scores)
    ids = [given.sheet_id for state in scores.states for given in state.given if given.revisions]
    details = {
        row[0]: row[1:]
        for start in range(0, len(ids), 500)
        for row in db.session.execute(
            select(
                SheetRevision.id,
                SheetRevision.at,
                SheetRevision.source,
                SheetRevision.reason,
                SheetReopening.kind,
                SheetReopening.reason,
            )
            .outerjoin(
                SheetReopening,
                (SheetReopening.sheet_id == SheetRevision.sheet_id) & (SheetReopening.revision == SheetRevision.number),
            )
            .where(SheetRevision.sheet_id.in_(ids[start : start + 500]))
        )
    }

    def rows() -> Iterator[Sequence[Any]]:
        for state in scores.states:
            for given in state.given:
                for revision in given.revisions:
                    at, source, reason, reopened, why = details[revision.id]
                    counts = given.final and revision.number == given.revisions[-1].number
                    yield (
                        state.entry.code,
                        given.judge_name,
                        revision.number,
                        say(N_("yes")) if counts else say(N_("no")),
                        at,
                        say(_SOURCES[source]),
                        *(_mark(revision.marks.get(each)) for each in criteria),
                        _mark(revision.total),
                        reason or "",
                        say(_REOPENED[reopened]) if reopened else "",
                        why or "",
                    )

    head = [say(N_("Code")), say(N_("Judge")), say(N_("Revision")), say(N_("Counts")), say(N_("Final at"))]
    head += [say(N_("Source")), *criteria, say(N_("Total")), say(N_("Why it was scored again"))]
    head += [say(N_("Opened again")), say(N_("Why it was opened again"))]
    widths = [10, 28, 8, 8, 17, 12, *(8 for _ in criteria), 10, 40, 24, 40]
    return Page(say(N_("Revisions")), head, widths, rows())


def _totals(scores: Scores, lines: Sequence[Line], say: Say) -> Page:
    judges = judges_in(scores.states)

    def rows() -> Iterator[Sequence[Any]]:
        for line in lines:
            total = line.state.result.total
            yield (
                line.place if line.place is not None else "",
                line.state.entry.code,
                "" if total is None else display(total, scores.decimals),
                "" if total is None else f"{total.numerator}/{total.denominator}",
                sum(given.final for given in line.state.given),
                arithmetic(line.state, judges, say),
                " ".join(say(*words) for words in line.decided_by),
                line.state.set_aside or "",
                say(N_("yes")) if line.advances else "",
            )

    head = [say(N_("Rank")), say(N_("Code")), say(N_("Total")), say(N_("Exact total")), say(N_("Sheets"))]
    head += [say(N_("How it was computed")), say(N_("What parted equal totals")), say(N_("Set aside because"))]
    head.append(say(N_("Advances")))
    return Page(say(N_("Totals")), head, [8, 10, 10, 16, 8, 70, 60, 40, 10], rows())


def _explained(scores: Scores, say: Say) -> Page:
    rules, version = scores.contest.rules, scores.contest.current_version
    rows: list[Sequence[Any]] = [
        (say(N_("Contest")), loc(rules.title)),
        (say(N_("Round")), loc(rules.round(scores.round_id).name)),
        (say(N_("Category")), f"{scores.category} – {loc(rules.category(scores.category).name)}"),
        (say(N_("Rules")), f"{version.number}: {version.sha256}" if version else ""),
        *((each.id, f"{loc(each.name)} (0–{each.max})") for each in rules.rubric.criteria),
        (say(N_("Marks")), say(N_("One line for each final sheet: the revision that counts."))),
        (say(N_("Revisions")), say(N_("Everything that was ever final. What no longer counts is kept."))),
        (say(N_("Exact total")), say(N_("The total as a fraction; places go by it, not by the rounded one."))),
    ]
    if scores.left_out:
        told = N_("Left out because of a conflict of interest: %(count)s entries.")
        rows.append((say(N_("Left out")), say(told, {"count": scores.left_out})))
    return Page(say(N_("Explanation")), [say(N_("What")), say(N_("Meaning"))], [20, 100], rows)

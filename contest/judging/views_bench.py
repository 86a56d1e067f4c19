"""The judge's bench: the queue, finishing several sheets at once, stepping back.

Everything shown comes from the judge's own assignments (queries.queue). A sheet beside its text is in
`views_sheet`, notes on the text in `views_notes`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from contest.contests.labels import GENRES
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.web import needs, say
from contest.core.web.errors import say_message
from contest.core.web.files import send_stored
from contest.entries.blind import blind_photo_key
from contest.judging import services
from contest.judging.forms import whole_number
from contest.judging.joint import agreed_notes
from contest.judging.own_measure import distribution, pace
from contest.judging.queries import Task, get_own_assignment, queue, rounds_of
from contest.judging.reopening import undo_until
from contest.judging.rules import marking_is_open
from contest.judging.sheets import BadMarks
from contest.judging.terms import accepted
from contest.judging.views import bp, me, my_roles

SHOW = ("all", "todo", "open", "ready", "skipped", "final")
# How many sheets are made final by one press: each is a transaction of its own.
MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Desk:
    """A judge's queue in one round, with what is counted on it.

    `tasks`: those whose text may be opened. `undeclared`: those that first need the judge's word.
    """

    contest: Contest
    round_id: str
    rounds: tuple[str, ...]
    tasks: tuple[Task, ...]
    undeclared: tuple[Task, ...]
    now: datetime

    @property
    def given(self) -> int:
        """How many entries the judge has in this round."""
        return len(self.tasks) + len(self.undeclared)

    def shown(self, what: str) -> list[Task]:
        """The tasks of one of the lists of SHOW."""
        return [task for task in self.tasks if what in self.lists_of(task)]

    def lists_of(self, task: Task) -> tuple[str, ...]:
        """The lists that a task is on."""
        lists = ["all", task.state]
        if task.skipped and task.state != "final":
            lists.append("skipped")
        if self.is_ready(task):
            lists.append("ready")
        return tuple(lists)

    def is_ready(self, task: Task) -> bool:
        """Whether every criterion is marked and only the finishing is missing."""
        return task.state == "open" and task.marked == len(self.contest.rules.rubric.criteria)

    @property
    def counts(self) -> dict[str, int]:
        """How many tasks each list has."""
        found = Counter(each for task in self.tasks for each in self.lists_of(task))
        return {each: found[each] for each in SHOW}

    @property
    def first_unfinished(self) -> Task | None:
        """What to go on with: a sheet already begun before one that is not, what was put off last."""
        unfinished = [task for task in self.tasks if task.state != "final"]
        return min(unfinished, key=lambda task: (task.skipped, task.state != "open"), default=None)

    @property
    def recent(self) -> Task | None:
        """The sheet made final last, while that can be taken back."""
        rules = self.contest.rules
        if not marking_is_open(rules, self.round_id, self.now):
            return None
        latest = max(
            (task for task in self.tasks if task.state == "final" and task.final_at),
            key=lambda task: task.final_at or self.now,
            default=None,
        )
        return latest if latest and self.now < self.undo_until(latest) else None

    def undo_until(self, task: Task) -> datetime:
        """From when on the finishing of a sheet stands."""
        return undo_until(self.contest.rules, self.round_id, task.final_at or self.now)

    def seconds_left(self, task: Task) -> int:
        """How long the finishing of a sheet can still be taken back, by the server's clock."""
        return max(0, int((self.undo_until(task) - self.now).total_seconds()))

    def neighbours(self, public_id: str) -> tuple[Task | None, Task | None]:
        """The tasks before and after one, in the judge's order."""
        ids = [task.public_id for task in self.tasks]
        at = ids.index(public_id) if public_id in ids else -1
        before = self.tasks[at - 1] if at > 0 else None
        after = self.tasks[at + 1] if 0 <= at < len(ids) - 1 else None
        return before, after

    def next_unfinished(self, public_id: str) -> Task | None:
        """The next sheet that is not final, going round at the end; what was put off comes last."""
        ids = [task.public_id for task in self.tasks]
        at = ids.index(public_id) + 1 if public_id in ids else 0
        circle = [task for task in (*self.tasks[at:], *self.tasks[:at]) if task.public_id != public_id]
        unfinished = [task for task in circle if task.state != "final"]
        return min(unfinished, key=lambda task: task.skipped, default=None)


def desk_of(contest: Contest, round_id: str | None = None, *, alone: bool = False) -> Desk:
    """The queue of whoever asks; of the round that is marked now unless another is asked for.

    `alone`: for a page that shows no other rounds, of a round in which the judge is known to have entries.
    """
    rounds = [round_id] if alone and round_id else rounds_of(contest, me().id, g.now)
    if round_id is None:
        running = [each for each in rounds if marking_is_open(contest.rules, each, g.now)]
        round_id = (running or rounds or [contest.rules.rounds[0].id])[-1]
    elif round_id not in rounds:
        raise NotFound(round_id)
    tasks = queue(contest, round_id, me().id, g.now)
    return Desk(
        contest,
        round_id,
        tuple(rounds),
        tuple(task for task in tasks if task.declared),
        tuple(task for task in tasks if not task.declared),
        g.now,
    )


def _page(contest: Contest, refused: list[tuple[Task | None, str]] | None = None, code: int = 200) -> tuple[str, int]:
    desk = desk_of(contest, request.args.get("round"))
    show = request.args.get("show", "all")
    if show not in SHOW:
        raise NotFound(show)
    rules = contest.rules
    finals = [task for task in desk.tasks if task.state == "final"]
    window = rules.window(desk.round_id)
    page = render_template(
        "judging/bench.html",
        contest=contest,
        rules=rules,
        chair=CHAIR in my_roles(contest),
        genres=GENRES,
        desk=desk,
        round=rules.round(desk.round_id),
        window=window,
        is_open=marking_is_open(rules, desk.round_id, g.now),
        show=show,
        tasks=desk.shown(show),
        distribution=distribution([task.total for task in finals if task.total is not None], rules.rubric.scale),
        pace=pace([task.final_at for task in finals if task.final_at], desk.given - len(finals), window, g.now),
        refused=refused or [],
        agreed=agreed_notes(contest, desk.round_id, {task.category for task in desk.tasks}),
    )
    return page, code


@bp.get("/cham/<slug>")
@needs("judge")
def bench(slug: str) -> Any:
    contest = get_contest(slug)
    if rounds_of(contest, me().id, g.now) and not accepted(contest, me().id):
        return redirect(url_for("judging.terms", slug=slug))
    return _page(contest)


@bp.route("/cham/<slug>/chot", methods=["GET", "POST"])
@needs("judge")
def finalise_many(slug: str) -> Any:
    """Make the chosen sheets final as they are saved, each on its own; those refused are named."""
    contest = get_contest(slug)
    here: dict[str, Any] = {name: request.args[name] for name in ("round", "show") if name in request.args}
    if request.method == "GET":
        return redirect(url_for("judging.bench", slug=slug, **here))
    tasks = {task.public_id: task for task in desk_of(contest, here.get("round")).tasks}
    chosen = list(dict.fromkeys(request.form.getlist("sheet")))
    refused: list[tuple[Task | None, str]] = []
    done = 0
    if len(chosen) > MOST_AT_ONCE:
        refused.append((None, _("At most %(most)s sheets are made final at once.", most=MOST_AT_ONCE)))
        chosen = []
    elif not chosen:
        refused.append((None, _("Choose at least one sheet.")))
    for each in chosen:
        public_id, _dash, version = each.partition(":")
        try:
            with writing() as now:
                contest = get_contest(slug)
                services.finalise_saved(
                    assignment=get_own_assignment(contest, public_id, me().id, now),
                    version=whole_number(version),
                    actor=me(),
                    now=now,
                )
        except NotFound:
            if public_id in tasks:
                refused.append((tasks[public_id], _("It is not among your entries any more.")))
        except BadMarks as error:
            message, params = error.problems[0]
            refused.append((tasks.get(public_id), say_message(message, params)))
        except Refused as error:
            refused.append((tasks.get(public_id), say(error)))
        else:
            done += 1
    if done:
        flash(ngettext("%(num)s sheet is final.", "%(num)s sheets are final.", done), "ok")
    contest = get_contest(slug)
    if refused:
        return _page(contest, refused, 422)
    return redirect(url_for("judging.bench", slug=slug, **here), 303)


@bp.get("/cham/<slug>/bai/<public_id>/anh/<photo_id>/<any(lon, vua, nho):size>")
@needs("judge")
def photo(slug: str, public_id: str, photo_id: str, size: str) -> FlaskResponse:
    """A photo of an entry that one judges, without a name and without a date."""
    contest = get_contest(slug)
    assignment = get_own_assignment(contest, public_id, me().id, g.now)
    key = blind_photo_key(assignment.entry_id, photo_id, small=size == "nho", middle=size == "vua")
    # Its tag is of this assignment alone: the one on the public page says whose it is.
    response = send_stored(key, tag=f"{assignment.public_id}:")
    # When the file was written is when its author sent it; what it is called is nobody's business.
    for name in ("Last-Modified", "Content-Disposition"):
        response.headers.pop(name, None)
    return response

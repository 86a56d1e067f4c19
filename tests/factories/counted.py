"""A vote from its first ballot to its closed log, with everything that can happen to a ballot on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.models import Entry
from contest.voting import closing
from contest.voting.counting import agree
from contest.voting.models_review import PaperBatch
from contest.voting.paper_accept import _write  # the rows of slips, without the three people who key them
from contest.voting.queries import on_the_ballot
from contest.voting.services import Cast
from tests.factories.results import World, judge_finalists, make_world
from tests.factories.voting import (
    close_log,
    let_fall_out,
    make_voter,
    seal_log,
    set_aside,
    start_log,
    vote,
    voting_window,
)


@dataclass
class Counted(World):
    """The world of results with who voted and what they cast."""

    voters: list[int] = field(default_factory=list)
    casts: list[Cast] = field(default_factory=list)


def make_counted(more: int = 0) -> Counted:
    """A vote with changes, paper, a finalist who fell out, and ballots set aside before and after the close."""
    world = make_world(0)
    judge_finalists(world, {"Đồi cằn trổ hoa": 90, "Con kinh sạch": 85, "Bến đò đêm": 80, "Lớp học": 60})
    contest, entries = world.contest, list(world.entries.values())
    start_log(contest)
    voters = [make_voter(contest) for _ in range(24)]
    casts = [vote(contest, [entries[2]], voter) for voter in voters[:12]]
    casts += [vote(contest, entries[:2], voter) for voter in voters[12:20]]
    seal_log(contest)
    for _ in range(more):
        vote(contest, [entries[2]])
    casts += [vote(contest, [entries[3]], voter) for voter in voters[20:]]
    casts[0] = vote(contest, [entries[0]], voters[0])  # changed
    _accept_paper(contest, world, [[entries[2]], [entries[1], entries[2]]])
    set_aside(contest, casts[1:3])
    set_aside(contest, casts[2:3], kind="admit", reason="mistake")
    let_fall_out(entries[3])  # the last four choose nobody any more
    assert closing.reconcile(contest=contest, now=voting_window(contest)[1]) == 1
    db.session.commit()
    close_log(contest)
    set_aside(contest, casts[4:5], reason="duplicate_identity")
    seal_log(contest)
    assert agree(contest)
    return Counted(world.contest, world.first, world.second, world.chair, world.entries, voters=voters, casts=casts)


def _accept_paper(contest: Contest, world: World, slips: Sequence[Sequence[Entry]]) -> None:
    batch = PaperBatch(
        contest_id=contest.id,
        place="Hội trường",
        held_on=voting_window(contest)[0].date(),
        slips=len(slips),
        made_by=world.first.id,
        made_at=voting_window(contest)[0],
    )
    db.session.add(batch)
    db.session.flush()
    ids = {
        row.public_id: row
        for row in db.session.execute(
            on_the_ballot(contest.id, contest.rules.voting.categories).with_only_columns(
                Entry.public_id, Entry.id, Entry.category
            )
        )
    }
    now = voting_window(contest)[1]
    _write(contest, batch, [[each.public_id for each in slip] for slip in slips], ids, now)
    db.session.commit()

"""Around the readers' vote: its log, ballots on paper, a program that votes, what two people do about it, the close."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.core.web.keys import log_signer
from contest.demo import stories
from contest.demo.acts_voting import Reader, cast
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND
from contest.results.queries import find_standing
from contest.voting import detection, paper, review, sealing
from contest.voting.closing import close_log
from contest.voting.counting import count_patterns
from contest.voting.log import find_log
from contest.voting.models_review import Finding, PaperBatch, Setting
from contest.voting.paper_accept import accept
from contest.voting.queries import on_the_ballot
from contest.voting.review_lists import Part, waiting_settings

# A program that reads codes out of its telephones votes at night, for one story.
MACHINE = 9
_MACHINE_AT = "2027-05-19 02:10"
_FIRST_NUMBER = 700
# What is on the slips of two boxes: numbers of stories by how many readers chose them, "x" for a spoilt slip.
BOXES = (
    ("Thư viện tỉnh An Lam", "2027-05-15", ("0", "0 1", "x", "1", "0 2", "2", "0", "1 2", "0 1 2", "0", "1", "0 3")),
    ("Nhà văn hóa thôn Đồi, xã Đá Bạc", "2027-05-18", ("0", "1 0", "2", "x", "0 1", "3", "0 2", "0")),
)
SLIPS_COUNTED = sum(slip != "x" for _place, _day, slips in BOXES for slip in slips)
# Where the second person reads the second box otherwise: the third slip.
_MISREAD = {3: "1"}


def seal(contest: Contest, now: datetime) -> None:
    """What waits gets its place in the log."""
    signer = log_signer(contest.slug, contest.public_id)
    sealing.seal(contest_id=contest.id, signer=signer, now=now, force=True)


def machine(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """A program votes: codes typed within two seconds, one device, one voter after another."""
    contest = stage.contest(contest_id)
    story = _by_votes(stage, contest)[-1]
    done = 0
    for number in range(MACHINE):
        reader = Reader(_FIRST_NUMBER + number, now + timedelta(seconds=15 * number), ())
        done += stage.attempt(
            cast, stage=stage, contest=contest, reader=reader, picks=[story], before=[], device="máy", seconds=2
        ).done
    seal(contest, now + timedelta(minutes=5))
    return done


def _by_votes(stage: Stage, contest: Contest) -> list[str]:
    """Public ids of the entries on the ballot, the story first that most readers of the script choose."""
    found = []
    for entry in db.session.scalars(on_the_ballot(contest.id, contest.rules.voting.categories)):
        story = stage.story_of(entry.id)
        found.append((-(story.votes or 0) if story else 1, entry.public_id))
    return [public_id for _votes, public_id in sorted(found)]


# Paper


def record_box(stage: Stage, now: datetime, *, contest_id: str, box: int) -> int:
    """The secretary puts a box on record and keys it in; so does an organiser, who misreads a slip of the second."""
    contest, secretary, other = stage.contest(contest_id), stage.person("van"), stage.person("diep")
    place, day, slips = BOXES[box]
    if _box(contest, box) is not None:
        return 0
    made = stage.attempt(
        paper.make_batch,
        contest=contest,
        place=place,
        unit=None,
        held_on=datetime.fromisoformat(day).date(),
        slips=len(slips),
        actor=secretary,
        now=now,
    )
    if not made.done:
        return 0
    codes = _codes(stage, contest)
    for person in (secretary, other):
        wrong = _MISREAD if box and person is other else {}
        typed = {number: wrong.get(number, slip).translate(codes) for number, slip in enumerate(slips, start=1)}
        for verb, more in ((paper.begin, {}), (paper.key_in, {"typed": typed}), (paper.finish, {})):
            stage.attempt(verb, batch=made.value, actor=person, now=now, **more)
    return len(slips)


def _codes(stage: Stage, contest: Contest) -> dict[int, str]:
    """The code of a story for its place by votes, as str.translate takes it."""
    codes = {each.public_id: each.code for each in paper.candidates(contest)}
    return {ord(str(place)): codes[entry] for place, entry in enumerate(_by_votes(stage, contest)[:4])}


def _box(contest: Contest, box: int) -> PaperBatch | None:
    return db.session.scalar(
        select(PaperBatch).where(PaperBatch.contest_id == contest.id, PaperBatch.place == BOXES[box][0])
    )


def take_in(stage: Stage, now: datetime, *, contest_id: str, box: int) -> int:
    """Who misread a slip looks at it again; the other organiser takes the box in."""
    contest, batch = stage.contest(contest_id), _box(stage.contest(contest_id), box)
    if batch is None or batch.state not in (paper.DIFFERS, paper.AGREED):
        return 0
    if batch.state == paper.DIFFERS:
        codes = _codes(stage, contest)
        typed = {number: BOXES[box][2][number - 1].translate(codes) for number in _MISREAD}
        stage.attempt(paper.read_again, batch=batch, typed=typed, actor=stage.person("diep"), now=now)
    taken = stage.attempt(accept, batch=batch, actor=stage.person("son"), now=now)
    seal(contest, now)
    return int(taken.value.ballots) if taken.done else 0


# Review


def look_through(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The ballots so far are looked through; what is found waits for people."""
    contest = stage.contest(contest_id)
    if _found(contest):
        return 0
    detection.look(contest, now)
    return len(_found(contest))


def _found(contest: Contest) -> list[Finding]:
    query = select(Finding).where(Finding.contest_id == contest.id).order_by(Finding.id)
    return list(db.session.scalars(query))


def propose(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The secretary proposes to set aside what the program cast."""
    contest = stage.contest(contest_id)
    if db.session.scalar(select(Setting.id).where(Setting.contest_id == contest.id).limit(1)) is not None:
        return 0
    finding = next((each for each in _found(contest) if each.kind == "fast_code" and each.state == "open"), None)
    if finding is None:
        return 0
    words = "Mã xác thực được nhập sau 2 giây, trên một thiết bị, các số nối nhau giữa đêm."
    proposed = stage.attempt(
        review.propose,
        contest=contest,
        finding=finding,
        part=Part(),
        reason="automated",
        words=words,
        actor=stage.person("van"),
        now=now,
        is_counted=_is_counted,
    )
    return int(proposed.value.ballots) if proposed.done else 0


def decide(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """An organiser looks at the same and decides."""
    contest = stage.contest(contest_id)
    setting = db.session.scalar(
        select(Setting)
        .where(Setting.contest_id == contest.id, Setting.state == "proposed")
        .order_by(Setting.id)
        .limit(1)
    )
    if setting is None:
        return 0
    decided = stage.attempt(
        review.decide,
        contest=contest,
        setting=setting,
        yes=True,
        words="Đã xem lại từng phiếu; đồng ý loại vì nhập mã tự động.",
        actor=stage.person("son"),
        now=now,
        is_counted=_is_counted,
    )
    seal(contest, now)
    return int(decided.value.changed or 0) if decided.done else 0


def settle(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """What else was found has an explanation; somebody looked, and says so. What waits for a second person waits."""
    contest = stage.contest(contest_id)
    waiting = {each.finding_id for each in waiting_settings(contest.id)}
    return sum(
        stage.attempt(
            review.dismiss,
            contest=contest,
            finding=each,
            words=stories.reason("finding_explained"),
            actor=stage.person("van"),
            now=now,
        ).done
        for each in _found(contest)
        if each.state == "open" and each.id not in waiting
    )


def _is_counted(contest_id: int) -> bool:
    return find_standing(contest_id) is not None


# The close


def close(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The log is closed and its ballots are grouped, as the background work does it where it runs."""
    contest = stage.contest(contest_id)
    log = find_log(contest.id)
    if log is None or log.closed_at is not None:
        return 0
    seal(contest, now)
    if not close_log(contest=contest, now=now):
        return 0
    seal(contest, now)
    count_patterns(contest.id)
    return 1


def acts() -> list[Act]:
    """In the first contest all of it; in the second its log is closed."""
    found = [
        Act(
            at(_MACHINE_AT),
            N_("%(count)s ballots came at night, one like the other."),
            partial(machine, contest_id=FIRST),
            FIRST,
        ),
        Act(
            at("2027-05-19 08:00"),
            N_("%(count)s findings about ballots wait for people."),
            partial(look_through, contest_id=FIRST),
            FIRST,
        ),
        Act(
            at("2027-05-25 09:30"),
            N_("It was proposed to set aside %(count)s ballots."),
            partial(propose, contest_id=FIRST),
            FIRST,
        ),
        Act(
            at("2027-05-25 14:00"),
            N_("A second person set aside %(count)s ballots."),
            partial(decide, contest_id=FIRST),
            FIRST,
        ),
    ]
    for box, (keyed, taken) in enumerate(
        (("2027-05-16 09:00", "2027-05-16 15:00"), ("2027-05-19 16:00", "2027-05-21 09:00"))
    ):
        found += [
            Act(
                at(keyed),
                N_("%(count)s slips of paper were keyed in twice."),
                partial(record_box, contest_id=FIRST, box=box),
                FIRST,
            ),
            Act(
                at(taken),
                N_("%(count)s ballots on paper were taken in."),
                partial(take_in, contest_id=FIRST, box=box),
                FIRST,
            ),
        ]
    found += [
        Act(at(when), N_("%(count)s findings about ballots were explained."), partial(settle, contest_id=each), each)
        for each, when in ((FIRST, "2027-05-28 09:00"), (SECOND, "2027-09-27 16:00"))
    ]
    for contest_id in (FIRST, SECOND):
        window = stories.rule_sets()[contest_id].window("voting")
        assert window is not None
        found.append(
            Act(
                window.closes + timedelta(minutes=2),
                N_("The log of the vote was closed."),
                partial(close, contest_id=contest_id),
                contest_id,
            )
        )
    return found

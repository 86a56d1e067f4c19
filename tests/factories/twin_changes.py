"""What differs between the two worlds of `twins`: each function is given the first one and makes the other of it.

They differ in winners, scores, counts and what was written about them for the instant; in nothing that anybody
may know before it.
"""

from __future__ import annotations

from sqlalchemy import delete, select, update

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.entries.models import Entry
from contest.judging.models import SheetRevision
from contest.outbox.models import Message
from contest.papers.models import Certificate
from contest.results.models import Award, PrizeWithheld, ResultSet
from contest.results.models_after import Amendment, DecisionScan, Mailing, NewsPost, UnitAward
from contest.voting.models import Ballot, Choice
from tests.factories.twins import AMENDED_AFTER, LATER_SCAN, WAITING, Twins

_WAITS, _TO_WINNERS = NewsPost.public_id == WAITING, Mailing.audience == "winners"


def other_winners(twins: Twins) -> None:
    """Other entries and another unit, other scores, votes, reasons and figures; as many prizes as before."""
    _contest, first, second, third, results = twins.here
    db.session.execute(delete(Award).where(Award.result_set_id == results))
    found = db.session.get_one(ResultSet, results)
    for at, (prize, entry) in enumerate(zip(twins.prizes, (second, third), strict=False), start=1):
        award = Award(position=at, prize_id=prize.id, entry_id=entry, place=at, score="99/1", votes=7, amount_vnd=1)
        award.why, award.citation, award.result_set_id = [], "Lời bình khác hẳn.", results
        db.session.add(award)
    tally = {"cast": 6, "valid": 6, "void": 0, "set_aside": {}, "votes": [[second, 4], [third, 2], [first, 0]]}
    found.report = {**found.report, "left": 5, "rankings": {}, "tally": tally}
    told = {"vi": "Giải Nhất: một bài khác hẳn.", "en": "First prize: quite another story."}
    db.session.execute(update(NewsPost).where(_WAITS).values(title=told, body=told))
    db.session.execute(update(Mailing).where(_TO_WINNERS).values(subject=told, body=told))
    acts = AuditRow.verb == "results.withhold_prize"
    db.session.execute(update(AuditRow).where(acts).values(verb="results.enter_decision"))
    for scan in db.session.scalars(select(DecisionScan).where(DecisionScan.contest_id == _contest)):
        scan.name, scan.sha256 = "quyet-dinh-khac.pdf", "1" * 64
    given = db.session.scalars(select(UnitAward).where(UnitAward.result_set_id == results)).one()
    given.unit_id, given.citation = twins.units[1].id, "Đơn vị khác."
    for made in db.session.scalars(select(Certificate).where(Certificate.contest_id == _contest)):
        made.words = {**made.words, "name": "Người Khác Hẳn"}
        made.subject = made.subject.replace(f":{first}", f":{second}")
    addresses = {entry.id: entry.author.email for entry in db.session.scalars(select(Entry))}
    for letter, entry in zip(_letters_of(), (second, third), strict=True):
        letter.address = addresses[entry]


def _letters_of() -> list[Message]:
    return list(db.session.scalars(select(Message).where(Message.template == "results_award").order_by(Message.id)))


def no_results(twins: Twins) -> None:
    """Nothing was worked out, decided or approved. Certificates stay: nobody knows their codes."""
    results = twins.here[4]
    for model in (Award, UnitAward):
        db.session.execute(delete(model).where(model.result_set_id == results))
    db.session.execute(delete(Message).where(Message.template == "results_award"))
    for model, written in ((NewsPost, _WAITS), (Mailing, _TO_WINNERS)):
        db.session.execute(delete(model).where(written))
    db.session.execute(delete(ResultSet).where(ResultSet.id == results))


def pending_amendments(twins: Twins) -> None:
    """Announced results are to change a day later: a prize is taken back and the next two move up, a unit's
    prize is taken back, a citation is corrected."""
    contest, _first, second, third, results = twins.here
    awards = db.session.scalars(select(Award).where(Award.result_set_id == results).order_by(Award.position)).all()
    given = db.session.scalars(select(UnitAward).where(UnitAward.result_set_id == results)).one()
    people = {"proposed_by_id": twins.staff_ids[0], "second_approver_id": twins.staff_ids[1]}
    at = twins.at + AMENDED_AFTER
    shared = {
        "contest_id": contest,
        "result_set_id": results,
        "follow": "cascade",
        "reason": "Bài đã đăng từ trước.",
        "decision_number": "1500/QĐ-UBND",
        "decision_date": at.date(),
        "decision_signer": "Lê Thị Hòa An",
        "proposed_at": twins.at,
        "second_approved_at": twins.at,
        "visible_from": at,
        **people,
    }
    moves = [(second, twins.prizes[0].id), (third, twins.prizes[1].id)]
    comes = [{"entry": entry, "prize": prize} for entry, prize in moves]
    taken = Amendment(**shared, kind="revoke", award_id=awards[0].id, moves={"comes": comes, "ends": [awards[1].id]})
    unit = Amendment(**shared, kind="revoke", unit_award_id=given.id, moves={"comes": [], "ends": []})
    words = {"field": "citation", "before": "", "after": "Lời bình đã sửa."}
    fixed = Amendment(**shared, kind="correct", award_id=awards[1].id, moves=words)
    unit_words = Amendment(**shared, kind="correct", unit_award_id=given.id, moves=words)
    db.session.add_all([taken, unit, fixed, unit_words])
    db.session.flush()
    awards[0].until_amendment_id = awards[1].until_amendment_id = taken.id
    given.until_amendment_id = unit.id
    for place, (entry, prize) in enumerate(moves, start=1):
        up = {"position": place, "prize_id": prize, "entry_id": entry, "place": place, "score": "80/1"}
        db.session.add(Award(result_set_id=results, amount_vnd=0, why=[], since_amendment_id=taken.id, **up))
    scan = db.session.scalars(select(DecisionScan).where(DecisionScan.contest_id == contest)).first()
    assert scan is not None
    db.session.add(
        DecisionScan(
            contest_id=contest,
            amendment_id=taken.id,
            public_id=LATER_SCAN,
            storage_key=scan.storage_key,
            name="quyet-dinh-thu-hoi.pdf",
            size=8,
            sha256="2" * 64,
            by_id=scan.by_id,
            at=twins.at,
        )
    )


def other_scores(_twins: Twins) -> None:
    """Every sheet has another total."""
    for revision in db.session.scalars(select(SheetRevision)):
        revision.total = 100 - revision.total


def other_counts(twins: Twins) -> None:
    """Each ballot chooses the next entry; there are as many."""
    following = dict(zip(twins.here[1:4], (*twins.here[2:4], twins.here[1]), strict=True))
    cast = select(Ballot.id).where(Ballot.contest_id == twins.here[0])
    for choice in db.session.scalars(select(Choice).where(Choice.ballot_id.in_(cast))):
        choice.entry_id = following.get(choice.entry_id, choice.entry_id)


def withheld_too(twins: Twins) -> None:
    """Other winners, and the council withholds a prize."""
    other_winners(twins)
    held = {"prize_id": twins.spare, "reason": "Không bài nào đạt.", "by_id": twins.staff_ids[0], "at": twins.at}
    db.session.add(PrizeWithheld(contest_id=twins.here[0], **held))


def all_of_it(twins: Twins) -> None:
    """Winners, scores and counts at once."""
    other_scores(twins)
    other_counts(twins)
    withheld_too(twins)


def other_posted(twins: Twins) -> None:
    """The other contest's provisional results name another entry."""
    one, other, results = twins.there
    award = db.session.scalars(select(Award).where(Award.result_set_id == results, Award.entry_id == one)).one()
    award.entry_id, award.score = other, "99/1"


def no_posted(twins: Twins) -> None:
    """The other contest has not worked out anything."""
    for model, column in ((Award, Award.result_set_id), (ResultSet, ResultSet.id)):
        db.session.execute(delete(model).where(column == twins.there[2]))


def undecided(twins: Twins) -> None:
    """The other contest's results are posted, and nobody has entered a decision or approved."""
    found = db.session.get_one(ResultSet, twins.there[2])
    found.decision_number = found.decision_date = found.decision_signer = found.decision_title = None
    found.visible_from = found.first_approver_id = found.first_approved_at = None
    found.second_approver_id = found.second_approved_at = None

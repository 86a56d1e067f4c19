"""A little of everything: two contests with people in each role, for tests that walk over all pages.

Whatever stands in the first contest (`here`) has its like in the second one (`there`), which
belongs to other people: what somebody must not see is always at hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any

from flask import Flask, current_app
from PIL import Image
from sqlalchemy import select

from contest.accounts.models import SiteRole, User
from contest.accounts.rules import TERMS_VERSION
from contest.complaints.models import Complaint
from contest.complaints.queries import files_of
from contest.complaints.services import Told, receive
from contest.contests.invitations import invite
from contest.contests.models import Contest, RoleGrant
from contest.core import clock
from contest.core.db import db, new_code
from contest.entries.models import Attachment, Entry, LatePass, Photo
from contest.exemplars.models import Verification, VerificationDocument
from contest.exemplars.papers import attach_paper, make_paper
from contest.intake.models import Bundle, BundleLine
from contest.judging.models import Assignment, JointReading, JointSheet, JointText, MarginNote
from contest.judging.models_council import CouncilAttendance, CouncilMeeting, CouncilQuestion, Minutes, MinutesScan
from contest.outbox.models import Message
from contest.papers.models import Certificate, PaperJob
from contest.privacy.models import DataRequest
from contest.results.models import Award, ResultSet
from contest.results.models_after import DecisionScan, Mailing, NewsPost
from contest.screening.models import Checked, Finding, NearCopy, ReasonTemplate, SavedView
from contest.screening.rules import CHECKS
from contest.screening.services import save_view, write_template
from contest.setup.models import RuleDraft
from contest.setup.services import origin_of, start_draft
from contest.units.models import Unit
from contest.voting.models_review import Finding as VoteFinding
from contest.voting.models_review import PaperBatch, Setting
from tests.conftest import START
from tests.factories import entries as entry_factory
from tests.factories import intake as intake_factory
from tests.factories import judging as judging_factory
from tests.factories import make_contest, make_officer, make_staff, make_unit, make_user
from tests.factories import voting as voting_factory

# What stands in an address for something that does not exist, in the shape of what does.
UNKNOWN = "zzzzzzzzzzzzzz"
UNKNOWN_CODE = "ZZZZ"
CONTEST_STAFF = ("organiser", "secretary", "judge", "chair", "press", "observer")


@dataclass(frozen=True)
class Side:
    """One contest and what belongs to it."""

    contest: Contest
    unit: Unit
    writer: User
    draft: Entry
    sent: Entry  # submitted, waiting for the secretariat
    finalist: Entry  # by the same writer as the rest
    judged: Entry
    assignment: Assignment
    question: Verification
    paper: VerificationDocument  # attached to the question
    staff: dict[str, User]
    officer: User
    invitation: str  # public id
    token: str
    grant: RoleGrant  # of a second judge, which can be ended
    scanned: Entry  # typed from paper by the unit's officer, with a scan
    scan: str  # public id of that scan
    offered: User  # an assisted account of which the writer has to say whether it is theirs
    bundle: str  # public id of one that the unit's officer sent and that has been read
    press: Entry  # a draft of a work that the press has published, where the contest takes such
    request: str  # public id of the writer's open request about personal data
    photos: dict[str, Photo] = field(default_factory=dict)  # draft, sent, finalist, judged

    def results(self) -> ResultSet | None:
        return db.session.scalar(
            select(ResultSet).where(ResultSet.contest_id == self.contest.id, ResultSet.superseded_at.is_(None))
        )


@dataclass(frozen=True)
class World:
    """The two sides, and people who belong to neither."""

    here: Side
    there: Side
    stranger: User
    operator: User

    def person(self, role: str) -> User | None:
        """Who plays `role`: None is the anonymous visitor; a role with a dash stands `there`."""
        if role == "anonymous":
            return None
        if role in {"stranger", "operator"}:
            person: User = getattr(self, role)
            return person
        name, _, place = role.partition("-")
        side = self.there if place == "there" else self.here
        return side.staff.get(name) or getattr(side, name)


def make_world() -> World:
    """Two contests as they stand when everything in them has happened that may happen."""
    operator = make_user(**_AGREED)
    role = db.session.scalar(select(SiteRole).where(SiteRole.name == "operator"))
    operator.roles.append(role or SiteRole(name="operator"))
    world = World(here=_side(0), there=_side(1), stranger=make_user(**_AGREED), operator=operator)
    db.session.commit()
    for side in (world.here, world.there):
        voting_factory.start_log(side.contest)
        voting_factory.seal_log(side.contest)
    return world


_AGREED: dict[str, Any] = {"terms_version": TERMS_VERSION, "terms_accepted_at": START}


def _side(index: int) -> Side:
    contest = make_contest(index)
    window = contest.rules.window("submission")
    assert window is not None
    now = max(START, window.opens + timedelta(days=1))
    category = contest.rules.voting.categories[0]
    unit = make_unit()
    writer = make_user(**_AGREED)
    staff = {role: make_staff(contest, role, make_user(**_AGREED)) for role in CONTEST_STAFF}
    second = make_staff(contest, "judge")
    officer = make_officer(unit, make_user(**_AGREED))

    make = {"category": category, "now": now, "unit": unit}
    draft = entry_factory.make_draft(contest, writer, **make)
    sent = entry_factory.make_submitted(contest, make_user(**_AGREED), **make)
    finalist = entry_factory.make_finalist(contest, writer, **make)
    judged = judging_factory.make_finalist(contest, category, now=now, exemplar_unit=unit)
    taken = [each.id for each in contest.rules.categories if each.publication == "must_be_published"]
    press = entry_factory.make_draft(contest, writer, photos=0, **{**make, "category": taken[0]}) if taken else draft
    for each in dict.fromkeys((press, sent)):
        _give_proof(each, now)
    db.session.add(
        LatePass(
            contest_id=contest.id,
            user_id=make_user(**_AGREED).id,
            until=window.closes + timedelta(days=1),
            reason="Mất mạng.",
            granted_at=now,
            granted_by_id=staff["secretary"].id,
        )
    )
    photos = {"draft": draft, "sent": sent, "finalist": finalist, "judged": judged}
    question = Verification(
        contest_id=contest.id,
        exemplar_id=sent.exemplar_id,
        unit_id=unit.id,
        requested_at=now,
        due_on=(now + timedelta(days=10)).date(),
        title=sent.title,
        story=sent.body,
    )
    db.session.add(question)
    db.session.flush()
    paper = attach_paper(
        verification=question,
        paper=make_paper(b"%PDF-1.7 giay xac nhan %%EOF", "giay-xac-nhan.pdf"),
        files=current_app.extensions["files"],
        actor=officer,
        now=now,
    )
    judge = staff["judge"]
    judging_factory.seat_judge(
        contest=contest, round_id="prelim", category=category, judge=judge, actor=None, now=contest.created_at
    )
    assignment = judging_factory.give(judged, judge)
    db.session.add(MarginNote(assignment_id=assignment.id, block=0, text="Hỏi lại số liệu.", at=now))
    invitation = invite(
        actor=staff["organiser"],
        name="Người Được Mời",
        email=f"moi{index}@an-lam.example",
        role="judge",
        contest=contest,
        now=now,
        wall=clock.wall(),
    )
    message = db.session.scalars(select(Message).where(Message.address == invitation.email)).one()
    grant = db.session.scalars(
        select(RoleGrant).where(RoleGrant.contest_id == contest.id, RoleGrant.user_id == second.id)
    ).one()
    scanned = intake_factory.make_paper(contest, unit, officer, category=category, now=now)
    side = Side(
        scanned=scanned,
        scan=scanned.attachments[0].public_id,
        offered=intake_factory.make_offer(writer),
        press=press,
        bundle=_bundle(contest, unit, officer, now).public_id,
        request=_request(writer, now).public_id,
        contest=contest,
        unit=unit,
        writer=writer,
        draft=draft,
        sent=sent,
        finalist=finalist,
        judged=judged,
        assignment=assignment,
        question=question,
        paper=paper,
        staff=staff,
        officer=officer,
        invitation=invitation.public_id,
        token=str(message.params["token"]),
        grant=grant,
    )
    for name, entry in photos.items():
        side.photos[name] = _shown(entry)
    _screen(side, now)
    _review_vote(side, now)
    _cast_on_paper(side, now)
    _meet(side, now)
    _read_jointly(side, now)
    _write_minutes(side, now)
    _complain(side, now)
    _certify(side, now)
    start_draft(
        owner=side.staff["organiser"],
        origin=origin_of(side.contest),
        document=side.contest.rules.as_json(),
        contest=side.contest,
        now=START,
    )
    return side


def _bundle(contest: Contest, unit: Unit, officer: User, now: datetime) -> Bundle:
    """A bundle whose one line has a fault."""
    bundle = Bundle(
        contest=contest,
        unit=unit,
        sent_by=officer,
        sent_at=now,
        name="goi.zip",
        key=current_app.extensions["files"].put(b"PK", "zip"),
        size=2,
        sha256="0" * 64,
        state="read",
        total=1,
        done=1,
    )
    db.session.add(bundle)
    db.session.flush()
    problem = {"where": "Nhan đề", "message": "This cell must not be empty.", "params": {}}
    db.session.add(
        BundleLine(bundle_id=bundle.id, number=2, state="faulty", cells={"author": "Mẩy"}, problems=[problem], notes=[])
    )
    db.session.flush()
    return bundle


def _request(person: User, now: datetime) -> DataRequest:
    request = DataRequest(user=person, kind="correct", text="Sai ngày sinh.", asked_at=now, due_on=now.date())
    db.session.add(request)
    db.session.flush()
    return request


def _shown(entry: Entry) -> Photo:
    """A photo of the entry whose files are really there."""
    photo = entry.photos[0] if entry.photos else None
    if photo is None:
        photo = Photo(
            entry=entry,
            position=1,
            width=1600,
            height=1200,
            sha256="0" * 64,
            caption="Một buổi sáng",
            photographer="Người Chụp",
            consent=True,
            created_at=entry.created_at,
        )
        db.session.add(photo)
    files = current_app.extensions["files"]
    photo.large_key = files.put(_picture(), "webp")
    photo.small_key = files.put(_picture(), "webp")
    db.session.flush()
    return photo


@cache
def _picture() -> bytes:
    stream = BytesIO()
    Image.new("RGB", (16, 12), "#8a5a2b").save(stream, "WEBP")
    return stream.getvalue()


# See results.outcome for what stands in a report.
_REPORT: dict[str, Any] = {
    "withheld": [],
    "skipped": [],
    "undecided": [],
    "left": 0,
    "tally": None,
    "rankings": {},
    "ballots": [],
}


def publish(side: Side, entries: Iterable[Entry] = (), at: datetime | None = None) -> ResultSet:
    """Official results with a first prize for each entry, public from `at` (the rules' instant)."""
    contest = side.contest
    at = at or contest.rules.official_at
    organiser = side.staff["organiser"]
    prize = contest.rules.prizes[0]
    found = ResultSet(
        contest=contest,
        computed_at=at,
        report=_REPORT,
        fingerprint="0" * 64,
        decision_number="1/QĐ-SNV",
        decision_date=at.date(),
        decision_signer="Người Ký",
        decision_title="Công nhận kết quả",
        visible_from=at,
        first_approver=organiser,
        first_approved_at=at,
        second_approver=make_staff(contest, "organiser"),
        second_approved_at=at,
    )
    found.awards = [
        Award(
            position=place,
            prize_id=prize.id,
            entry=entry,
            place=place,
            score="87/1",
            amount_vnd=prize.amount_vnd,
            why=[],
        )
        for place, entry in enumerate(entries or [side.finalist], start=1)
    ]
    db.session.add(found)
    db.session.commit()
    return found


def _rule_draft(side: Side) -> str:
    """The public id of a draft that changes the rules of the contest."""
    of_side = select(RuleDraft).where(RuleDraft.contest_id == side.contest.id).order_by(RuleDraft.id)
    found = db.session.scalars(of_side.limit(1)).one()
    return found.public_id


# Addresses


class Unaddressed(LookupError):
    """A route has an argument that this file knows no value for: add it to `_object`."""


# News is of no side here: its id is nobody's.
_FOR_PROGRAMS: dict[str, Any] = {"name": "tin.atom", "theme": "toi", "number": 1, "post_id": UNKNOWN}


def _object(side: Side, endpoint: str, argument: str) -> Any:
    room, _, page = endpoint.partition(".")
    known: dict[str, Any] = {
        "slug": side.contest.slug,
        "unit": side.unit.code,
        "scan_id": side.scan,
        "token": side.token,
        "grant_id": side.grant.id,
        "size": "lon",
        "level": 0,
        "number": 0,
        "purpose": "register",
        "kind": "phone",
        "act": "tat",
        "verb": "receive",
        "name": "bai-du-thi",
        "filename": "css/look.css",
        "suffix": "pdf",
        "ending": "xlsx",
        "round_id": side.assignment.round,
        "year": 2027,
        "digest": "0" * 20,
        "occasion": "thi-dua-ai-quoc",
        "person": "người-viết",
        "category": side.judged.category,
    }
    if argument == "draft_id":
        return _rule_draft(side)
    if endpoint == "results.mailing_act" and argument == "act":
        return "thu"
    if room == "results" and argument in {"post_id", "mailing_id"}:
        told = NewsPost if argument == "post_id" else Mailing
        return db.session.scalars(select(told.public_id).where(told.contest_id == side.contest.id)).one()
    if room == "api" and argument in _FOR_PROGRAMS:
        return _FOR_PROGRAMS[argument]
    if room == "anniversaries" and page != "of_unit":
        return 2027 if argument == "year" else "thi-dua-ai-quoc"
    if argument == "page_key":
        return "ten-goi"
    if argument == "template":
        return "entry_refused"
    if argument == "channel":
        return "email"
    if argument == "verb" and room == "privacy":
        return "nhan"
    if argument in {"case_id", "case_code"}:  # of `named`
        return _case(side, argument.removeprefix("case_"))
    if room == "complaints" and argument in {"verb", "public_id", "code", "file_id"}:
        return "nhan" if argument == "verb" else _case(side, argument)
    if argument == "verb" and endpoint == "intake.bundle_act":
        return "thoi"
    if argument == "public_id" and room == "privacy":
        return side.request
    if argument == "public_id" and endpoint in {"intake.bundle", "intake.bundle_act"}:
        return side.bundle
    if argument == "code" and room == "judging":
        return side.judged.blind_code
    if argument == "name" and endpoint == "papers.paper_list":
        return "khach-moi"
    if argument in {"certificate", "job_id"} or (argument == "code" and room == "papers"):
        return _certified(side, argument)
    if endpoint == "results.amend" and argument == "key":
        standing = side.results()
        return f"bai-{standing.awards[0].id}" if standing is not None else "bai-0"
    if argument == "code":
        return side.finalist.receipts[0].code if room == "entries" else side.unit.code
    if room == "intake" and argument == "public_id":
        return side.offered.public_id if page == "answer_offer" else side.scanned.public_id
    if argument == "note_id":
        return _note(side).public_id
    if argument == "minutes_id":
        return _minutes(side).public_id
    if argument == "scan_id" and room == "results":
        return db.session.scalars(
            select(DecisionScan.public_id).where(DecisionScan.contest_id == side.contest.id)
        ).one()
    if argument == "scan_id" and room == "judging":
        return _minutes(side).scans[0].public_id
    if argument == "name" and room == "judging":
        return "xung-dot"
    if argument == "text_id":
        return _jointly_read(side).public_id
    if argument == "reading_id":
        return _jointly_read(side).reading.public_id
    if argument == "sheet_id" and room == "judging":
        return side.assignment.public_id
    if argument == "meeting_id":
        return _meeting(side).public_id
    if argument == "question_id":
        return _meeting(side).questions[0].public_id
    if argument == "photo_id" and room == "judging":
        return "1"
    if argument == "photo_id":
        kind = {"desk_photo": "sent"}.get(page, "draft")
        return side.photos[kind].public_id
    if argument == "file_id":
        return _proof(side.sent if page == "desk_proof" else side.press)
    if argument == "pass_id":
        return db.session.scalars(select(LatePass.id).where(LatePass.contest_id == side.contest.id)).one()
    if argument == "paper_id":
        return side.paper.public_id
    if argument == "batch_id":
        return _paper_batch(side).public_id
    if argument == "flag_id":
        return _reviewed(side).finding.public_id
    if argument == "setting_id":
        return _reviewed(side).public_id
    if argument == "public_id":
        if page in {"publication", "save_publication", "add_proof", "remove_proof", "own_proof"}:
            return side.press.public_id
        if room == "judging":
            return side.assignment.public_id
        if room == "exemplars":
            return side.question.public_id
        if room == "desk" and "exemplar" in page:
            return side.sent.exemplar.public_id
        if room == "desk":
            return side.invitation
        if endpoint == "public.photo":
            return side.photos["finalist"].public_id
        if room in {"public", "results", "voting", "editions", "api"}:
            return side.finalist.public_id
        if room == "screening":
            return side.sent.public_id
        if endpoint in {"entries.desk_history", "entries.desk_proof"}:
            return side.sent.public_id
        if endpoint in {"entries.own", "entries.withdraw", "entries.replace", "entries.history"}:
            return side.finalist.public_id
        return side.draft.public_id
    if argument in _SCREENING:
        return _screening(side)[argument]
    if argument in known:
        return known[argument]
    raise Unaddressed(f"{endpoint} <{argument}>")


def _proof(entry: Entry) -> str:
    """A proof of publication that lies with the entry."""
    return str(db.session.scalars(select(Attachment.public_id).where(Attachment.entry_id == entry.id)).first())


def _give_proof(entry: Entry, now: datetime) -> None:
    db.session.add(
        Attachment(
            entry_id=entry.id,
            kind="proof",
            key=current_app.extensions["files"].put(b"%PDF-1.7", "pdf"),
            name="trang-bao.pdf",
            media_type="application/pdf",
            size=9,
            sha256=f"{entry.id:064x}",
            added_at=now,
        )
    )


def _case(side: Side, argument: str) -> str:
    """The complaint about the contest: its name, the code of its receipt, its file."""
    query = select(Complaint).where(Complaint.contest_id == side.contest.id).order_by(Complaint.id)
    made = db.session.scalars(query.limit(1)).one()
    return made.code if argument == "code" else files_of(made)[0].public_id if argument == "file_id" else made.public_id


def _complain(side: Side, now: datetime) -> None:
    receive(
        contest=side.contest,
        told=Told(text="Người được viết không có thật.", name="Người Phản Ánh", contact="phan-anh@an-lam.example"),
        papers=[make_paper(b"%PDF-1.7 don phan anh %%EOF", "don.pdf")],
        files=current_app.extensions["files"],
        person=None,
        locale="vi",
        now=now,
    )


def _certified(side: Side, argument: str) -> str:
    """The code of the finalist's certificate, or the name of the job that has it made."""
    if argument == "job_id":
        return db.session.scalars(select(PaperJob.public_id).where(PaperJob.contest_id == side.contest.id)).one()
    return db.session.scalars(select(Certificate.code).where(Certificate.contest_id == side.contest.id)).one()


def _certify(side: Side, now: datetime) -> None:
    prize, by = side.contest.rules.prizes[0], side.staff["organiser"].id
    words = {"name": "Người Được Giải", "with": [], "prize": prize.name.vi, "category": "", "work": "", "unit": ""}
    made = Certificate(
        code=new_code(14),
        contest_id=side.contest.id,
        number=1,
        subject=f"award:{prize.id}:{side.finalist.id}",
        recipient="author",
        words={**words, "decision": "1/QĐ-SNV", "decided_on": "2027-06-08", "series": "GCN-BTC"},
        issued_at=now,
        issued_by_id=by,
    )
    scan = DecisionScan(
        contest_id=side.contest.id,
        storage_key=current_app.extensions["files"].put(b"%PDF-1.7", "pdf"),
        name="quyet-dinh.pdf",
        size=8,
        sha256="0" * 64,
        by_id=by,
        at=now,
    )
    both = {"vi": "Lễ trao giải", "en": "The ceremony"}
    post = NewsPost(contest_id=side.contest.id, title=both, body=both, visible_from=now, changed_at=now, by_id=by)
    letter = Mailing(contest_id=side.contest.id, audience="press", subject=both, body=both, made_by_id=by, made_at=now)
    db.session.add_all([made, scan, post, letter])
    db.session.flush()
    db.session.add(
        PaperJob(
            contest_id=side.contest.id,
            kind="certificates",
            spec={"items": [made.id], "result_set": 0},
            parts=[],
            asked_by_id=by,
            asked_at=now,
            total=1,
            state="done",
            finished_at=now,
        )
    )
    db.session.flush()


def _note(side: Side) -> MarginNote:
    """The judge's own note beside the text."""
    return db.session.scalars(select(MarginNote).where(MarginNote.assignment_id == side.assignment.id)).one()


def _minutes(side: Side) -> Minutes:
    """The minutes of the round that the judge sits in."""
    return db.session.scalars(select(Minutes).where(Minutes.contest_id == side.contest.id)).one()


def _write_minutes(side: Side, now: datetime) -> None:
    section = {"title": "Kết luận", "blocks": [{"kind": "text", "text": "Nhất trí."}]}
    result = {"title": "Kết quả", "name": "result", "blocks": [{"kind": "table", "head": [], "rows": []}]}
    content = {
        **dict.fromkeys(("number", "place", "date", "title", "subtitle", "contest", "governing", "lead"), "…"),
        "sections": [{**result, "blocks": [{**result["blocks"][0], "widths": [], "align": ""}]}, section],
        "signers": [{"user": side.staff["chair"].public_id, "name": "Trưởng Ban", "capacity": "chair"}],
        "recipients": ["Lưu"],
    }
    made = Minutes(
        contest_id=side.contest.id,
        round=side.assignment.round,
        category=side.judged.category,
        number=1,
        content=content,
        sha256="0" * 64,
        made_by=side.staff["secretary"],
        made_at=now,
    )
    key = current_app.extensions["files"].put(b"%PDF-1.7", "pdf")
    made.scans = [
        MinutesScan(
            key=key,
            name="bien-ban.pdf",
            media_type="application/pdf",
            size=8,
            sha256="1" * 64,
            by=side.staff["secretary"],
            at=now,
        )
    ]
    db.session.add(made)
    db.session.flush()


def _jointly_read(side: Side) -> JointText:
    """The entry that the judge has marked jointly."""
    query = select(JointText).join(JointReading).where(JointReading.contest_id == side.contest.id)
    return db.session.scalars(query).one()


def _read_jointly(side: Side, now: datetime) -> None:
    judge, rubric = side.staff["judge"], side.contest.rules.rubric
    reading = JointReading(
        contest_id=side.contest.id,
        round=side.assignment.round,
        category=side.judged.category,
        opened_at=now,
        opened_by_id=side.staff["organiser"].id,
        closed_at=now,
        closed_by_id=side.staff["chair"].id,
    )
    reading.texts = [JointText(entry=side.judged)]
    db.session.add(reading)
    db.session.flush()
    db.session.add(
        JointSheet(
            text_id=reading.texts[0].id,
            judge_id=judge.id,
            marks={criterion.id: str(criterion.max) for criterion in rubric.criteria},
            updated_at=now,
            final_at=now,
        )
    )
    db.session.flush()


def _meeting(side: Side) -> CouncilMeeting:
    """The council's meeting, with a ballot that waits for votes."""
    query = select(CouncilMeeting).where(CouncilMeeting.contest_id == side.contest.id).order_by(CouncilMeeting.id)
    return db.session.scalars(query).first()


def _meet(side: Side, now: datetime) -> None:
    chair, judge = side.staff["chair"], side.staff["judge"]
    meeting = CouncilMeeting(
        contest_id=side.contest.id, held_at=now, place="Phòng họp 1", opened_by_id=chair.id, opened_at=now
    )
    meeting.attendance = [
        CouncilAttendance(user_id=chair.id, capacity="chair", present=True),
        CouncilAttendance(user_id=judge.id, capacity="member", present=True),
    ]
    meeting.questions = [CouncilQuestion(category=side.judged.category, codes=[side.judged.blind_code], opened_at=now)]
    db.session.add(meeting)
    db.session.flush()


def _reviewed(side: Side) -> Setting:
    """A batch of ballots that waits for a second person."""
    return db.session.scalars(select(Setting).where(Setting.contest_id == side.contest.id).order_by(Setting.id)).first()


def _review_vote(side: Side, now: datetime) -> None:
    finding = VoteFinding(
        contest_id=side.contest.id,
        kind="burst",
        subject="2027-05-20T13",
        severity=60,
        ballots=0,
        measures={},
        first_seen=now,
        last_seen=now,
    )
    db.session.add(finding)
    db.session.flush()
    db.session.add(
        Setting(
            contest_id=side.contest.id,
            finding=finding,
            kind="void",
            reason=side.contest.rules.voting.set_aside[0],
            words="Một thiết bị, một phút.",
            picked={},
            ballots=0,
            digest="0" * 64,
            proposed_by=side.staff["secretary"].id,
            proposed_at=now,
        )
    )
    db.session.flush()


def _paper_batch(side: Side) -> PaperBatch:
    """A box of ballots on paper that nobody has keyed in yet."""
    return db.session.scalars(select(PaperBatch).where(PaperBatch.contest_id == side.contest.id)).one()


def _cast_on_paper(side: Side, now: datetime) -> None:
    organiser = side.staff["organiser"]
    box = {"place": "Nhà văn hóa", "unit": side.unit, "held_on": now.date(), "slips": 3, "made_at": now}
    db.session.add(PaperBatch(contest_id=side.contest.id, made_by=organiser.id, **box))
    db.session.flush()


_SCREENING = ("finding_id", "pair_id", "view_id", "template_id")


def _screening(side: Side) -> dict[str, str]:
    """What the secretariat has kept about `sent`."""
    mine = {
        "finding_id": select(Finding.public_id).where(Finding.entry_id == side.sent.id),
        "pair_id": select(NearCopy.public_id).where(NearCopy.one_id.in_((side.sent.id, side.finalist.id))),
        "view_id": select(SavedView.public_id).where(SavedView.contest_id == side.contest.id),
        "template_id": select(ReasonTemplate.public_id).where(ReasonTemplate.contest_id == side.contest.id),
    }
    return {name: str(db.session.scalars(query).first()) for name, query in mine.items()}


def _screen(side: Side, now: datetime) -> None:
    """One of each thing that the secretariat keeps."""
    one, other = sorted((side.sent.id, side.finalist.id))
    secretary = side.staff["secretary"]
    db.session.add_all(
        [
            Finding(
                entry_id=side.sent.id,
                kind="leak",
                place="body",
                details={"whose": "author", "what": "name", "phrase": "Người Viết"},
                found_at=now,
            ),
            Checked(entry_id=side.sent.id, submitted_at=side.sent.submitted_at, checks=CHECKS, at=now),
            NearCopy(one_id=one, other_id=other, share=400, passages=[{"one": [0, 9], "other": [0, 9]}], found_at=now),
        ]
    )
    save_view(contest=side.contest, name="Của tôi", arguments={"trang-thai": "received"}, actor=secretary, now=now)
    write_template(
        contest=side.contest,
        template=None,
        verb="refuse",
        name="Quá hạn",
        text="Bài đến sau hạn nhận.",
        actor=side.staff["organiser"],
        now=now,
    )


def arguments(side: Side, rule: Any) -> dict[str, Any]:
    """Values for the arguments of a route: what belongs to `side`."""
    return {name: _object(side, rule.endpoint, name) for name in rule.arguments}


# Arguments that choose among what everyone may choose from, rather than name somebody's thing.
FREE = {
    "page_key",
    "name",
    "size",
    "purpose",
    "kind",
    "act",
    "verb",
    "filename",
    "round_id",
    "category",
    "template",
    "channel",
    "suffix",
    "ending",
    "theme",
}


def named(side: Side, argument: str) -> str:
    """What one argument of judging's addresses is for this side."""
    return str(_object(side, "judging.page", argument))


def unknown(rule: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The same arguments with every name of a thing replaced by one that does not exist."""

    def made_up(value: Any) -> Any:
        if isinstance(value, int):
            return 2**40
        return UNKNOWN_CODE if len(value) == len(UNKNOWN_CODE) else UNKNOWN

    return {name: value if name in FREE else made_up(value) for name, value in given.items()}


def address(app: Flask, rule: Any, values: dict[str, Any]) -> str:
    """The path of a route with these arguments."""
    path: str = app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods)))
    return path

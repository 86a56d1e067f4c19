"""Certificates: who gets one, with which number and code, what stands on it, and whether it still holds.

Made only of results that two people approved; told to the public only once the results are. A certificate
keeps its number, its code and its words when the results are amended: the page behind its QR code says what
has become of the prize.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import defer, joinedload

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER
from contest.contests.ruleset import Prize
from contest.core.db import CODE_ALPHABET, db, new_code
from contest.core.errors import N_, Refused
from contest.core.qr import qr_path
from contest.core.text import clean_line
from contest.entries.models import CoAuthor, Entry
from contest.entries.shown import is_child, shown_name
from contest.exemplars.models import Exemplar
from contest.papers import looks
from contest.papers.looks import Look
from contest.papers.models import Certificate, CertificateLook
from contest.results.acts import note
from contest.results.models import ResultSet
from contest.results.models_after import Amendment
from contest.results.queries import (
    PROMOTED,
    STANDING,
    AwardAt,
    UnitAwardAt,
    awards_at,
    find_public_results,
    find_standing,
    is_official,
    paper_state,
    unit_awards_at,
)

PAPER = "giay_chung_nhan"
CODE_LENGTH = 14
_CODE = re.compile(f"[{CODE_ALPHABET}]{{{CODE_LENGTH}}}")
GONE = "gone"


def decided_results(contest: Contest) -> ResultSet:
    """The results that papers are made of: decided, and approved by two. Raises Refused before that."""
    found = find_standing(contest.id)
    if found is None or found.decision_number is None or found.second_approver_id is None:
        raise Refused(
            N_("Papers are made once the results are decided and two organisers have approved."), code="undecided"
        )
    return found


# Who gets one


class Holder(NamedTuple):
    """Somebody who gets a certificate: `subject` and `recipient` say for ever which one it is."""

    subject: str
    recipient: str
    words: dict[str, Any]


def standing_awards(result_set: ResultSet, now: datetime) -> list[AwardAt]:
    """The awards that are prizes at `now`, in the order in which they are told; with them all that lists show."""
    found = [each for each in awards_at(result_set, now) if each.stands]
    # Loaded into the session with two queries for all of them, and kept by the awards.
    db.session.scalars(
        select(Entry)
        .where(Entry.id.in_([each.award.entry_id for each in found]))
        .options(
            joinedload(Entry.author_unit),
            joinedload(Entry.exemplar).joinedload(Exemplar.unit),
            defer(Entry.body),
            defer(Entry.body_key),
        )
    ).all()
    return found


def standing_unit_awards(result_set: ResultSet, now: datetime) -> list[UnitAwardAt]:
    """The prizes to units at `now`, in the order in which they are told."""
    return [each for each in unit_awards_at(result_set, now) if each.stands]


def people_of(award: AwardAt) -> list[tuple[str, str]]:
    """The authors of an awarded entry: which one for ever, and the name, the leader's as it was corrected."""
    entry = award.award.entry
    leader = award.author or entry.author_name
    return [("author", leader), *((f"member:{each.position}", each.name) for each in entry.coauthors)]


def holders(contest: Contest, result_set: ResultSet, now: datetime) -> list[Holder]:
    """Everybody who gets a certificate by the rules: each author of an entry, and each unit. Few queries."""
    rules = contest.rules
    found = []
    for award in standing_awards(result_set, now):
        prize, entry = rules.find_prize(award.award.prize_id), award.award.entry
        if prize is None or prize.paper != PAPER:
            continue
        people = people_of(award)
        for recipient, name in people:
            words = {
                **_about(contest, result_set, prize, award.amendment if award.state == PROMOTED else None),
                "name": name,
                "with": [other for who, other in people if who != recipient],
                "work": entry.title,
                "unit": entry.author_unit.name if entry.author_unit else "",
            }
            found.append(Holder(f"award:{prize.id}:{entry.id}", recipient, words))
    for given in standing_unit_awards(result_set, now):
        prize, unit = rules.find_prize(given.award.prize_id), given.award.unit
        if prize is not None and prize.paper == PAPER:
            words = {**_about(contest, result_set, prize), "name": unit.name, "with": [], "work": "", "unit": ""}
            found.append(Holder(f"unit:{prize.id}:{unit.id}", "unit", words))
    return found


def _about(contest: Contest, result_set: ResultSet, prize: Prize, amendment: Amendment | None = None) -> dict[str, Any]:
    """What a certificate says of the prize, and of the decision that gave it: an amendment's own, if one did."""
    by = amendment or result_set
    category = contest.rules.find_category(prize.category) if prize.category else None
    return {
        "prize": prize.name.vi,
        "category": f"Hạng mục {category.id} – {category.name.vi}" if category else "",
        "decision": by.decision_number or "",
        "decided_on": by.decision_date.isoformat() if by.decision_date else "",
    }


# Issuing


def look_of(contest: Contest) -> tuple[Look, int]:
    """How the contest's certificates look, and the version of that; 0 while nobody decided."""
    kept = db.session.scalar(select(CertificateLook).where(CertificateLook.contest_id == contest.id))
    if kept is None:
        return looks.first_look(contest.rules), 0
    return looks.checked(contest.rules, {**kept.settings, "template": kept.template}), kept.version


def keep_look(*, contest: Contest, look: Look, actor: User, now: datetime) -> CertificateLook:
    """Keep how certificates look; those that were issued keep their numbers and words. Raises Refused."""
    _check_organiser(contest, actor)
    _lock(contest)
    kept = db.session.scalar(select(CertificateLook).where(CertificateLook.contest_id == contest.id))
    if kept is None:
        kept = CertificateLook(contest_id=contest.id, version=0)
        db.session.add(kept)
    kept.template, kept.settings = look.template, look.as_json()
    kept.version += 1
    kept.changed_at, kept.changed_by_id = now, actor.id
    note(contest, "keep_look", actor, now, version=kept.version)
    db.session.flush()
    return kept


def issue(*, contest: Contest, actor: User, now: datetime) -> list[Certificate]:
    """Give everybody who is to have a certificate theirs, in the order of the prizes; all of them, by number.

    Issuing again gives numbers to those who have none and changes no other. Words of earlier ones follow what
    the records say now (a name that was corrected), under their own number. Raises Refused.
    """
    _check_organiser(contest, actor)
    _lock(contest)
    wanted = holders(contest, decided_results(contest), now)
    look, _ = look_of(contest)
    known = {(each.subject, each.recipient): each for each in of_contest(contest.id)}
    last = max((each.number for each in known.values()), default=0)
    made, corrected, issued = 0, [], []
    for holder in wanted:
        certificate = known.get((holder.subject, holder.recipient))
        if certificate is None:
            made += 1
            certificate = Certificate(
                code=new_code(CODE_LENGTH),
                contest_id=contest.id,
                number=last + made,
                subject=holder.subject,
                recipient=holder.recipient,
                words={**holder.words, "series": look.series},
                issued_at=now,
                issued_by_id=actor.id,
            )
            db.session.add(certificate)
        elif {**certificate.words, **holder.words} != certificate.words:
            certificate.words = {**certificate.words, **holder.words}
            corrected.append(certificate.number)
        issued.append(certificate)
    if made or corrected:
        note(contest, "issue_certificates", actor, now, issued=made, corrected=corrected)
    db.session.flush()
    return sorted(issued, key=lambda each: each.number)


def _check_organiser(contest: Contest, actor: User) -> None:
    if ORGANISER not in roles_of(contest.id, actor.id):
        raise Refused(N_("Only an organiser can do this."), code="not_organiser")


def _lock(contest: Contest) -> None:
    db.session.execute(select(Contest.id).where(Contest.id == contest.id).with_for_update(key_share=True))


def of_contest(contest_id: int) -> Sequence[Certificate]:
    """The certificates of a contest by number."""
    return db.session.scalars(
        select(Certificate).where(Certificate.contest_id == contest_id).order_by(Certificate.number)
    ).all()


def count_of(contest_id: int) -> int:
    return db.session.scalar(select(func.count()).where(Certificate.contest_id == contest_id)) or 0


# What stands on the paper


def numbered(certificate: Certificate) -> str:
    """The number as it stands on the paper: 01/GCN-BTC."""
    series = certificate.words.get("series") or ""
    return f"{certificate.number:02}/{series}" if series else f"{certificate.number:02}"


def page_data(certificate: Certificate, address: str) -> dict[str, str]:
    """One page of templates/papers/certificate.typ. `address`: of the check page, without the code."""
    words = certificate.words
    others = ", ".join(words["with"])
    decided = date.fromisoformat(words["decided_on"]) if words.get("decided_on") else None
    decision = f"Theo Quyết định số {words['decision']}" if words.get("decision") else ""
    if decision and decided:
        decision += f" ngày {decided:%d/%m/%Y}"
    link = f"{address}{certificate.code}"
    qr = qr_path(link)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {qr.size} {qr.size}" shape-rendering="crispEdges">'
        f'<path d="{qr.path}"/></svg>'
    )
    return {
        "name": words["name"],
        "with": f"(cùng nhóm tác giả: {others})" if others else "",
        "unit": words["unit"],
        "prize": words["prize"],
        "category": words["category"],
        "work": f"Tác phẩm “{words['work']}”" if words["work"] else "",
        "number": f"Số: {numbered(certificate)}",
        "decision": decision,
        "address": link.removeprefix("https://").removeprefix("http://"),
        "qr": svg,
    }


def paper_data(head: dict[str, Any], look: Look, contest_line: str, pages: Iterable[dict[str, str]]) -> dict[str, Any]:
    """The data of the template. `head`: title, publisher, governing, country, motto, as every paper has them."""
    return {
        **{key: head[key] for key in ("title", "publisher", "governing", "country", "motto")},
        "look": {**look.as_json(), "day": looks.day_line(look)},
        "contest": contest_line,
        "words": {"qr": "Mã QR dẫn đến trang xác nhận giấy này", "check": "Kiểm tra tại"},
        "certificates": list(pages),
    }


def contest_line(contest: Contest) -> str:
    title = contest.rules.title.vi
    return title if title.casefold().startswith("cuộc thi") else f"Cuộc thi {title}"


SAMPLE = Certificate(
    code="2345678ABCDEFG",
    number=1,
    words={
        "name": "Nguyễn Hoàng Thị Phượng Quỳnh",
        "with": [],
        "unit": "Ủy ban Mặt trận Tổ quốc Việt Nam xã Mẫu",
        "prize": "Giải Nhất",
        "category": "Hạng mục A – Tác phẩm mẫu",
        "work": "Đường làng nở rộ những mùa hoa cũ",
        "decision": "…/QĐ-…",
        "decided_on": "",
        "series": "GCN-BTC",
    },
)


def sample_page(look: Look, address: str) -> dict[str, str]:
    """A page about nobody, to look at before there is any result."""
    sample = Certificate(code=SAMPLE.code, number=SAMPLE.number, words={**SAMPLE.words, "series": look.series})
    return page_data(sample, address)


# The page behind the QR code


class Confirmed(NamedTuple):
    """What the check page says. `state` as results.queries.paper_state has it, or "gone": there is no such prize.

    `name` is empty of a prize that does not stand.
    """

    certificate: Certificate
    contest: Contest
    state: str
    prize: Prize | None
    name: str
    amendment: Amendment | None

    @property
    def stands(self) -> bool:
        return self.state in (STANDING, PROMOTED)


def code_typed(text: str) -> str | None:
    """The code in what somebody typed or scanned, whatever stands between its signs; None when there is none."""
    try:
        typed = re.sub(r"[\s.–-]", "", clean_line(text)).upper()
    except Refused:
        return None
    return typed if _CODE.fullmatch(typed) else None


def find_confirmed(code: str, now: datetime) -> Confirmed | None:
    """What anyone may know of a certificate at `now`; None before its results are public, and for no certificate."""
    if not _CODE.fullmatch(code):
        return None
    certificate = db.session.scalar(select(Certificate).where(Certificate.code == code))
    if certificate is None:
        return None
    found = find_public_results(certificate.contest_id, now)
    if found is None or found.standing != "official":
        return None
    contest, result_set = found.result_set.contest, found.result_set
    kind, prize_id, thing = certificate.subject.split(":", 2)
    prize = contest.rules.find_prize(prize_id)
    if kind == "unit":
        for unit in unit_awards_at(result_set, now):
            if (unit.award.prize_id, str(unit.award.unit_id)) == (prize_id, thing):
                name = certificate.words["name"] if unit.stands else ""
                return Confirmed(certificate, contest, unit.state, prize, name, unit.amendment)
    else:
        for each in awards_at(result_set, now):
            if (each.award.prize_id, str(each.award.entry_id)) == (prize_id, thing):
                name = _public_name(each.award.entry, certificate.recipient, each.author) if each.stands else ""
                return Confirmed(certificate, contest, each.state, prize, name, each.amendment)
    # Given up for a higher prize, or of results that hold no such prize.
    state, amendment = paper_state(contest.id, certificate.subject, now) or (GONE, None)
    return Confirmed(certificate, contest, state, prize, "", amendment)


def _public_name(entry: Entry, recipient: str, corrected: str | None) -> str:
    """The name of one of an entry's authors as the public may see it; the leader's as it was `corrected`."""
    category = entry.contest.rules.category(entry.category)
    if recipient == "author":
        child = is_child(entry.author_birth_date, entry.submitted_at, category)
        return shown_name(corrected or entry.author_name, entry.pen_name, child=child)
    member = _member(entry, recipient)
    if member is None:
        return ""
    child = is_child(member.birth_date, entry.submitted_at, category)
    return shown_name(member.name, member.pen_name, child=child)


def _member(entry: Entry, recipient: str) -> CoAuthor | None:
    return next((each for each in entry.coauthors if f"member:{each.position}" == recipient), None)


def may_have(certificate: Certificate, person: User) -> bool:
    """Whether a certificate is somebody's own: they sent the entry, or are of its group."""
    kind, _, thing = certificate.subject.split(":", 2)
    entry = db.session.get(Entry, int(thing)) if kind == "award" else None
    if entry is None:
        return False
    member = _member(entry, certificate.recipient)
    return entry.author_id == person.id or (member is not None and member.user_id == person.id)


def forget_certificates(entry_ids: Collection[int]) -> None:
    """Blank the words of certificates of entries that were erased: made for results that were never announced."""
    if not entry_ids:
        return
    of_them = or_(*(Certificate.subject.like(f"award:%:{entry_id}") for entry_id in entry_ids))
    for each in db.session.scalars(select(Certificate).where(of_them)):
        each.words = {**each.words, "name": "", "with": [], "work": "", "unit": ""}


def certificates_of(person: User, entries: Iterable[Entry], now: datetime) -> list[dict[str, Any]]:
    """A person's own certificates among `entries`, once the results are public, for their copy of what is held."""
    own = {each.id: each for each in entries}
    if not own:
        return []
    # Asked in the one query: looking at each alone would tell a winner by the work that there is something to look at.
    rows = db.session.scalars(
        select(Certificate)
        .where(or_(*(Certificate.subject.like(f"award:%:{entry_id}") for entry_id in own)))
        .where(Certificate.contest_id.in_(select(ResultSet.contest_id).where(is_official(now))))
        .order_by(Certificate.id)
    ).all()
    found = []
    for each in rows:
        entry = own[int(each.subject.rsplit(":", 1)[1])]
        member = _member(entry, each.recipient)
        mine = member.user_id == person.id if member else each.recipient == "author" and entry.author_id == person.id
        if mine and find_confirmed(each.code, now) is not None:
            found.append({"number": numbered(each), "code": each.code, "words": each.words})
    return found

"""The terms of judging: what every judge agrees to before the first entry, kept as it was shown.

A wording is never changed in place: whoever agreed, agreed to the text in their row. When the text here
changes, its checksum does, and everybody is asked again.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.judging.models import TermsAcceptance
from contest.judging.panels import appointed
from contest.judging.rules import JUDGING_ROLES

# As shown and as stored: Vietnamese and English of one text, clause by clause.
TERMS: dict[str, dict[str, Any]] = {
    "vi": {
        "title": "Quy ước chấm thi",
        "lead": "Khi nhận chấm bài của cuộc thi này, tôi cam kết:",
        "clauses": [
            "Chấm độc lập và khách quan, theo đúng thể lệ và thang điểm đã công bố; chỉ xét chính bài dự thi.",
            (
                "Khai trước khi mở từng bài rằng tôi không có xung đột lợi ích với bài đó, hoặc xin không chấm. Tôi xin"
                " không chấm khi là tác giả hay đồng tác giả, là người thân của tác giả hoặc của gương điển hình, cùng"
                " đơn vị hoặc là cấp trên trực tiếp của họ, hoặc khi không thể chấm vô tư vì lý do khác."
            ),
            "Không tìm cách biết ai viết bài. Nếu nhận ra tác giả, tôi khai và xin không chấm.",
            (
                "Không trao đổi về bài, về điểm của mình hay của người khác cho đến khi vòng chấm đóng, trừ những lần"
                " trao đổi do trưởng ban giám khảo mở theo thể lệ."
            ),
            (
                "Giữ kín nội dung bài dự thi, mã số bài, điểm và biên bản cho đến khi được công bố; không sao chép,"
                " không chuyển bài cho ai và không đưa bài vào dịch vụ hay công cụ bên ngoài."
            ),
            "Báo cho trưởng ban giám khảo hoặc tổ thư ký khi thấy bài có dấu hiệu vi phạm thể lệ.",
            "Không nhận bất cứ lợi ích nào liên quan đến việc chấm.",
            (
                "Biết rằng phiếu đã hoàn tất được lưu nguyên, mọi lần sửa đều ghi lại lý do, và tên các giám khảo được"
                " ghi trong biên bản."
            ),
        ],
    },
    "en": {
        "title": "Terms of judging",
        "lead": "In judging entries of this contest I undertake:",
        "clauses": [
            "To mark independently and fairly, by the published rules and scale, and by the entry itself alone.",
            (
                "To declare before opening each entry that I have no conflict of interest with it, or to step back. I"
                " step back when I am its author or a co-author, a relative of an"
                " author or of the person written about,"
                " of the same unit or their direct superior, or cannot judge freely for another reason."
            ),
            "Not to try to learn who wrote an entry. If I recognise an author, I say so and step back.",
            (
                "Not to talk about entries, my marks or anybody else's until the round is closed, except in talks that"
                " the head of jury opens under the rules."
            ),
            (
                "To keep texts, codes, marks and minutes to myself until they are"
                " published; to copy and pass on nothing,"
                " and to put no entry into services or tools outside."
            ),
            "To tell the head of jury or the secretariat when an entry seems to break the rules.",
            "To accept no benefit in connection with judging.",
            (
                "I know that a final sheet is kept as it was, that every change is recorded with its reason, and that"
                " the judges are named in the minutes."
            ),
        ],
    },
}


def sha256_of(text: Any) -> str:
    """The checksum of a text as it is stored: SHA-256 of its JSON with sorted keys, without spaces, in UTF-8."""
    content = json.dumps(text, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


TERMS_SHA256 = sha256_of(TERMS)


def accepted(contest: Contest, judge_id: int) -> bool:
    """Whether this person has agreed to the terms as they stand now."""
    return find_acceptance(contest.id, judge_id) is not None


def find_acceptance(contest_id: int, judge_id: int) -> TermsAcceptance | None:
    """The agreement of this person to the terms as they stand now."""
    return db.session.scalar(
        select(TermsAcceptance).where(
            TermsAcceptance.contest_id == contest_id,
            TermsAcceptance.judge_id == judge_id,
            TermsAcceptance.sha256 == TERMS_SHA256,
        )
    )


def check_accepted(contest: Contest, judge: User) -> None:
    """Raises Refused for a judge who has not agreed to the terms."""
    if not accepted(contest, judge.id):
        raise Refused(N_("%(name)s has not accepted the terms of judging yet."), code="terms_missing", name=judge.name)


def accept_terms(*, contest: Contest, judge: User, shown: str, actor: User, now: datetime) -> TermsAcceptance:
    """Keep that `judge` agrees to the terms. `shown` is the checksum of the text that was agreed to.

    By the judge, or by the secretariat for one who signed on paper. Doing it again changes nothing.
    Raises Conflict when the text has changed since it was shown, NotFound.
    """
    on_paper = actor.id != judge.id
    if on_paper and not roles_of(contest.id, actor.id) & {SECRETARY, ORGANISER}:
        raise NotFound(judge.public_id)
    if not roles_of(contest.id, judge.id) & JUDGING_ROLES:
        raise NotFound(judge.public_id)
    if shown != TERMS_SHA256:
        raise Conflict(N_("The terms have changed since this page was shown. Please read them again."), code="terms")
    found = find_acceptance(contest.id, judge.id)
    if found is not None:
        return found
    found = TermsAcceptance(contest_id=contest.id, judge_id=judge.id, text=TERMS, sha256=TERMS_SHA256, at=now)
    db.session.add(found)
    record(
        actor=actor.public_id,
        verb="judging.accept_terms",
        object_type="user",
        object_id=judge.public_id,
        contest_id=contest.id,
        now=now,
        sha256=TERMS_SHA256,
        on_paper=on_paper,
    )
    db.session.flush()
    return found


def acceptances(contest: Contest) -> dict[int, datetime]:
    """When each judge of a contest agreed to the terms as they stand now."""
    rows = db.session.execute(
        select(TermsAcceptance.judge_id, TermsAcceptance.at).where(
            TermsAcceptance.contest_id == contest.id,
            TermsAcceptance.sha256 == TERMS_SHA256,
            TermsAcceptance.judge_id.in_(appointed(contest.id)),
        )
    )
    return dict(rows.all())

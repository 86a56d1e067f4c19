"""Papers that a unit attaches to its answer: a PDF as it is, a picture remade from its pixels.

Kept for the unit and the secretariat alone. A PDF is never opened here and only ever handed out as a
download; of a picture nothing is kept but what can be seen (no place, no camera, nothing behind it).
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from datetime import datetime
from io import BytesIO
from pathlib import PurePosixPath
from typing import NamedTuple

from PIL import Image, ImageOps
from sqlalchemy import func, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.files import FileStore
from contest.core.text import clean_line
from contest.exemplars.models import Verification, VerificationDocument
from contest.exemplars.queries import papers_of

MOST_BYTES = 10_000_000
MOST_PAPERS = 10
_LONGEST = 2400  # pixels: a page of A4 that can still be read
_MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 25_000_000}
_PDF_HEAD, _PDF_END = b"%PDF-", b"%%EOF"
_DECODING = threading.BoundedSemaphore(1)


class Paper(NamedTuple):
    """A file as it is kept. `sha256` is of the bytes as they were sent."""

    content: bytes
    extension: str
    media_type: str
    name: str
    sha256: str


def make_paper(content: bytes, name: str) -> Paper:
    """The paper to keep. Raises Refused, saying what to do, for anything but a sound PDF, JPEG or PNG."""
    if not content:
        raise Refused(N_("This file is empty. Please choose it again."), code="paper_empty")
    if len(content) > MOST_BYTES:
        raise Refused(
            N_("This file is too large: at most %(most)s MB. Scan it in a smaller size."),
            code="paper_large",
            most=MOST_BYTES // 1_000_000,
        )
    sha256 = hashlib.sha256(content).hexdigest()
    if content.startswith(_PDF_HEAD):
        if _PDF_END not in content[-2048:]:
            raise Refused(N_("This PDF is cut off. Please make it again, then send it."), code="paper_cut")
        return Paper(content, "pdf", "application/pdf", _named(name, "pdf"), sha256)
    return Paper(_picture(content), "jpg", "image/jpeg", _named(name, "jpg"), sha256)


def _named(name: str, extension: str) -> str:
    """What its sender called it, without folders, with the ending of what is kept."""
    try:
        stem = PurePosixPath(clean_line(name.replace("\\", "/"))).stem
    except Refused:
        stem = ""
    return f"{stem[:120] or 'giay-to'}.{extension}"


def _picture(content: bytes) -> bytes:
    try:
        with _DECODING, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(content), formats=tuple(_MOST_PIXELS))
            if image.width * image.height > _MOST_PIXELS[str(image.format)]:
                raise Refused(
                    N_("This picture has too many pixels. Please send it in a smaller size."), code="paper_pixels"
                )
            image.draft("RGB", (_LONGEST, _LONGEST))
            upright = ImageOps.exif_transpose(image).convert("RGB")
            upright.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
            clean = Image.new("RGB", upright.size)
            clean.paste(upright)
            out = BytesIO()
            clean.save(out, "JPEG", quality=85)
            return out.getvalue()
    except Refused:
        raise
    except Exception as error:  # whatever a broken header trips the decoder over
        raise Refused(
            N_("This file could not be read. PDF files, and pictures in JPEG or PNG, are taken."),
            code="paper_unreadable",
        ) from error


def attach_paper(
    *, verification: Verification, paper: Paper, files: FileStore, actor: User, now: datetime
) -> VerificationDocument:
    """Keep a paper with a question or its answer; the same file again is kept once. Raises Refused past the most."""
    known = papers_of(verification.contest_id, verification.exemplar_id, verification.unit_id)
    for each in known:
        if each.sha256 == paper.sha256:
            return each
    if len(known) >= MOST_PAPERS:
        raise Refused(
            N_("At most %(most)s papers can be attached. Remove one to add another."),
            code="too_many_papers",
            most=MOST_PAPERS,
        )
    kept = VerificationDocument(
        verification_id=verification.id,
        key=files.put(paper.content, paper.extension),
        name=paper.name,
        media_type=paper.media_type,
        size=len(paper.content),
        sha256=paper.sha256,
        added_at=now,
        added_by_id=actor.id,
    )
    db.session.add(kept)
    db.session.flush()
    db.session.expire(verification, ["documents"])
    _audit("exemplars.attach_paper", verification, kept, actor, now)
    return kept


def remove_paper(*, verification: Verification, paper: VerificationDocument, actor: User, now: datetime) -> str | None:
    """Take back a paper that no answer has been given on yet; returns the key of its file. Raises Refused."""
    if verification.outcome is not None or paper.verification_id != verification.id:
        raise Refused(N_("This paper belongs to an answer that was given, so it stays."), code="paper_answered")
    key = paper.key
    _audit("exemplars.remove_paper", verification, paper, actor, now)
    db.session.delete(paper)
    db.session.flush()
    db.session.expire(verification, ["documents"])
    used = db.session.scalar(select(func.count(VerificationDocument.id)).where(VerificationDocument.key == key))
    return None if used else key


def _audit(verb: str, verification: Verification, paper: VerificationDocument, actor: User, now: datetime) -> None:
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="verification",
        object_id=verification.public_id,
        contest_id=verification.contest_id,
        now=now,
        paper=paper.public_id,
        sha256=paper.sha256,
    )

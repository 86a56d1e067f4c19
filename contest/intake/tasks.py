"""Work on bundles in the background: reading them, and importing what their senders released."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from contest.contests.labels import GENRES
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import N_, Refused
from contest.core.files import FileStore
from contest.core.formats import local
from contest.core.text import fold
from contest.core.web.files import file_store
from contest.documents.rules import LIMITS
from contest.documents.services import read_sheet
from contest.intake import bundles
from contest.intake.archive import Archive
from contest.intake.columns import rows_of
from contest.intake.lines import Kept, Names, Prepared, Problem, build, keep, mark_of, not_kept, prepare
from contest.intake.models import Bundle, BundleLine

log = logging.getLogger(__name__)
# A slice of work, so that other jobs of the loop are not kept waiting.
_SLICE = timedelta(seconds=4)
# A cell may hold a whole story: as much as a spreadsheet lets one write into a cell.
_SHEET = LIMITS._replace(cell=33_000)


class _RolledBack(Exception):
    """Leaves a writing() block without keeping anything: a dry run."""


def genre_names() -> dict[str, str]:
    """Genres by what they are called in Vietnamese, without case and marks."""
    with force_locale("vi"):
        return {fold(_(label)): code for code, label in GENRES.items()}


def work_on_bundles() -> int:
    """Work for a slice of time on the oldest bundle with work to do; returns how many lines were done."""
    wall = clock.wall()
    bundle_id = bundles.next_bundle(wall)
    db.session.rollback()
    if bundle_id is None:
        return 0
    with writing():
        if not bundles.claim(bundle_id, wall):
            return 0
    try:
        return _work(bundle_id, wall)
    finally:
        with writing():
            bundles.let_go(bundle_id)


def _work(bundle_id: int, began: datetime) -> int:
    files = file_store()
    bundle = db.session.get(Bundle, bundle_id)
    if bundle is None:
        return 0
    try:
        archive = Archive(files.read(bundle.key))
        if bundle.state == bundles.READING and not bundle.total:
            _read_sheet(bundle_id, archive)
    except Refused as error:
        with writing():
            found = db.session.get(Bundle, bundle_id)
            if found is not None:
                bundles.cannot_read(found, error)
        return 1
    except Exception:
        # What nobody thought of must not be tried for ever: the bundles behind it would wait for ever.
        log.exception("bundle %s could not be opened", bundle_id)
        db.session.rollback()
        with writing():
            found = db.session.get(Bundle, bundle_id)
            if found is not None:
                bundles.cannot_read(found, Refused(_unforeseen_bundle()))
        return 1
    names = Names(genre_names(), bundles.unit_names(local(clock.now()).date()))
    done = 0
    # At least one line in each slice, however long opening the bundle took.
    while not done or clock.wall() - began < _SLICE:
        db.session.rollback()
        db.session.expire_all()
        bundle = db.session.get(Bundle, bundle_id)
        if bundle is None or bundle.state not in (bundles.READING, bundles.IMPORTING):
            return done + 1  # given up meanwhile: what is ready is not to be imported
        line = bundles.next_line(bundle)
        if line is None:
            with writing() as now:
                found = db.session.get(Bundle, bundle_id, with_for_update=True)
                if found is not None and bundles.next_line(found) is None:
                    bundles.finish(found, now)
            return done + 1
        if bundle.state == bundles.READING:
            _read_line(line, archive, names)
        else:
            _import_line(line, archive, names, files)
        done += 1
        with writing():
            bundles.keep_claim(bundle_id, clock.wall())
    return done


def _read_sheet(bundle_id: int, archive: Archive) -> None:
    name, content = archive.sheet()
    rows = rows_of(read_sheet(content, name, limits=_SHEET).rows)
    bundles.check_rows(rows)
    with writing():
        bundle = db.session.get(Bundle, bundle_id, with_for_update=True)
        if bundle is not None and not bundle.total:
            bundles.add_lines(bundle, rows)


def _read_line(line: BundleLine, archive: Archive, names: Names) -> None:
    """A dry run: everything that importing would do, rolled back; then what it found."""
    line_id, cells = line.id, dict(line.cells)
    prepared = prepare(cells, archive, line.bundle.contest.rules)
    problems = list(prepared.problems)
    try:
        with writing() as now:
            found = bundles.lock_line(line_id, bundles.WAITING)
            if found is None:
                return
            problems = _built(found, prepared, not_kept(prepared), names, now)[2]
            raise _RolledBack
    except _RolledBack:
        pass
    except Refused as error:
        problems.append(Problem("", error.message, dict(error.params)))
    except Exception:
        # One line that nobody thought of must not keep the others from being read.
        log.exception("line %s of a bundle could not be tried", line_id)
        problems.append(_unforeseen())
    with writing():
        found = bundles.lock_line(line_id, bundles.WAITING)
        if found is not None:
            bundles.note_read(found, mark=mark_of(cells, prepared.text), problems=problems, notes=prepared.notes)


def _import_line(line: BundleLine, archive: Archive, names: Names, files: FileStore) -> None:
    """One line becomes an entry with its receipt, or says why it did not: one transaction."""
    line_id, cells, mark = line.id, dict(line.cells), line.mark
    if not bundles.may_still_send(line.bundle):
        _fail(line_id, [_no_longer()])
        return
    if bundles.is_taken(line.bundle.contest_id, mark):
        _fail(line_id, [], doubled=True)
        return
    prepared = prepare(cells, archive, line.bundle.contest.rules)
    kept = Kept([], "")
    try:
        kept = keep(prepared, files)
        with writing() as now:
            found = bundles.lock_line(line_id, bundles.READY)
            if found is None:
                raise _RolledBack
            entry_id, receipt, problems = _built(found, prepared, kept, names, now)
            if problems:
                raise Refused(problems[0].message, code="line", **problems[0].params)
            bundles.note_imported(found, entry_id=entry_id, receipt=receipt)
        return
    except _RolledBack:
        pass  # another worker was quicker
    except Refused as error:
        _fail(line_id, [Problem("", error.message, dict(error.params))])
    except IntegrityError:
        # The same entry came in through another bundle at this very moment.
        _fail(line_id, [], doubled=True)
    except Exception:
        log.exception("line %s of a bundle could not be imported", line_id)
        _fail(line_id, [_unforeseen()])
    for key in kept.keys:
        files.remove(key)


def _built(
    line: BundleLine, prepared: Prepared, kept: Kept, names: Names, now: datetime
) -> tuple[int, str, list[Problem]]:
    entry, receipt, problems = build(
        bundle=line.bundle,
        cells=line.cells,
        prepared=prepared,
        kept=kept,
        names=names,
        now=now,
        wall=clock.wall(),
    )
    return entry.id, receipt, problems


def _fail(line_id: int, problems: list[Problem], *, doubled: bool = False) -> None:
    with writing():
        found = bundles.lock_line(line_id, bundles.READY)
        if found is not None:
            bundles.note_failed(found, problems, doubled=doubled)


def _unforeseen() -> Problem:
    return Problem("", N_("This line could not be read. Please call the secretariat and send it apart."), {})


def _unforeseen_bundle() -> str:
    return N_("This bundle could not be opened. Please send it again, or call the secretariat.")


def _no_longer() -> Problem:
    return Problem("", N_("Whoever sent the bundle no longer acts for this unit."), {})

"""A bundle's zip, opened within bounds. Names in it are only ever compared, never used as paths."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from contest.core.errors import N_, Refused
from contest.core.text import fold, nfc

MOST_BYTES = 64_000_000
_ENTRIES = 4_000
# Documents in the zip are zips themselves, stored as they are, so their directories are counted too.
_SIGNATURE, _SIGNATURES = b"PK\x01\x02", 100_000
_UNPACKED = 400_000_000
_ONE = 24_000_000
_RATIO = 200  # how much smaller than its content a packed file may be; text reaches about 20
_SHEETS = (".xlsx", ".csv")


class Archive:
    """The files of a zip by name; folders are left out of names, so that any nesting works."""

    def __init__(self, content: bytes) -> None:
        """Raises Refused, saying what to do, for what is no zip or no honest one."""
        # Before the directory is read: each of its lines takes ten times its size in memory.
        if content.count(_SIGNATURE) > _SIGNATURES:
            raise _too_much()
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            infos = [info for info in self._zip.infolist() if not info.is_dir()]
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
            raise Refused(
                N_("This is not a zip file. Pack the spreadsheet and the files into one .zip, then send that."),
                code="not_zip",
            ) from error
        if any(info.flag_bits & 0x1 for info in infos):
            raise Refused(N_("The zip file has a password. Pack it again without one."), code="zip_locked")
        if (
            len(infos) > _ENTRIES
            or sum(info.file_size for info in infos) > _UNPACKED
            or any(info.file_size > _RATIO * max(info.compress_size, 1_000) for info in infos)
        ):
            raise _too_much()
        self._by_name: dict[str, zipfile.ZipInfo] = {}
        self.doubled: set[str] = set()
        for info in infos:
            name = _plain(info.filename)
            if not name or name.startswith(("~$", ".")):
                continue
            key = fold(name)
            if key in self._by_name:
                self.doubled.add(key)
            self._by_name[key] = info

    def sheet(self) -> tuple[str, bytes]:
        """The one spreadsheet of the bundle: its name and bytes. Raises Refused when there is none or more."""
        found = [info for key, info in self._by_name.items() if key.endswith(_SHEETS)]
        if len(found) != 1:
            raise Refused(
                N_("The zip file must hold one spreadsheet (.xlsx or .csv); it holds %(count)s."),
                code="no_sheet",
                count=len(found),
            )
        return _plain(found[0].filename), self._read(found[0])

    def file(self, name: str) -> bytes:
        """A file by the name that stands in the spreadsheet. Raises Refused when it is not there, or twice."""
        key = fold(_plain(name))
        info = self._by_name.get(key)
        if info is None:
            raise Refused(N_("The file “%(name)s” is not in the zip file."), code="no_file", name=name[:100])
        if key in self.doubled:
            raise Refused(
                N_("The zip file holds “%(name)s” more than once. Give each file a name of its own."),
                code="file_twice",
                name=name[:100],
            )
        return self._read(info)

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        name = _plain(info.filename)
        if info.file_size > _ONE:
            raise Refused(
                N_("The file “%(name)s” is too large: at most %(most)s MB."),
                code="file_large",
                name=name[:100],
                most=_ONE // 1_000_000,
            )
        try:
            with self._zip.open(info) as file:
                # What the directory says of the size need not be true.
                content = file.read(_ONE + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, EOFError, RuntimeError) as error:
            raise Refused(
                N_("The file “%(name)s” in the zip file is damaged. Pack it again."),
                code="file_damaged",
                name=name[:100],
            ) from error
        if len(content) > _ONE:
            raise Refused(
                N_("The file “%(name)s” is too large: at most %(most)s MB."),
                code="file_large",
                name=name[:100],
                most=_ONE // 1_000_000,
            )
        return content


def _too_much() -> Refused:
    return Refused(
        N_("The zip file holds too much: at most %(files)s files, %(most)s MB in all."),
        code="zip_large",
        files=_ENTRIES,
        most=_UNPACKED // 1_000_000,
    )


def _plain(name: str) -> str:
    """The last part of a name, as people see it. Zips of old Windows hold backslashes."""
    return nfc(PurePosixPath(name.replace("\\", "/")).name).strip()

"""Zip packages (.docx, .odt, .xlsx) opened with suspicion, and their XML fed to a listener piece by piece.

Everything that a hostile package can claim is checked before anything is unpacked: how many parts,
how large, how far they shrink, whether they lie over each other. XML with a document type or an
entity is refused by defusedxml; nothing is ever fetched.
"""

from __future__ import annotations

import functools
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Protocol
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from contest.documents.rules import Limits, Trouble

_END = b"PK\x05\x06"
_PIECE = 64 * 1024
# Text shrinks to a tenth, seldom to a hundredth. Small parts may shrink as far as they like.
_MOST_RATIO, _RATIO_FROM = 200, 2_000_000
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_MOST_DEPTH = 300


class Package:
    """A zip archive whose directory has been checked. `names` are its parts."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        """Raises Trouble: mixed, bomb, unsafe, password, broken."""
        self._limits = limits
        _check_end(content, limits)
        try:
            self._zip = zipfile.ZipFile(BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error, IndexError) as error:
            raise Trouble("broken") from error
        infos = self._zip.infolist()
        self._infos = {info.filename: info for info in infos}
        self.names = frozenset(self._infos)
        if len(infos) > limits.entries:
            raise Trouble("bomb")
        if len(self._infos) != len(infos) or any(map(_odd_name, self.names)):
            raise Trouble("unsafe")
        if any(info.flag_bits & 0x1 for info in infos):
            raise Trouble("password")
        if any(info.compress_type not in _METHODS for info in infos):
            raise Trouble("unsafe")
        if sum(info.file_size for info in infos) > limits.unpacked:
            raise Trouble("bomb")
        for info in infos:
            if info.file_size > max(_RATIO_FROM, _MOST_RATIO * info.compress_size):
                raise Trouble("bomb")
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset < end:  # parts that share their bytes: small to send, endless to unpack
                raise Trouble("bomb")
            end = info.header_offset + info.compress_size

    def size(self, name: str) -> int:
        """Bytes of a part when unpacked, as the directory claims. Reading more is never done."""
        info = self._infos.get(name)
        return info.file_size if info else 0

    def pieces(self, name: str, most: int) -> Iterator[bytes]:
        """The bytes of a part. Raises Trouble: broken when it is not there or damaged, bomb past `most`."""
        if name not in self._infos:
            raise Trouble("broken")
        taken = 0
        try:
            with self._zip.open(name) as part:
                while piece := part.read(_PIECE):
                    taken += len(piece)
                    if taken > most:
                        raise Trouble("bomb")
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error) as error:
            raise Trouble("broken") from error
        except NotImplementedError as error:
            raise Trouble("unsafe") from error

    def read(self, name: str, most: int) -> bytes:
        """A whole part."""
        return b"".join(self.pieces(name, most))

    def feed(self, name: str, listener: Listener | None) -> None:
        """Tell `listener` the XML of a part, piece by piece; None only checks it.

        Raises Trouble: broken, unsafe, bomb.
        """
        parser = DefusedXMLParser(target=_Deep(listener) if listener else _Deaf(), forbid_dtd=True)
        try:
            for piece in self.pieces(name, self._limits.part):
                parser.feed(piece)
            parser.close()
        except DefusedXmlException as error:
            raise Trouble("unsafe") from error
        except (ParseError, UnicodeError, LookupError, AssertionError) as error:
            raise Trouble("broken") from error


class Listener(Protocol):
    """What hears the XML of a part. Names are local ones: a namespace says nothing that matters here."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def data(self, text: str) -> None: ...


class _Deaf:
    """Hears nothing, and so costs nothing."""

    def close(self) -> None:
        pass


class _Deep:
    """Between the parser and a listener: local names, and a bound on depth."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise Trouble("unsafe")
        own = {local(name): value for name, value in attributes.items()} if attributes else attributes
        self._listener.start(local(tag), own)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._listener.end(local(tag))

    def data(self, text: str) -> None:
        self._listener.data(text)

    def close(self) -> Any:
        return None


@functools.lru_cache(maxsize=4_000)
def local(name: str) -> str:
    """`p` of `{http://…}p`."""
    return name.rpartition("}")[2]


def _odd_name(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or "\0" in name or ".." in name.split("/")


def _check_end(content: bytes, limits: Limits) -> None:
    """Check the end record before the library trusts it: the directory's size bounds what it will hold."""
    at = content.rfind(_END, max(0, len(content) - 66_000))
    if at < 0 or at + 22 > len(content):
        raise Trouble("broken")
    count, size, offset = struct.unpack("<HLL", content[at + 10 : at + 20])
    if count == 0xFFFF or size == 0xFFFFFFFF or offset == 0xFFFFFFFF:
        raise Trouble("unsafe")  # the form for archives beyond 4 GB
    if count > limits.entries or size > limits.entries * 400:
        raise Trouble("bomb")
    if offset + size > at:
        raise Trouble("broken")
    if offset + size < at or not content.startswith(b"PK\x03\x04"):
        raise Trouble("mixed")  # something stands before the first part, or between the last and the directory

"""What ISO 19005-2 level A asks of a file, as far as it can be read off its objects without a renderer.

Ours, and no validator: it looks at what archives stumble over (metadata, output intent, fonts inside with their
letters named, tags, language, nothing that runs, is locked or lies elsewhere). `faults` names what is wrong.
"""

from __future__ import annotations

import re
import zlib

from lxml import etree

_PDFAID = "{http://www.aiim.org/pdfa/ns/id/}"
_OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)endobj", re.DOTALL)
_FORBIDDEN = (
    "Encrypt",
    "JavaScript",
    "JS",
    "Launch",
    "Sound",
    "Movie",
    "ResetForm",
    "ImportData",
    "EmbeddedFiles",
    "XFA",
    "AA",
    "OpenAction",
    "LZWDecode",
    "NeedAppearances",
    "Alternates",
    "OPI",
    "FFilter",
    "FDecodeParms",
    "TR2",
)


def faults(content: bytes) -> list[str]:
    """What keeps a file from being archival; none when nothing was found."""
    found = []
    if not re.match(rb"%PDF-1\.[0-7]\r?\n%[\x80-\xff]{4}", content):
        found.append("header")
    objects = _objects(content)
    told = b"\n".join(objects.values())
    found += [f"/{name}" for name in _FORBIDDEN if re.search(rb"/%b\b" % name.encode(), told)]
    found += _metadata(content)
    found += _intent(told, objects)
    found += _fonts(objects)
    if not re.search(rb"/MarkInfo\s*<<[^>]*/Marked true", told) or b"/StructTreeRoot" not in told:
        found.append("no tags")
    if not re.search(rb"/Lang\s*\(", told):
        found.append("no language")
    if not re.search(rb"/ID\s*\[", content):
        found.append("no identifier")
    pictures = [each for each in objects.values() if re.search(rb"/S\s*/Figure\b", each)]
    if not all(re.search(rb"/Alt\b", each) for each in pictures):
        found.append("a picture without words")
    return found


def _objects(content: bytes) -> dict[int, bytes]:
    """The dictionaries of a file by number, those in object streams too; contents of streams are left out."""
    found: dict[int, bytes] = {}
    for number, inside in _OBJECT.findall(content):
        head, _, rest = inside.partition(b"stream")
        if b"/ObjStm" in head:
            found |= _unpacked(head, rest)
        found[int(number)] = head
    return found


def _unpacked(head: bytes, rest: bytes) -> dict[int, bytes]:
    inner = _stream(rest)
    first, count = (int(re.search(rb"/%b (\d+)" % name, head)[1]) for name in (b"First", b"N"))  # type: ignore[index]
    numbers = [int(each) for each in inner[:first].split()]
    places = [*numbers[1 : 2 * count : 2], len(inner)]
    pairs = zip(numbers[: 2 * count : 2], places, places[1:], strict=False)
    return {number: inner[first + at : first + to] for number, at, to in pairs}


def _stream(rest: bytes) -> bytes:
    return zlib.decompressobj().decompress(rest.lstrip(b"\r\n"))


def _metadata(content: bytes) -> list[str]:
    packet = re.search(rb"<x:xmpmeta.*?</x:xmpmeta>", content, re.DOTALL)
    if packet is None:
        return ["no metadata in the clear"]
    tree = etree.fromstring(packet[0])
    said = {name: [each.text for each in tree.iter(_PDFAID + name)] for name in ("part", "conformance")}
    return [] if said == {"part": ["2"], "conformance": ["A"]} else [f"metadata {said}"]


def _intent(told: bytes, objects: dict[int, bytes]) -> list[str]:
    if not re.search(rb"/OutputIntents?\b", told) or b"/GTS_PDFA1" not in told:
        return ["no output intent"]
    profile = re.search(rb"/DestOutputProfile (\d+) 0 R", told)
    return [] if profile and int(profile[1]) in objects else ["no colour profile"]


def _fonts(objects: dict[int, bytes]) -> list[str]:
    described = [each for each in objects.values() if re.search(rb"/Type\s*/FontDescriptor\b", each)]
    written = [each for each in objects.values() if re.search(rb"/Type\s*/Font\b", each)]
    found = [] if described and written else ["no fonts"]
    if not all(re.search(rb"/FontFile[23]?\b", each) for each in described):
        found.append("a font that is not inside")
    if not all(b"/ToUnicode" in each for each in written if b"/DescendantFonts" in each):
        found.append("a font whose letters have no names")
    if any(b"/FontDescriptor" not in each and b"/DescendantFonts" not in each for each in written):
        found.append("a font of the reader's machine")
    return found

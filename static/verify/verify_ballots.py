#!/usr/bin/env python3
"""Checks the log of a public vote against its specification (docs/ballot-log.md), step by step.

    python3 verify_ballots.py FOLDER [--receipt FILE]      FOLDER holds the files of the vote, or is a .zip of them
    python3 verify_ballots.py --self-test

Needs Python 3.11 or later and nothing else: none of the site's code, no package. It was written from the
specification. Exit code: 0 all of it holds; 1 something does not, said in words; 2 the files cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
import zipfile
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

HEX64 = re.compile(r"[0-9a-f]{64}")
BALLOT = re.compile(r"[2-9A-HJKMNP-Z]{16}")
CODE = re.compile(r"[0-9A-Za-z_.:-]{1,100}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
NUMBER = re.compile(r"0|[1-9][0-9]{0,11}")
NAME = r"[!-*,-~]{1,200}"
SIGNATURE = re.compile(rf"— ({NAME}) ([!-~]{{1,400}})")
LONGEST = 200_000  # bytes of a line
MOST = 8 << 30  # bytes of a file
DEEPEST = 8  # objects and lists within one another
BLOCK = 1 << 20


class Wrong(Exception):
    """Something does not hold: at which step, and what."""

    def __init__(self, step: str, what: str) -> None:
        super().__init__(f"{step}: {what}")
        self.step = step


# Ed25519, RFC 8032 §5.1 (verification only)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def _recover_x(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def _point(content: bytes) -> tuple[int, int, int, int] | None:
    number = int.from_bytes(content, "little")
    y = number & ((1 << 255) - 1)
    x = _recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def _add(p: tuple[int, int, int, int], q: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


_BASE_Y = 4 * pow(5, -1, P) % P
_BASE_X = _recover_x(_BASE_Y, 0)
assert _BASE_X is not None
BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)


Table = list[list[tuple[int, int, int, int]]]


def _table(point: tuple[int, int, int, int], bits: int) -> Table:
    """For each digit of `bits` bits of a number, the lowest first: the digit times the point at that place."""
    table = []
    for _ in range(256 // bits):
        row = [(0, 1, 1, 0)]
        for _ in range((1 << bits) - 1):
            row.append(_add(row[-1], point))
        table.append(row)
        point = _add(row[-1], point)
    return table


class Signer:
    """The holder of a public key (32 bytes). With `many` signatures to check, larger tables are worth their making."""

    _bases: dict[int, Table] = {}

    def __init__(self, public: bytes, *, many: bool = False) -> None:
        self._bits = 8 if many else 4
        self._public = public
        point = _point(public) if len(public) == 32 else None
        # The key's opposite: sB - hA is a sum then.
        self._key = _table((P - point[0], point[1], 1, P - point[3]), self._bits) if point is not None else None
        if self._bits not in self._bases:
            self._bases[self._bits] = _table(BASE, self._bits)

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) of `message` is theirs."""
        s = int.from_bytes(signature[32:], "little")
        if self._key is None or len(signature) != 64 or s >= L:
            return False
        challenge = int.from_bytes(hashlib.sha512(signature[:32] + self._public + message).digest(), "little") % L
        total, mask = (0, 1, 1, 0), (1 << self._bits) - 1
        for table, number in ((self._bases[self._bits], s), (self._key, challenge)):
            for row in table:
                if number & mask:
                    total = _add(total, row[number & mask])
                number >>= self._bits
        inverse = pow(total[2], -1, P)
        x, y = total[0] * inverse % P, total[1] * inverse % P
        return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` of `message` is by the holder of `public`."""
    return Signer(public).signed(message, signature)


# The tree, RFC 6962 §2.1


def root_of(peaks: list[bytes]) -> bytes:
    """The root of a tree, kept as the roots of its perfect subtrees, the largest first."""
    if not peaks:
        return hashlib.sha256(b"").digest()
    root = peaks[-1]
    for peak in peaks[-2::-1]:
        root = hashlib.sha256(b"\x01" + peak + root).digest()
    return root


# Reading


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _no_float(text: str) -> object:
    raise ValueError(f"{text[:40]} is no whole number")


def _whole(text: str) -> int:
    if len(text) > 12 or text.startswith("-"):
        raise ValueError(f"{text[:40]} is not from 0 to 999999999999")
    return int(text)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


_DECODE = json.JSONDecoder(
    parse_float=_no_float, parse_constant=_no_float, parse_int=_whole, object_pairs_hook=_once
).decode


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def read_json(line: bytes, step: str, where: str) -> dict:
    """One object that is written canonically. Raises Wrong."""
    try:
        value = _DECODE(line.decode("ascii"))
        if not isinstance(value, dict) or _depth(value) > DEEPEST or canonical(value) != line:
            raise ValueError("not written canonically")
    except (ValueError, RecursionError) as error:
        raise Wrong(step, f"{where} is not a canonical object: {str(error)[:200]}") from None
    return value


def from_base64(text: str, step: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = None
    if content is None or base64.b64encode(content).decode() != text:
        raise Wrong(step, f"{text[:40]!r} is not base64")
    return content


def is_count(value: object, least: int = 0) -> bool:
    return type(value) is int and least <= value < 10**12


def is_code(value: object) -> bool:
    return isinstance(value, str) and CODE.fullmatch(value) is not None


def fits(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def are_codes(value: object, *, ordered: bool) -> bool:
    return (
        isinstance(value, list)
        and all(is_code(each) for each in value)
        and len(set(value)) == len(value)
        and (not ordered or value == sorted(value))
    )


def is_positive(value: object) -> bool:
    return is_count(value, 1)


TERMS = {
    "rules": lambda value: fits(value, HEX64),
    "closes": lambda value: fits(value, INSTANT),
    "minimum": is_count,
    "seats": is_count,
    "tie_break": lambda value: are_codes(value, ordered=False),
}
DECISION = {"number": is_positive, "reason": is_code}
SHAPES = {
    "open": {
        **TERMS,
        "v": lambda value: type(value) is int and value == 1,
        "candidates": lambda value: (
            isinstance(value, dict) and value and all(is_code(key) and is_code(of) for key, of in value.items())
        ),
        "scope": lambda value: value in ("contest", "category", "day"),
        "choices_max": is_positive,
        "choices_per_category": is_count,
        "key": lambda value: isinstance(value, str),
    },
    "ballot": {
        "ballot": lambda value: fits(value, BALLOT),
        "revision": is_positive,
        "tag": lambda value: fits(value, HEX64),
        "commitment": lambda value: fits(value, HEX64),
    },
    "paper": {
        "ballot": lambda value: fits(value, BALLOT),
        "batch": is_code,
        "revision": lambda value: type(value) is int and value == 1,
        "commitment": lambda value: fits(value, HEX64),
    },
    "join": {**DECISION, "candidate": is_code, "category": is_code},
    "stand": {**DECISION, "candidate": is_code, "stands": lambda value: isinstance(value, bool)},
    "amend": {**DECISION, **TERMS},
    "void": {**DECISION, "ballot": lambda value: fits(value, BALLOT), "role": is_code},
    "close": {"ballots": is_count, "number": is_positive},
}
SHAPES["admit"] = SHAPES["void"]
AFTER_THE_CLOSE = ("void", "admit", "stand")


def read_leaf(line: bytes, at: int) -> dict:
    """A leaf by its shape alone. Raises Wrong."""
    leaf = read_json(line, "syntax", f"leaf {at}")
    kind = leaf.get("kind")
    shape = SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None or leaf.keys() != shape.keys() | {"kind", "contest"}:
        raise Wrong("syntax", f"leaf {at} has other keys than its kind")
    for name, holds in (*shape.items(), ("contest", is_code)):
        if not holds(leaf[name]):
            raise Wrong("syntax", f"leaf {at}: {name} is not what it must be")
    return leaf


class Folder:
    """The files of a vote, from a folder or a .zip. Large ones are read in parts, as often as they are asked for."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path) if path.is_file() else None
        self._path = path

    def has(self, name: str) -> bool:
        return name in self._zip.namelist() if self._zip is not None else (self._path / name).exists()

    def _open(self, name: str):  # noqa: ANN202 -- a binary stream of either kind
        size = self._zip.getinfo(name).file_size if self._zip is not None else (self._path / name).stat().st_size
        if size > MOST:
            raise OSError(f"{name} is too large")
        return self._zip.open(name) if self._zip is not None else (self._path / name).open("rb")

    def read(self, name: str, most: int, step: str) -> bytes:
        """A small file. Raises Wrong for one of more than `most` bytes."""
        with self._open(name) as stream:
            content = stream.read(most + 1)
        if len(content) > most:
            raise Wrong(step, f"{name} is too large")
        return content

    def lines(self, name: str, step: str) -> Iterator[list[bytes]]:
        """The lines without their line feeds, many at a time. Raises Wrong where a line has no end."""
        rest = b""
        with self._open(name) as stream:
            while block := stream.read(BLOCK):
                *whole, rest = (rest + block).split(b"\n")
                if len(rest) > LONGEST or (whole and len(max(whole, key=len)) > LONGEST):
                    raise Wrong(step, f"{name} has a line that is too long")
                yield whole
        if rest:
            raise Wrong(step, f"{name} does not end with a line feed")


# The steps


def read_key(content: bytes) -> tuple[str, bytes, bytes]:
    """Name, key id and public key of a verifier key."""
    parts = content.decode("latin-1").removesuffix("\n").split("+", 2)
    if len(parts) != 3 or not re.fullmatch(NAME, parts[0]):
        raise Wrong("key", "not a verifier key")
    key = from_base64(parts[2], "key")
    ident = hashlib.sha256(parts[0].encode() + b"\n" + key).digest()[:4]
    if len(key) != 33 or key[0] != 1 or ident.hex() != parts[1]:
        raise Wrong("key", "not an Ed25519 verifier key")
    return parts[0], ident, key[1:]


def hold_first_leaf(folder: Folder, key_text: str) -> None:
    """The first leaf names this key; what else is wrong with it is said by a later step."""
    try:
        first = next((block[0] for block in folder.lines("log.jsonl", "root") if block), b"")
        leaf = read_leaf(first, 0)
    except Wrong:
        return
    if leaf["kind"] == "open" and leaf["key"] != key_text:
        raise Wrong("key", "the first leaf names another key")


def read_checkpoints(content: bytes, name: str, ident: bytes, signer: Signer) -> list[tuple[int, bytes]]:
    """Size and root of each checkpoint, its signature checked."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Wrong("signature", "checkpoints.txt is not text") from None
    if text and not text.endswith("\n"):
        raise Wrong("signature", "checkpoints.txt does not end with a line feed")
    parts = text[:-1].split("\n\n") if text else []
    if len(parts) % 2:
        raise Wrong("signature", "checkpoints.txt is not a row of signed notes")
    found = []
    for number, (body, signatures) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
        where = f"checkpoint {number}"
        lines = body.split("\n")
        if len(lines) != 3 or lines[0] != name or not NUMBER.fullmatch(lines[1]):
            raise Wrong("signature", f"{where} is not one of this log")
        root = from_base64(lines[2], "signature")
        if len(root) != 32:
            raise Wrong("signature", f"{where} has no root")
        ours = None
        for line in signatures.split("\n"):
            signed = SIGNATURE.fullmatch(line)
            if signed is None:
                raise Wrong("signature", f"{where} has a line that is no signature")
            given = from_base64(signed[2], "signature")
            if ours is None and signed[1] == name and given[:4] == ident:
                ours = given[4:]
        if ours is None:
            raise Wrong("signature", f"{where} is not signed by the log's key")
        if not signer.signed((body + "\n").encode(), ours):
            raise Wrong("signature", f"{where}: the signature does not hold")
        found.append((int(lines[1]), root))
    return found


def hold_against(folder: Folder, checkpoints: list[tuple[int, bytes]]) -> int:
    """The tree of the lines is the one of each checkpoint. How many lines there are."""
    wanted: dict[int, set[bytes]] = {}
    for size, root in checkpoints:
        wanted.setdefault(size, set()).add(root)
    peaks: list[bytes] = []
    size, differing = 0, [0] if 0 in wanted and wanted[0] != {root_of(peaks)} else []
    sha256 = hashlib.sha256
    for block in folder.lines("log.jsonl", "root"):
        for line in block:
            node, carry = sha256(b"\x00" + line).digest(), size
            while carry & 1:
                node = sha256(b"\x01" + peaks.pop() + node).digest()
                carry >>= 1
            peaks.append(node)
            size += 1
            if size in wanted and wanted[size] != {root_of(peaks)}:
                differing.append(size)
    if not checkpoints:
        raise Wrong("root", "there is no checkpoint")
    if checkpoints[-1][0] != size:
        raise Wrong("root", f"the log has {size} leaves, its last checkpoint {checkpoints[-1][0]}")
    if checkpoints[-1][1] != root_of(peaks):
        raise Wrong("root", "the last checkpoint is not over these leaves")
    if any(later[0] < earlier[0] for earlier, later in zip(checkpoints, checkpoints[1:])):
        raise Wrong("prefix", "a later checkpoint is smaller")
    if differing:
        raise Wrong("prefix", f"the checkpoint of size {differing[0]} is not over the first leaves")
    return size


class Log:
    """What the leaves say: read once, their syntax checked, and what is to be unique is."""

    def __init__(self, folder: Folder, checkpoints: list[tuple[int, bytes]]) -> None:
        self._sizes = sorted({size for size, _root in checkpoints})
        self.opening: dict = {}
        self.terms: dict = {}
        self.category: dict[str, str] = {}  # of each candidate there ever was
        self.stands: dict[str, tuple[int, bool]] = {}
        self.heads: dict[bytes, tuple[bytes, bytes]] = {}  # ballot → tag and commitment of the first leaf met
        self.later: dict[bytes, dict[int, bytes]] = {}  # where there is more than revision 1: revision → commitment
        self.paper = 0
        self.decided: dict[bytes, tuple[int, str, str]] = {}  # ballot → the latest (number, kind, reason)
        self._tags: set[bytes] = set()
        self._numbers: dict[int, str] = {}
        self._joined: set[str] = set()
        self._named: list[tuple[str, int]] = []  # candidates that fell out or came back
        self._amended = 0
        self._closing: dict | None = None
        self._last = sys.maxsize  # where ballots end
        self._not_unique = ""
        self._read(folder)
        self._check_whole()

    def _read(self, folder: Folder) -> None:
        at, ballots = 0, None
        unhex = binascii.unhexlify
        for block in folder.lines("log.jsonl", "root"):
            for line in block:
                plain = ballots(line) if ballots is not None else None
                if plain is not None and at < self._last:
                    self._ballot(plain[1], unhex(plain[4]), int(plain[3]), unhex(plain[2]), at)
                else:
                    self._leaf(read_leaf(line, at), at)
                    if at == 0:
                        ballots = _ballot_pattern(self.opening["contest"])
                at += 1
        if not at:
            raise Wrong("syntax", "the log is empty")

    def _ballot(self, ballot: bytes, tag: bytes, revision: int, commitment: bytes, at: int) -> None:
        held = self.heads.get(ballot)
        if held is None:
            if tag in self._tags:
                self._odd(f"leaf {at}: another ballot has the tag of {ballot.decode()}")
            self._tags.add(tag)
            self.heads[ballot] = (tag, commitment)
            if revision != 1:
                self.later[ballot] = {revision: commitment}
            return
        revisions = self.later.setdefault(ballot, {1: held[1]})
        if revision in revisions or tag != held[0] or not tag:
            self._odd(f"leaf {at}: ballot {ballot.decode()} stands twice, or has two tags")
        revisions[revision] = commitment

    def _odd(self, what: str) -> None:
        # Told only when all of the log is read: that each line is a leaf comes first.
        self._not_unique = self._not_unique or what

    def _leaf(self, leaf: dict, at: int) -> None:
        kind = leaf["kind"]
        if (kind == "open") != (at == 0):
            raise Wrong("syntax", f"leaf {at}: the log is opened by its first leaf and no other")
        if kind == "open":
            self.opening = self.terms = leaf
            self.category = dict(leaf["candidates"])
            self.stands = dict.fromkeys(self.category, (0, True))
            return
        if leaf["contest"] != self.opening["contest"]:
            raise Wrong("syntax", f"leaf {at} is of another contest")
        if kind in ("ballot", "paper"):
            if at >= self._last:
                raise Wrong("syntax", f"leaf {at}: a ballot follows the closing")
            ballot, commitment = leaf["ballot"].encode(), bytes.fromhex(leaf["commitment"])
            if kind == "ballot":
                self._ballot(ballot, bytes.fromhex(leaf["tag"]), leaf["revision"], commitment, at)
            elif ballot in self.heads:
                self._odd(f"leaf {at}: ballot {leaf['ballot']} stands twice")
            else:
                self.heads[ballot] = (b"", commitment)
                self.paper += 1
            return
        if leaf["number"] in self._numbers:
            raise Wrong("syntax", f"leaf {at}: number {leaf['number']} stands twice")
        self._numbers[leaf["number"]] = kind
        self._decision(leaf, kind, leaf["number"], at)

    def _decision(self, leaf: dict, kind: str, number: int, at: int) -> None:
        if kind == "close":
            if self._closing is not None:
                raise Wrong("syntax", f"leaf {at}: the log is closed twice")
            self._closing = leaf
            self._last = self._sizes[bisect_right(self._sizes, at)]
        elif kind == "amend":
            if number > self._amended:
                self._amended, self.terms = number, leaf
        elif kind == "join":
            candidate = leaf["candidate"]
            if candidate in self.opening["candidates"] or candidate in self._joined:
                self._odd(f"leaf {at}: {candidate} is a candidate already")
            self._joined.add(candidate)
            self.category.setdefault(candidate, leaf["category"])
            self._stand(candidate, number, stands=True)
        elif kind == "stand":
            self._named.append((leaf["candidate"], at))
            self._stand(leaf["candidate"], number, stands=leaf["stands"])
        else:
            ballot = leaf["ballot"].encode()
            if number > self.decided.get(ballot, (0, "", ""))[0]:
                self.decided[ballot] = (number, kind, leaf["reason"])

    def _stand(self, candidate: str, number: int, *, stands: bool) -> None:
        if number > self.stands.get(candidate, (-1, True))[0]:
            self.stands[candidate] = (number, stands)

    def _check_whole(self) -> None:
        if self._numbers and max(self._numbers) != len(self._numbers):
            raise Wrong("syntax", "a number is missing")
        if self._closing is not None:
            closed = self._closing["number"]
            if any(number > closed and kind not in AFTER_THE_CLOSE for number, kind in self._numbers.items()):
                raise Wrong("syntax", "something was decided after the closing that cannot be")
        if self._not_unique:
            raise Wrong("unique", self._not_unique)
        for ballot in self.decided:
            if ballot not in self.heads:
                raise Wrong("unique", f"a decision is about {ballot.decode()}, and there is no such ballot")
        for candidate, at in self._named:
            if candidate not in self.category:
                raise Wrong("unique", f"leaf {at}: {candidate} is no candidate")
        for ballot, revisions in self.later.items():
            if max(revisions) != len(revisions):
                raise Wrong("unique", f"ballot {ballot.decode()} lacks a revision")
        if self._closing is not None and self._closing["ballots"] != len(self.heads):
            raise Wrong("unique", f"the closing counts {self._closing['ballots']} ballots, there are {len(self.heads)}")

    @property
    def closed(self) -> bool:
        return self._closing is not None

    def counts(self, ballot: bytes) -> bool:
        return self.decided.get(ballot, (0, "admit", ""))[1] != "void"

    def last(self, ballot: bytes) -> tuple[int, bytes]:
        """The last revision of a ballot, and what it committed to."""
        revisions = self.later.get(ballot)
        return (len(revisions), revisions[len(revisions)]) if revisions else (1, self.heads[ballot][1])

    def standing(self) -> list[str]:
        return [each for each, (_number, stands) in self.stands.items() if stands]


def _ballot_pattern(contest: str):  # noqa: ANN202 -- a function of a line
    """Matches what nearly all lines are, so that they need not be read as JSON: the very same bytes."""
    pattern = (
        rb'\{"ballot":"([2-9A-HJKMNP-Z]{16})","commitment":"([0-9a-f]{64})","contest":"'
        + re.escape(contest.encode())
        + rb'","kind":"ballot","revision":([1-9][0-9]{0,11}),"tag":"([0-9a-f]{64})"\}'
    )
    return re.compile(pattern).fullmatch


def commitment_of(contest: str, ballot: str, revision: int, choices: list[str], salt: str) -> str:
    lines = ("guong-sang/ballot/v1", contest, ballot, str(revision), ",".join(choices), salt)
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()


OPENING = re.compile(
    rb'\{"ballot":"([2-9A-HJKMNP-Z]{16})","choices":\[("[0-9A-Za-z_.:-]{1,100}"(?:,"[0-9A-Za-z_.:-]{1,100}")*)\],'
    rb'"revision":([1-9][0-9]{0,11}),"salt":"([0-9a-f]{64})"\}'
)
MANY = 100_000  # choices that are remembered to be in order


def _hold_choices(log: Log, choices: list[str]) -> None:
    """Raises ValueError."""
    if not are_codes(choices, ordered=True) or not 1 <= len(choices) <= log.opening["choices_max"]:
        raise ValueError("choices are not as they are written, or too many")
    if any(each not in log.category for each in choices):
        raise ValueError("a choice is no candidate")
    of = [log.category[each] for each in choices]
    if log.opening["scope"] == "category" and len(set(of)) > 1:
        raise ValueError("choices of more than one category on a ballot for one")
    most = log.opening["choices_per_category"]
    if most and any(of.count(each) > most for each in set(of)):
        raise ValueError("too many choices of one category")


def tally_of(log: Log, folder: Folder) -> dict:
    """The count, from openings that are held against their commitments."""
    sha256, decided, heads, later = hashlib.sha256, log.decided, log.heads, log.later
    start = f"guong-sang/ballot/v1\n{log.opening['contest']}\n".encode()
    joined: dict[bytes, bytes] = {}
    made: dict[bytes, int] = {}  # choices → ballots
    seen: set[bytes] = set()
    at = 0
    for block in folder.lines("openings.jsonl", "openings"):
        for line in block:
            found = OPENING.fullmatch(line)
            if found is None:
                raise Wrong("openings", f"opening {at} is not what an opening must be")
            ballot, choices, revision, salt = found.groups()
            head = heads.get(ballot)
            if head is None or ballot in seen or (ballot in decided and not log.counts(ballot)):
                raise Wrong("openings", f"opening {at}: ballot {ballot.decode()} does not count, or is opened twice")
            number, commitment = log.last(ballot) if ballot in later else (1, head[1])
            if int(revision) != number:
                raise Wrong("openings", f"opening {at}: this is not the last revision of ballot {ballot.decode()}")
            text = joined.get(choices)
            if text is None:
                text = choices.replace(b'"', b"")
                try:
                    _hold_choices(log, text.decode().split(","))
                except ValueError as error:
                    raise Wrong("openings", f"opening {at}: {error}") from None
                if len(joined) < MANY:
                    joined[choices] = text
            if sha256(start + ballot + b"\n" + revision + b"\n" + text + b"\n" + salt + b"\n").digest() != commitment:
                raise Wrong("openings", f"opening {at}: ballot {ballot.decode()} was committed to other choices")
            seen.add(ballot)
            made[text] = made.get(text, 0) + 1
            at += 1
    set_aside: dict[str, int] = {}
    for _number, kind, reason in decided.values():
        if kind == "void":
            set_aside[reason] = set_aside.get(reason, 0) + 1
    if len(seen) != len(heads) - sum(set_aside.values()):
        raise Wrong("openings", "a ballot that counts is not opened")
    votes = dict.fromkeys(log.standing(), 0)
    valid = 0
    for text, ballots in made.items():
        standing = [each for each in text.decode().split(",") if each in votes]
        valid += ballots if standing else 0
        for each in standing:
            votes[each] += ballots
    return {
        "cast": len(heads),
        "lapsed": len(seen) - valid,
        "paper": log.paper,
        "set_aside": set_aside,
        "valid": valid,
        "votes": votes,
    }


def winners_of(log: Log, tally: dict, places: dict[str, int]) -> tuple[list[str], list[str]]:
    """Who has the prize, and who is level for it after all rules."""
    seats, votes = log.terms["seats"], tally["votes"]
    if tally["valid"] < log.terms["minimum"] or not any(votes.values()) or not seats:
        return [], []
    by_jury = "better_jury_rank" in log.terms["tie_break"]

    def rank(each: str) -> tuple[int, float]:
        return -votes[each], places.get(each, float("inf")) if by_jury else 0

    ordered = sorted((each for each in votes if votes[each]), key=rank)
    if len(ordered) <= seats:
        return sorted(ordered), []
    line = rank(ordered[seats - 1])
    if rank(ordered[seats]) != line:
        return sorted(ordered[:seats]), []
    return sorted(each for each in ordered if rank(each) < line), sorted(each for each in ordered if rank(each) == line)


def check_result(log: Log, tally: dict, content: bytes) -> dict:
    if not content.endswith(b"\n"):
        raise Wrong("tally", "result.json is not one line")
    result = read_json(content[:-1], "tally", "result.json")
    if result.keys() != {"awarded", "contest", "departs", "places", "tally", "tied", "winners"}:
        raise Wrong("tally", "result.json has other keys than it must")
    if result["contest"] != log.opening["contest"]:
        raise Wrong("tally", "result.json is of another contest")
    if result["tally"] != tally or canonical(result["tally"]) != canonical(tally):
        raise Wrong("tally", f"announced {result['tally']}, counted {tally}")
    places = result["places"]
    if not isinstance(places, dict) or not all(is_code(each) and is_positive(places[each]) for each in places):
        raise Wrong("winners", "the jury's places are missing")
    winners, tied = winners_of(log, tally, places)
    if result["winners"] != winners or result["tied"] != tied:
        raise Wrong("winners", f"announced {result['winners']} and {result['tied']}, found {winners} and {tied}")
    awarded, departs = result["awarded"], result["departs"]
    if not are_codes(awarded, ordered=True) or not all(each in tally["votes"] for each in awarded):
        raise Wrong("winners", "who was awarded is not among those who stand")
    if not are_codes(departs, ordered=True) or (awarded == winners) != (not departs):
        raise Wrong("winners", f"awarded {awarded}, won {winners}, and it is not said why")
    return result


def check_receipt(log: Log, receipt: dict, signer: Signer) -> list[str]:
    """What a receipt's holder is told. Raises Wrong where it does not hold."""
    step = "receipt"
    wanted = {"ballot", "commitment", "contest", "promise", "revision", "tag", "at"}
    if receipt.keys() not in (wanted, wanted | {"choices", "salt"}):
        raise Wrong(step, "not a receipt")
    leaf = {name: receipt[name] for name in ("ballot", "commitment", "contest", "revision", "tag")}
    if not all(holds(leaf[name]) for name, holds in SHAPES["ballot"].items()) or not is_count(receipt["at"]):
        raise Wrong(step, "not a receipt")
    if receipt["contest"] != log.opening["contest"] or not isinstance(receipt["promise"], str):
        raise Wrong(step, "not a receipt of this contest")
    leaf_hash = hashlib.sha256(b"\x00" + canonical({**leaf, "kind": "ballot"})).hexdigest()
    promised = f"guong-sang/promise/v1\n{leaf_hash}\n{receipt['at']}\n"
    if not signer.signed(promised.encode(), from_base64(receipt["promise"], step)):
        raise Wrong(step, "the promise is not signed by the log's key")
    ballot, revision = receipt["ballot"].encode(), receipt["revision"]
    head = log.heads.get(ballot)
    kept = log.later.get(ballot, {1: head[1]}) if head is not None else {}
    commitment = bytes.fromhex(receipt["commitment"])
    if head is None or head[0].hex() != receipt["tag"] or kept.get(revision) != commitment:
        raise Wrong(step, "this ballot is not in the log, although it was promised")
    if "salt" in receipt:
        choices, salt = receipt["choices"], receipt["salt"]
        if not are_codes(choices, ordered=True) or not fits(salt, HEX64):
            raise Wrong(step, "not a receipt")
        if commitment_of(receipt["contest"], receipt["ballot"], revision, choices, salt) != receipt["commitment"]:
            raise Wrong(step, "these choices are not what was committed to")
    told = [f"Ballot {receipt['ballot']}, revision {revision}, is in the log."]
    if revision != len(kept):
        told.append(f"It was changed later: revision {len(kept)} counts.")
    if not log.counts(ballot):
        told.append(f"It was set aside: {log.decided[ballot][2]}.")
    return told


def check(folder: Folder, receipt: dict | None = None) -> list[str]:
    """All that the files allow to check, told line by line. Raises Wrong, OSError, KeyError."""
    content = folder.read("key.txt", 10_000, "key")
    name, ident, public = read_key(content)
    hold_first_leaf(folder, content.decode("latin-1").removesuffix("\n"))
    notes = folder.read("checkpoints.txt", 1 << 29, "signature")
    signer = Signer(public, many=len(notes) > 200_000)
    checkpoints = read_checkpoints(notes, name, ident, signer)
    leaves = hold_against(folder, checkpoints)
    log = Log(folder, checkpoints)
    told = [
        f"{leaves} leaves under {len(checkpoints)} signed checkpoints: nothing was removed or changed.",
        f"{len(log.heads)} ballots, {log.paper} of them on paper; {'closed' if log.closed else 'still open'}.",
    ]
    if folder.has("openings.jsonl"):
        if not log.closed:
            raise Wrong("openings", "choices are opened although the log is not closed")
        tally = tally_of(log, folder)
        told.append(
            f"cast {tally['cast']}, valid {tally['valid']}, lapsed {tally['lapsed']}, set aside {tally['set_aside']}"
        )
        told += [
            f"  {votes:>9}  {each}"
            for each, votes in sorted(tally["votes"].items(), key=lambda pair: (-pair[1], pair[0]))
        ]
        if folder.has("result.json"):
            result = check_result(log, tally, folder.read("result.json", LONGEST + 1, "tally"))
            told.append(f"What was announced is what was counted. Winners: {', '.join(result['winners']) or 'none'}.")
            if result["departs"]:
                given = ", ".join(result["awarded"]) or "nobody"
                told.append(
                    f"The prize went to {given}, otherwise than by the count alone: {', '.join(result['departs'])}."
                )
    if receipt is not None:
        told += check_receipt(log, receipt, signer)
    return told


# RFC 8032 §7.1, tests 1 to 3: public key, message, signature
VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)


def self_test() -> bool:
    """The signatures of RFC 8032 hold, and with any byte changed none does."""
    for key, message, signature in VECTORS:
        public, content, signed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
        if not ed25519_holds(public, content, signed):
            return False
        for at in range(0, 64, 7):
            changed = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
            if ed25519_holds(public, content, changed) or ed25519_holds(public, content + b"x", signed):
                return False
    return True


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks the log of a public vote.")
    parser.add_argument("folder", nargs="?", type=Path, help="the files of the vote: a folder or a .zip")
    parser.add_argument("--receipt", type=Path, help="your receipt, as it was downloaded")
    parser.add_argument("--self-test", action="store_true", help="try this program's own Ed25519 on RFC 8032's vectors")
    chosen = parser.parse_args(arguments)
    if chosen.self_test:
        holds = self_test()
        print("RFC 8032: " + ("holds" if holds else "DOES NOT HOLD"))
        return 0 if holds else 1
    if chosen.folder is None:
        parser.print_usage()
        return 2
    try:
        receipt = json.loads(chosen.receipt.read_text("utf-8")) if chosen.receipt else None
        if receipt is not None and not isinstance(receipt, dict):
            raise Wrong("receipt", "not a receipt")
        told = check(Folder(chosen.folder), receipt)
    except Wrong as error:
        print(f"DOES NOT HOLD. Step {error}")
        return 1
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        print(f"The files cannot be read: {error}")
        return 2
    print("\n".join([*told, "ALL OF IT HOLDS."]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

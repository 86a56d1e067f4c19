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
from pathlib import Path

HEX32, HEX64 = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{64}")
WORD = re.compile(r"[0-9A-Za-z_.:-]{1,100}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
LONGEST = 200_000  # bytes of a line
MOST = 4 << 30  # bytes of a file


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


def _times(number: int, point: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _add(total, point)
        point = _add(point, point)
        number >>= 1
    return total


_BASE_Y = 4 * pow(5, -1, P) % P
_BASE_X = _recover_x(_BASE_Y, 0)
assert _BASE_X is not None
BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `message` is by the holder of `public` (32 bytes)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or s >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = _times(s, BASE), _add(commitment, _times(challenge, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# The tree, RFC 6962 §2.1


def grow(peaks: list[bytes], size: int, leaf: bytes) -> None:
    """Add the hash of a leaf to a tree of `size`, kept as the roots of its perfect subtrees."""
    peaks.append(leaf)
    while size & 1:
        right, left = peaks.pop(), peaks.pop()
        peaks.append(hashlib.sha256(b"\x01" + left + right).digest())
        size >>= 1


def root_of(peaks: list[bytes]) -> bytes:
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
    raise ValueError(f"{text} is no whole number")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


_DECODE = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_once).decode


def read_json(line: bytes, step: str, where: str) -> dict:
    """One object that is written canonically. Raises Wrong."""
    if len(line) > LONGEST:
        raise Wrong(step, f"{where} is too long")
    try:
        value = _DECODE(line.decode("ascii"))
        if not isinstance(value, dict) or canonical(value) != line:
            raise ValueError("not written canonically")
    except (ValueError, RecursionError) as error:
        raise Wrong(step, f"{where} is not a canonical object: {error}") from None
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
    return isinstance(value, str) and WORD.fullmatch(value) is not None


def is_hex(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def are_codes(value: object, *, ordered: bool) -> bool:
    return (
        isinstance(value, list)
        and all(is_code(each) for each in value)
        and len(set(value)) == len(value)
        and (not ordered or value == sorted(value))
    )


SHAPES = {
    "open": {
        "v": lambda value: value == 1 and type(value) is int,
        "rules": lambda value: is_hex(value, HEX64),
        "candidates": lambda value: are_codes(value, ordered=True) and value,
        "choices_max": lambda value: is_count(value, 1),
        "closes": lambda value: isinstance(value, str) and INSTANT.fullmatch(value),
        "minimum": is_count,
        "seats": lambda value: is_count(value, 0),
        "tie_break": lambda value: are_codes(value, ordered=False),
        "key": lambda value: isinstance(value, str),
    },
    "ballot": {
        "ballot": lambda value: is_hex(value, HEX32),
        "revision": lambda value: is_count(value, 1),
        "tag": lambda value: is_hex(value, HEX64),
        "commitment": lambda value: is_hex(value, HEX64),
    },
    "stand": {
        "candidate": is_code,
        "stands": lambda value: isinstance(value, bool),
        "number": lambda value: is_count(value, 1),
        "reason": is_code,
    },
    "void": {
        "ballot": lambda value: is_hex(value, HEX32),
        "number": lambda value: is_count(value, 1),
        "reason": is_code,
        "role": is_code,
    },
    "close": {"ballots": is_count, "number": lambda value: is_count(value, 1)},
}
SHAPES["admit"] = SHAPES["void"]


class Folder:
    """The files of a vote, from a folder or a .zip."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path) if path.is_file() else None
        self._path = path

    def read(self, name: str) -> bytes:
        if self._zip is not None:
            found = self._zip.getinfo(name)
            if found.file_size > MOST:
                raise OSError(f"{name} is too large")
            return self._zip.read(name)
        if (self._path / name).stat().st_size > MOST:
            raise OSError(f"{name} is too large")
        return (self._path / name).read_bytes()

    def has(self, name: str) -> bool:
        return name in self._zip.namelist() if self._zip is not None else (self._path / name).exists()


# The steps


def read_key(text: str) -> tuple[str, bytes, bytes]:
    """Name, key id and public key of a verifier key."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not re.fullmatch(r"[^\s+]{1,200}", parts[0]):
        raise Wrong("key", "not a verifier key")
    content = from_base64(parts[2], "key")
    ident = hashlib.sha256(parts[0].encode() + b"\n" + content).digest()[:4]
    if len(content) != 33 or content[0] != 1 or ident.hex() != parts[1]:
        raise Wrong("key", "not an Ed25519 verifier key")
    return parts[0], ident, content[1:]


def read_checkpoints(text: str, key: tuple[str, bytes, bytes]) -> list[tuple[int, bytes]]:
    """Size and root of each checkpoint, its signature checked."""
    name, ident, public = key
    parts = text.split("\n\n")
    if not text.endswith("\n") or len(parts) % 2:
        raise Wrong("signature", "checkpoints.txt is not a row of signed notes")
    parts[-1] = parts[-1][:-1]
    found = []
    for number, (body, signatures) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
        where = f"checkpoint {number}"
        lines = body.split("\n")
        if len(lines) != 3 or lines[0] != name or not SIZE.fullmatch(lines[1]):
            raise Wrong("signature", f"{where} is not one of this log")
        root = from_base64(lines[2], "signature")
        if len(root) != 32:
            raise Wrong("signature", f"{where} has no root")
        for line in signatures.split("\n"):
            signed = re.fullmatch(r"— (\S{1,200}) (\S{1,400})", line)
            if signed is None:
                raise Wrong("signature", f"{where} has a line that is no signature")
            content = from_base64(signed[2], "signature")
            if signed[1] == name and content[:4] == ident:
                if not ed25519_holds(public, (body + "\n").encode(), content[4:]):
                    raise Wrong("signature", f"{where}: the signature does not hold")
                break
        else:
            raise Wrong("signature", f"{where} is not signed by the log's key")
        found.append((int(lines[1]), root))
    return found


class Log:
    """The leaves, read once: their tree held against the checkpoints, their syntax and their uniqueness."""

    def __init__(self, content: bytes, key_text: str, checkpoints: list[tuple[int, bytes]]) -> None:
        if content and not content.endswith(b"\n"):
            raise Wrong("syntax", "log.jsonl does not end with a line feed")
        self.lines = content.split(b"\n")[:-1]
        self._hold_against(checkpoints)
        self.opening: dict = {}
        self.tags: dict[str, str] = {}  # tag → ballot
        self.ballots: dict[str, dict[int, str]] = {}  # ballot → revision → commitment
        self._tag_of: dict[str, str] = {}
        self.decided: dict[str, tuple[int, str, str]] = {}  # ballot → the latest (number, kind, reason)
        self.stands: dict[str, tuple[int, bool]] = {}
        self._numbers: set[int] = set()
        self._closing: dict | None = None
        self._named: list[tuple[str, int]] = []
        self._read(key_text, checkpoints)

    def _hold_against(self, checkpoints: list[tuple[int, bytes]]) -> None:
        if not checkpoints:
            raise Wrong("root", "there is no checkpoint")
        if checkpoints[-1][0] != len(self.lines):
            raise Wrong("root", f"the log has {len(self.lines)} leaves, its last checkpoint {checkpoints[-1][0]}")
        if any(later[0] < earlier[0] for earlier, later in zip(checkpoints, checkpoints[1:])):
            raise Wrong("prefix", "a later checkpoint is smaller")
        wanted: dict[int, set[bytes]] = {}
        for size, root in checkpoints:
            wanted.setdefault(size, set()).add(root)
        peaks: list[bytes] = []
        sha256 = hashlib.sha256
        differing = [0] if 0 in wanted and wanted[0] != {root_of(peaks)} else []
        for size, line in enumerate(self.lines):
            grow(peaks, size, sha256(b"\x00" + line).digest())
            if size + 1 in wanted and wanted[size + 1] != {root_of(peaks)}:
                differing.append(size + 1)
        if len(self.lines) in differing:
            raise Wrong("root", "the last checkpoint is not over these leaves")
        if differing:
            raise Wrong("prefix", f"the checkpoint of size {differing[0]} is not over the first leaves")

    def _read(self, key_text: str, checkpoints: list[tuple[int, bytes]]) -> None:
        for at, line in enumerate(self.lines):
            where = f"leaf {at}"
            leaf = read_json(line, "syntax", where)
            kind = leaf.get("kind")
            shape = SHAPES.get(kind) if isinstance(kind, str) else None
            if shape is None or leaf.keys() != shape.keys() | {"kind", "contest"}:
                raise Wrong("syntax", f"{where} has other keys than its kind")
            for name, holds in shape.items():
                if not holds(leaf[name]):
                    raise Wrong("syntax", f"{where}: {name} is not what it must be")
            if (kind == "open") != (at == 0):
                raise Wrong("syntax", f"{where}: the log is opened by its first leaf and no other")
            if at == 0:
                if leaf["key"] != key_text:
                    raise Wrong("key", "the first leaf names another key")
                if not is_code(leaf["contest"]):
                    raise Wrong("syntax", f"{where}: contest is not what it must be")
                self.opening = leaf
                self.stands = {each: (0, True) for each in leaf["candidates"]}
            elif leaf["contest"] != self.opening["contest"]:
                raise Wrong("syntax", f"{where} is of another contest")
            self._take(leaf, at)
        self._check_whole(checkpoints)

    def _take(self, leaf: dict, at: int) -> None:
        kind = leaf["kind"]
        if kind == "ballot":
            ballot, tag, revisions = leaf["ballot"], leaf["tag"], self.ballots.setdefault(leaf["ballot"], {})
            if leaf["revision"] in revisions:
                raise Wrong("unique", f"leaf {at}: revision {leaf['revision']} of ballot {ballot} stands twice")
            if self.tags.setdefault(tag, ballot) != ballot or self._tag_of.setdefault(ballot, tag) != tag:
                raise Wrong("unique", f"leaf {at}: ballot {ballot} and its tag do not belong together alone")
            revisions[leaf["revision"]] = leaf["commitment"]
        elif kind != "open":
            number = leaf["number"]
            if number in self._numbers:
                raise Wrong("syntax", f"leaf {at}: number {number} stands twice")
            self._numbers.add(number)
            if kind == "stand":
                if leaf["candidate"] not in self.stands:
                    raise Wrong("unique", f"leaf {at}: {leaf['candidate']} is no candidate")
                if number > self.stands[leaf["candidate"]][0]:
                    self.stands[leaf["candidate"]] = (number, leaf["stands"])
            elif kind == "close":
                if self._closing is not None:
                    raise Wrong("syntax", f"leaf {at}: the log is closed twice")
                self._closing = {**leaf, "at": at}
            else:
                self._named.append((leaf["ballot"], at))
                if number > self.decided.get(leaf["ballot"], (0, "", ""))[0]:
                    self.decided[leaf["ballot"]] = (number, kind, leaf["reason"])

    def _check_whole(self, checkpoints: list[tuple[int, bytes]]) -> None:
        if not self.lines:
            raise Wrong("syntax", "the log is empty")
        if self._numbers and max(self._numbers) != len(self._numbers):
            raise Wrong("syntax", "a number is missing")
        for ballot, at in self._named:
            if ballot not in self.ballots:
                raise Wrong("unique", f"leaf {at}: there is no ballot {ballot}")
        for ballot, revisions in self.ballots.items():
            if max(revisions) != len(revisions):
                raise Wrong("unique", f"ballot {ballot} lacks a revision")
        if self._closing is not None:
            if self._closing["number"] != len(self._numbers):
                raise Wrong("syntax", "something was decided after the closing")
            batch = min(size for size, _root in checkpoints if size > self._closing["at"])
            if batch != len(self.lines):
                raise Wrong("syntax", "leaves follow the closing")
            if self._closing["ballots"] != len(self.ballots):
                raise Wrong("unique", f"the closing counts {self._closing['ballots']} ballots")

    @property
    def closed(self) -> bool:
        return self._closing is not None

    def counts(self, ballot: str) -> bool:
        return self.decided.get(ballot, (0, "admit", ""))[1] != "void"


def commitment_of(contest: str, ballot: str, revision: int, choices: list[str], salt: str) -> str:
    lines = ("guong-sang/ballot/v1", contest, ballot, str(revision), ",".join(choices), salt)
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()


def _is_opening(opened: dict, log: Log) -> bool:
    return (
        opened.keys() == {"ballot", "choices", "revision", "salt"}
        and is_hex(opened["ballot"], HEX32)
        and is_count(opened["revision"], 1)
        and is_hex(opened["salt"], HEX64)
        and are_codes(opened["choices"], ordered=True)
        and 1 <= len(opened["choices"]) <= log.opening["choices_max"]
        and all(each in log.stands for each in opened["choices"])
    )


def tally_of(log: Log, content: bytes) -> dict:
    """The count, from openings that were held against their commitments."""
    votes = {each: 0 for each, (_number, stands) in log.stands.items() if stands}
    set_aside: dict[str, int] = {}
    for ballot in log.ballots:
        if not log.counts(ballot):
            reason = log.decided[ballot][2]
            set_aside[reason] = set_aside.get(reason, 0) + 1
    if content and not content.endswith(b"\n"):
        raise Wrong("openings", "openings.jsonl does not end with a line feed")
    contest, seen, valid = log.opening["contest"], set(), 0
    for at, line in enumerate(content.split(b"\n")[:-1]):
        where = f"opening {at}"
        opened = read_json(line, "openings", where)
        if not _is_opening(opened, log):
            raise Wrong("openings", f"{where} is not what an opening must be")
        ballot = opened["ballot"]
        revisions = log.ballots.get(ballot)
        if revisions is None or not log.counts(ballot) or ballot in seen:
            raise Wrong("openings", f"{where}: ballot {ballot} does not count, or is opened twice")
        if opened["revision"] != len(revisions):
            raise Wrong("openings", f"{where}: revision {opened['revision']} of ballot {ballot} is not its last")
        if commitment_of(contest, ballot, opened["revision"], opened["choices"], opened["salt"]) != revisions[len(revisions)]:
            raise Wrong("openings", f"{where}: ballot {ballot} was committed to other choices")
        seen.add(ballot)
        standing = [each for each in opened["choices"] if each in votes]
        valid += bool(standing)
        for each in standing:
            votes[each] += 1
    if len(seen) != len(log.ballots) - sum(set_aside.values()):
        raise Wrong("openings", "a ballot that counts is not opened")
    return {
        "cast": len(log.ballots),
        "lapsed": len(seen) - valid,
        "set_aside": set_aside,
        "valid": valid,
        "votes": votes,
    }


def winners_of(log: Log, tally: dict, places: dict[str, int]) -> tuple[list[str], list[str]]:
    """Who has the prize, and who is level for it after all rules."""
    seats, votes = log.opening["seats"], tally["votes"]
    if tally["valid"] < log.opening["minimum"] or not any(votes.values()) or not seats:
        return [], []
    rules = [rule for rule in log.opening["tie_break"] if rule == "better_jury_rank"]

    def rank(each: str) -> tuple[int, float]:
        return -votes[each], places.get(each, float("inf")) if rules else 0

    ordered = sorted((each for each in votes if votes[each]), key=rank)
    if len(ordered) <= seats:
        return sorted(ordered), []
    line = rank(ordered[seats - 1])
    if rank(ordered[seats]) != line:
        return sorted(ordered[:seats]), []
    return sorted(each for each in ordered if rank(each) < line), sorted(each for each in ordered if rank(each) == line)


def check_result(log: Log, tally: dict, content: bytes) -> dict:
    result = read_json(content.removesuffix(b"\n"), "tally", "result.json")
    if result.get("tally") != tally:
        raise Wrong("tally", f"announced {result.get('tally')}, counted {tally}")
    places = result.get("places")
    if not isinstance(places, dict) or not all(is_count(place, 1) for place in places.values()):
        raise Wrong("winners", "the jury's places are missing")
    winners, tied = winners_of(log, tally, places)
    if result.get("winners") != winners or result.get("tied") != tied:
        raise Wrong("winners", f"announced {result.get('winners')} and {result.get('tied')}, found {winners} and {tied}")
    return result


def check_receipt(log: Log, receipt: dict, key: tuple[str, bytes, bytes]) -> list[str]:
    """What a receipt's holder is told. Raises Wrong where it does not hold."""
    step = "receipt"
    wanted = {"ballot", "choices", "commitment", "contest", "promise", "revision", "salt", "tag", "at"}
    if not wanted - {"choices", "salt"} <= receipt.keys() or not receipt.keys() <= wanted:
        raise Wrong(step, "not a receipt")
    leaf = {name: receipt[name] for name in ("ballot", "commitment", "contest", "revision", "tag")} | {"kind": "ballot"}
    try:
        content = canonical(leaf)
        signature = from_base64(str(receipt["promise"]), step)
    except (ValueError, RecursionError):
        raise Wrong(step, "not a receipt") from None
    leaf_hash = hashlib.sha256(b"\x00" + content).hexdigest()
    promised = f"guong-sang/promise/v1\n{leaf_hash}\n{receipt['at']}\n"
    if not ed25519_holds(key[2], promised.encode(), signature):
        raise Wrong(step, "the promise is not signed by the log's key")
    if receipt.get("salt") is not None and receipt["commitment"] != commitment_of(
        receipt["contest"], receipt["ballot"], receipt["revision"], sorted(receipt.get("choices") or []), receipt["salt"]
    ):
        raise Wrong(step, "these choices are not what was committed to")
    revisions = log.ballots.get(receipt["ballot"], {})
    if content not in set(log.lines):
        raise Wrong(step, "this ballot is not in the log, although it was promised")
    told = [f"Ballot {receipt['ballot']}, revision {receipt['revision']}, is in the log."]
    if receipt["revision"] != len(revisions):
        told.append(f"It was changed later: revision {len(revisions)} counts.")
    if not log.counts(receipt["ballot"]):
        told.append(f"It was set aside: {log.decided[receipt['ballot']][2]}.")
    return told


def check(folder: Folder, receipt: dict | None = None) -> list[str]:
    """All that the files allow to check, told line by line. Raises Wrong, OSError, KeyError."""
    key_text = folder.read("key.txt").decode("utf-8", "replace").strip()
    key = read_key(key_text)
    checkpoints = read_checkpoints(folder.read("checkpoints.txt").decode("utf-8", "replace"), key)
    log = Log(folder.read("log.jsonl"), key_text, checkpoints)
    told = [
        f"{len(log.lines)} leaves under {len(checkpoints)} signed checkpoints: nothing was removed or changed.",
        f"{len(log.ballots)} ballots of as many voters' tags; {'closed' if log.closed else 'still open'}.",
    ]
    if folder.has("openings.jsonl"):
        if not log.closed:
            raise Wrong("openings", "choices are opened although the log is not closed")
        tally = tally_of(log, folder.read("openings.jsonl"))
        told.append(f"cast {tally['cast']}, valid {tally['valid']}, lapsed {tally['lapsed']}, set aside {tally['set_aside']}")
        told += [f"  {votes:>9}  {each}" for each, votes in sorted(tally["votes"].items(), key=lambda pair: (-pair[1], pair[0]))]
        if folder.has("result.json"):
            result = check_result(log, tally, folder.read("result.json"))
            told.append(f"What was announced is what was counted. Winners: {', '.join(result['winners']) or 'none'}.")
    if receipt is not None:
        told += check_receipt(log, receipt, key)
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

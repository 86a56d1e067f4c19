"""Signs that a program, not people, cast a group of ballots. Pure: rows in, suspicions out.

Two thoughts keep schools, carriers and mobilised units out of it. First, nothing that a crowd of
people does by itself counts alone: coming from one address, in one hour, with one kind of telephone,
for one entry. There must be a sign of a machine: codes typed faster than anybody can, or many in the
same few seconds, or arrivals like a clock's, or proofs of work shown again. Second, a ballot is
suspected by what it shows itself, not by its neighbours alone.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import sqrt

from contest.core.errors import N_
from contest.core.formats import local

# Kinds of findings, as people read them, and how grave they are.
KINDS = {
    "fast_code": N_("Codes typed faster than anybody can"),
    "same_time": N_("Codes typed after the same few seconds"),
    "clockwork": N_("Ballots that arrive like clockwork"),
    "device_pace": N_("One device, one voter after another without a pause"),
    "replayed_work": N_("Proofs of work shown again, or solved at once"),
    "plus_tags": N_("One mailbox under many names"),
    "throwaway": N_("Throw-away mail addresses"),
    "number_range": N_("Many numbers in a row"),
    "shared_device": N_("Many voters on one device"),
    "burst": N_("Many more ballots than is usual at this hour"),
}
SEVERITY = {
    "fast_code": 85,
    "same_time": 80,
    "clockwork": 75,
    "device_pace": 80,
    "replayed_work": 70,
    "plus_tags": 60,
    "throwaway": 55,
    "number_range": 45,
    "shared_device": 30,
    "burst": 20,
}
MEASURES = {
    "seen_percent": N_("Share that shows it (%)"),
    "usual_percent": N_("Usual share (%)"),
    "seconds": N_("Seconds from sending to typing"),
    "networks": N_("Networks"),
    "devices": N_("Devices"),
    "agents": N_("Kinds of browser"),
    "night_percent": N_("Between midnight and five (%)"),
    "an_hour": N_("Ballots an hour"),
    "usual_an_hour": N_("Usual an hour"),
}

FASTEST = 3  # seconds: no message arrives, is read and is typed in less
LONGEST = 120  # seconds, all beyond are one
_QUICKEST_WORK = 1_500  # ms from the page to the answer, with a contact typed meanwhile
_BANDS = (3, 6)
_BAND_LEAST, _BAND_SHARE, _BAND_TIMES, _BAND_SIGMA = 8, 0.35, 4.0, 5.0
_GROUP_LEAST = 12
_CLOCK_LEAST, _CLOCK_SPREAD = 20, 0.3
_PACE_LEAST, _PACE_SECONDS = 5, 25.0
_MACHINE_LEAST, _ENOUGH = 0.4, 1.0
_SUSPECTS_LEAST = 8
# How much it adds that suspects share something that others do not.
_TRAITS = {"agent": 0.35, "family": 0.3, "network": 0.3, "pattern": 0.3, "entry": 0.3, "night": 0.2, "domain": 0.15}
_NAMING = ("agent", "pattern", "family", "network")  # by what a finding is named, where it applies


@dataclass(slots=True)
class Row:
    """One ballot with the latest trace of its voter. `pattern` stands for its choices."""

    id: int
    at: datetime
    network: str = ""
    device: str = ""
    agent: str = ""
    family: str = ""
    stem: str = ""
    domain: str = ""
    seconds: int | None = None
    work: int = 0
    work_ms: int | None = None
    replays: int = 0
    pattern: str = ""
    entries: tuple[int, ...] = ()

    @property
    def night(self) -> str:
        return "night" if local(self.at).hour < 5 else ""


@dataclass
class Usual:
    """What is usual in a contest: learnt from ballots that nothing was found about."""

    ballots: int = 0
    seconds: dict[int, int] = field(default_factory=dict)
    agents: dict[str, int] = field(default_factory=dict)
    stretches: int = 0  # of twenty minutes with ballots

    def share_of_band(self, first: int, width: int) -> float:
        """The usual share of codes typed within `width` seconds from `first`; cautious while little is known."""
        known = sum(self.seconds.values())
        # Before anything is known: people take between 5 seconds and 2 minutes, most about 20.
        prior = 400
        expected = prior * sum(_prior(each) for each in range(first, first + width))
        return (sum(self.seconds.get(each, 0) for each in range(first, first + width)) + expected) / (known + prior)

    def learn(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.ballots += 1
            if row.seconds is not None:
                second = min(row.seconds, LONGEST)
                self.seconds[second] = self.seconds.get(second, 0) + 1
            self.agents[row.agent] = self.agents.get(row.agent, 0) + 1
        if len(self.agents) > _AGENTS_KEPT:
            self.agents = dict(Counter(self.agents).most_common(_AGENTS_KEPT // 2))


_AGENTS_KEPT = 400


def _prior(second: int) -> float:
    return 0.028 if 8 <= second < 30 else 0.008 if 4 <= second < 45 else 0.002 if 3 < second <= LONGEST else 0.0


@dataclass(slots=True)
class Suspicion:
    """Why ballots are shown to people: a kind, the group within the kind, and what was seen beside what is usual."""

    kind: str
    subject: str
    rows: list[Row]
    seen: float  # share of the group that shows it
    usual: float
    detail: str = ""


def look_at(rows: Sequence[Row], usual: Usual) -> list[Suspicion]:
    """The suspicions about the ballots of one stretch of time, a ballot in one of them at most."""
    marks = _machine(rows, usual)
    suspects = [row for row in rows if marks.get(row.id, _NONE).weight >= _MACHINE_LEAST]
    shared = _concentrated(suspects, rows, usual)
    taken: dict[int, _Mark] = {}
    for row in suspects:
        mark = marks[row.id]
        if mark.weight + _added(shared.get(row.id, ())) >= _ENOUGH:
            taken[row.id] = mark
    _draw_in(rows, taken, marks)
    grouped: dict[tuple[str, str], list[Row]] = defaultdict(list)
    names = {row.id: _name(row, shared.get(row.id, ())) for row in suspects}
    common = Counter(names[row_id] for row_id in taken if row_id in names).most_common(1)
    for row in rows:
        if row.id in taken:
            grouped[taken[row.id].kind, names.get(row.id) or (common[0][0] if common else "")].append(row)
    found = []
    for (kind, name), group in grouped.items():
        mark = taken[group[0].id]
        subject = name or f"day:{local(group[0].at).date().isoformat()}"
        found.append(Suspicion(kind, subject, group, mark.seen, mark.usual, mark.detail))
    return found


def _added(shared: Iterable[tuple[float, str, str]]) -> float:
    """What shared traits add: all choices and one of them are the same thing, said once."""
    best: dict[str, float] = {}
    for weight, trait, _ in shared:
        name = "choices" if trait in {"pattern", "entry"} else trait
        best[name] = max(best.get(name, 0.0), weight)
    return sum(best.values())


@dataclass(frozen=True, slots=True)
class _Mark:
    weight: float
    kind: str
    seen: float = 1.0
    usual: float = 0.0
    detail: str = ""


_NONE = _Mark(0.0, "")


def _machine(rows: Sequence[Row], usual: Usual) -> dict[int, _Mark]:
    """The strongest sign of a machine on each ballot that has one."""
    marks: dict[int, _Mark] = {}

    def mark(row: Row, found: _Mark) -> None:
        if found.weight > marks.get(row.id, _NONE).weight:
            marks[row.id] = found

    fast_usual = usual.share_of_band(0, FASTEST + 1)
    for row in rows:
        if row.seconds is not None and row.seconds <= FASTEST:
            mark(row, _Mark(1.0, "fast_code", 1.0, fast_usual, f"0–{FASTEST}"))
        if row.replays or (row.work and row.work_ms is not None and row.work_ms < _QUICKEST_WORK):
            mark(row, _Mark(0.7, "replayed_work"))
    for _, group in _groups(rows, lambda row: row.device, _PACE_LEAST):
        if _median_gap(group) < _PACE_SECONDS:
            for row in group:
                mark(row, _Mark(1.0, "device_pace"))
    keys: tuple[Callable[[Row], str], ...] = (
        lambda row: "all",
        lambda row: row.agent,
        lambda row: row.network,
        lambda row: row.family,
        lambda row: row.pattern,
        lambda row: f"{row.agent}|{row.pattern}",
    )
    for key in keys:
        for _, group in _groups(rows, key, _GROUP_LEAST):
            if band := _band(group, usual):
                first, width, seen, expected = band
                found = _Mark(0.7 * (1 - expected / seen), "same_time", seen, expected, f"{first}–{first + width - 1}")
                for row in group:
                    if row.seconds is not None and first <= row.seconds < first + width:
                        mark(row, found)
            if len(group) >= _CLOCK_LEAST and _spread(group) < _CLOCK_SPREAD:
                for row in group:
                    mark(row, _Mark(0.6, "clockwork"))
    return marks


def _groups(rows: Sequence[Row], key: Callable[[Row], str], least: int) -> Iterator[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return ((name, group) for name, group in groups.items() if name and len(group) >= least)


def _band(group: Sequence[Row], usual: Usual) -> tuple[int, int, float, float] | None:
    """The few seconds in which far more of a group's codes were typed than is usual.

    As first second, width, share of the group, usual share.
    """
    seconds = Counter(min(row.seconds, LONGEST) for row in group if row.seconds is not None)
    known = sum(seconds.values())
    best = None
    for width in _BANDS:
        for first in seconds:
            if first + width > LONGEST:
                continue
            seen = sum(seconds.get(each, 0) for each in range(first, first + width))
            if seen < _BAND_LEAST or seen < _BAND_SHARE * known:
                continue
            share = usual.share_of_band(first, width)
            expected = known * share
            if seen < _BAND_TIMES * expected or seen - expected < _BAND_SIGMA * sqrt(expected + 1):
                continue
            if best is None or seen - expected > best[0]:
                best = seen - expected, (first, width, seen / known, share)
    return best[1] if best else None


def _gaps(group: Sequence[Row]) -> list[float]:
    times = sorted(row.at for row in group)
    return [(later - earlier).total_seconds() for earlier, later in pairwise(times)]


def _median_gap(group: Sequence[Row]) -> float:
    return statistics.median(_gaps(group))


def _spread(group: Sequence[Row]) -> float:
    """Standard deviation of the gaps over their mean: 1 for people who know nothing of each other, 0 for a clock."""
    gaps = _gaps(group)
    mean = statistics.fmean(gaps)
    return statistics.pstdev(gaps) / mean if mean else 1.0


def _traits(row: Row) -> Iterator[tuple[str, str]]:
    yield "agent", row.agent
    yield "network", row.network
    yield "pattern", row.pattern
    yield "night", row.night
    yield "family", "" if row.domain == "known" else row.family
    yield "domain", row.domain if row.domain in {"unknown", "throwaway"} else ""
    for entry in row.entries:
        yield "entry", str(entry)


def _concentrated(
    suspects: Sequence[Row], rows: Sequence[Row], usual: Usual
) -> dict[int, list[tuple[float, str, str]]]:
    """For each suspect what it shares with other suspects and hardly with anybody else: weight, trait, value."""
    if len(suspects) < _SUSPECTS_LEAST:
        return {}
    ids = {row.id for row in suspects}
    inside = Counter(trait for row in suspects for trait in _traits(row) if trait[1])
    outside = Counter(trait for row in rows if row.id not in ids for trait in _traits(row) if trait[1])
    others = len(rows) - len(suspects)
    weights: dict[tuple[str, str], float] = {}
    for (trait, value), seen in inside.items():
        # The rest of this stretch, and what is known of browsers from before.
        before = usual.agents.get(value, 0) / max(usual.ballots, 1) if trait == "agent" else 0.0
        share = (outside[trait, value] + 50 * before) / (others + 50)
        expected = len(suspects) * share
        if seen >= 4 and seen >= 3 * expected:
            weights[trait, value] = _TRAITS[trait] * (1 - expected / seen)
    return {row.id: [(weights[trait], *trait) for trait in _traits(row) if trait in weights] for row in suspects}


def _draw_in(rows: Sequence[Row], taken: dict[int, _Mark], marks: Mapping[int, _Mark]) -> None:
    """Take in what differs from a group that is taken almost whole in the sign alone."""
    keys: tuple[Callable[[Row], str], ...] = (
        lambda row: f"{row.network}|{row.agent}",
        lambda row: f"{row.family}|{row.agent}" if row.domain != "known" else "",
        lambda row: f"{row.agent}|{row.pattern}",
    )
    for key in keys:
        for _, group in _groups(rows, key, _GROUP_LEAST):
            inside = [row for row in group if row.id in taken]
            if 0.7 * len(group) <= len(inside) < len(group):
                for row in group:
                    taken.setdefault(row.id, taken[inside[0].id])


def _name(row: Row, shared: Iterable[tuple[float, str, str]]) -> str:
    values = {trait: value for _, trait, value in shared}
    return next((f"{trait}:{values[trait]}" for trait in _NAMING if trait in values), "")


def measures(rows: Sequence[Row], seen: float, usual: float, detail: str) -> dict[str, str | int]:
    """What a finding says of its ballots: figures of the group, never of an entry."""
    said: dict[str, str | int] = {
        "seen_percent": round(100 * seen),
        "usual_percent": round(100 * usual),
        "networks": len({row.network for row in rows}),
        "devices": len({row.device for row in rows}),
        "agents": len({row.agent for row in rows}),
        "night_percent": round(100 * sum(bool(row.night) for row in rows) / max(len(rows), 1)),
    }
    return said | ({"seconds": detail} if detail else {})

"""Who votes in the simulated vote, drawn from one seed: the law of each persona is written beside it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

FINALISTS = 12
# The share of each persona among all who try; the rest is honest.
SHARES = {
    "forgetful": 0.04,
    "switching devices": 0.04,
    "plus-tags": 0.004,
    "disposable mail": 0.01,
    "scripted": 0.05,
    "slow scripted": 0.01,
    "replayed challenges": 0.007,
    "school": 0.03,
    "mobilised unit": 0.06,
    "seller": 0.02,
}


@dataclass(slots=True)
class Try:
    """One person or program that proves a contact and votes."""

    persona: str
    at: datetime
    contact: str
    network: str
    device: str
    agent: str
    seconds: int
    picks: tuple[int, ...]
    work: int = 0
    work_ms: int | None = None
    replays: int = 0


class Crowd:
    """Draws who votes, when, from where and how. Everything comes from one seed."""

    def __init__(self, seed: int, voters: int, opens: datetime, closes: datetime, most: int) -> None:
        self.random = random.Random(seed)
        self.voters, self.opens, self.days, self.most = voters, opens, max(1, (closes - opens).days - 1), most
        self.serial = 0
        self.agents = [f"Mozilla/5.0 (telephone {number})" for number in range(120)]
        self.agent_weights = [1 / (number + 2) for number in range(120)]
        self.carriers = [f"171.{240 + number}.{number}.1" for number in range(12)]
        self.homes = max(200, voters // 60)
        self.popular = [1 / (number + 1.5) for number in range(FINALISTS)]
        self.random.shuffle(self.popular)

    def everybody(self) -> Iterator[Try]:
        counted = {name: max(40, round(self.voters * share)) for name, share in SHARES.items()}
        for _ in range(self.voters - sum(counted.values())):
            yield self.honest("honest")
        makers: dict[str, Callable[[int], Iterator[Try]]] = {
            "forgetful": self.forgetful,
            "switching devices": self.switching,
            "plus-tags": self.plus_tags,
            "disposable mail": self.disposable,
            "scripted": self.scripted,
            "slow scripted": self.slow,
            "replayed challenges": self.replaying,
            "school": self.schools,
            "mobilised unit": self.mobilised,
            "seller": self.sellers,
        }
        for name, number in counted.items():
            yield from makers[name](number)

    # Laws

    def moment(self, day: int | None = None, hours: tuple[float, float] = (6, 23)) -> datetime:
        """A moment of a day as people keep it: most in the evening, a few at night."""
        day = self.random.randrange(self.days) if day is None else day % self.days
        if hours == (6, 23) and self.random.random() < 0.03:
            hours = (0, 6)
        hour = self.random.triangular(*hours, min(20.0, hours[1]))
        return self.opens + timedelta(days=day, hours=hour + 0.5 * self.random.random())

    def person_seconds(self) -> int:
        """From sending to typing: a quarter have the code filled in for them, the others look it up."""
        if self.random.random() < 0.25:
            return int(self.random.lognormvariate(math.log(11), 0.35))
        return int(self.random.lognormvariate(math.log(28), 0.6))

    def network(self) -> str:
        if self.random.random() < 0.4:
            return self.random.choice(self.carriers)
        # A few thousand neighbourhoods, some with many readers.
        home = int(self.homes * self.random.random() ** 2)
        return f"14.{home // 250 % 250}.{home % 250}.{self.random.randrange(1, 250)}"

    def agent(self) -> str:
        return self.random.choices(self.agents, self.agent_weights)[0]

    def device(self) -> str:
        self.serial += 1
        return f"device-{self.serial}"

    def number(self) -> str:
        self.serial += 1
        return f"09{self.random.choice('01234678')}{self.random.randrange(10**7):07d}"

    def mailbox(self) -> str:
        self.serial += 1
        names = ("nguyen", "tran", "le", "pham", "hoang", "vu", "dang", "bui", "do", "ho")
        name = f"{self.random.choice(names)}{self.random.choice('abcdefghklmnpqrstv')}{self.random.choice(names)}"
        domain = self.random.choices(
            ("gmail.com", "yahoo.com", "outlook.com", "icloud.com", "anlam.edu.vn", "company"),
            (80, 5, 3, 2, 5, 5),
        )[0]
        if domain == "company":
            domain = f"congty{self.random.randrange(800)}.vn"
        return f"{name}{self.serial}@{domain}"

    def contact(self) -> str:
        return self.number() if self.random.random() < 0.5 else self.mailbox()

    def picks(self, first: int | None = None) -> tuple[int, ...]:
        wanted = self.random.choices((1, 2, 3), (55, 20, 25))[0]
        chosen = [] if first is None else [first]
        while len(chosen) < min(wanted, self.most):
            one = self.random.choices(range(FINALISTS), self.popular)[0]
            if one not in chosen:
                chosen.append(one)
        return tuple(chosen)

    # Personas

    def honest(self, persona: str, at: datetime | None = None) -> Try:
        device = self.device()
        if self.random.random() < 0.08:
            device = f"family-{self.serial // 3}"  # a telephone of the family
        elif self.random.random() < 0.001:
            device = f"tablet-{self.random.randrange(1 + self.voters // 20_000)}"  # of a commune's library
        return Try(
            persona,
            at or self.moment(),
            self.contact(),
            self.network(),
            device,
            self.agent(),
            self.person_seconds(),
            self.picks(),
        )

    def forgetful(self, number: int) -> Iterator[Try]:
        """Votes, forgets it, proves the contact again days later, and votes the same or otherwise."""
        for _ in range(number // 2):
            first = self.honest("forgetful")
            yield first
            later = first.at + timedelta(days=self.random.choice((0, 1, 2)), minutes=self.random.randrange(5, 600))
            again = self.picks() if self.random.random() < 0.5 else first.picks
            yield self._changed(first, at=min(later, self._last()), picks=again, seconds=self.person_seconds())

    def switching(self, number: int) -> Iterator[Try]:
        """The telephone first, the computer later."""
        for _ in range(number // 2):
            first = self.honest("switching devices")
            yield first
            later = min(first.at + timedelta(minutes=self.random.randrange(5, 3000)), self._last())
            yield self._changed(
                first, at=later, device=self.device(), agent=self.agent(), network=self.network(), picks=self.picks()
            )

    def plus_tags(self, number: int) -> Iterator[Try]:
        """One person, one mailbox, eight names: one voter with Gmail, not with a domain of one's own."""
        for person in range(number // 8):
            base, domain = f"nguoi.kheo{person}", "gmail.com" if person % 2 else f"rieng{person}.vn"
            first = self.honest("plus-tags")
            for tag in range(8):
                at = min(first.at + timedelta(minutes=tag * self.random.uniform(1, 4)), self._last())
                yield self._changed(first, at=at, contact=f"{base}+{tag}@{domain}", seconds=self.person_seconds())

    def disposable(self, number: int) -> Iterator[Try]:
        for each in range(number):
            one = self.honest("disposable mail")
            domain = self.random.choice(("mailinator.com", "yopmail.com", "10minutemail.com", "guerrillamail.com"))
            yield self._changed(one, contact=f"x{each}{self.random.randrange(10**6)}@{domain}")

    def scripted(self, number: int) -> Iterator[Try]:
        """Campaigns of some hours, each in one of four styles; codes are typed as soon as they come."""
        left, campaign = number, 0
        while left > 0:
            size = min(left, max(60, int(number * self.random.uniform(0.15, 0.5))))
            yield from self._campaign(
                size, ("catch-all", "numbers", "bought mailboxes", "fast")[campaign % 4], campaign
            )
            left, campaign = left - size, campaign + 1

    def _campaign(self, size: int, style: str, campaign: int) -> Iterator[Try]:
        wide = {"catch-all": 20, "numbers": 60, "bought mailboxes": 200, "fast": 10}[style]
        networks = [f"{self.random.choice((23, 45, 103, 185))}.{campaign % 250}.{each % 250}.7" for each in range(wide)]
        count = {"catch-all": 1, "numbers": 3, "bought mailboxes": 5, "fast": 1}[style]
        agents = self.random.sample(self.agents, count) if style != "fast" else [f"python-requests/2.{campaign}"]
        low, spread = {"catch-all": (4, 2), "numbers": (7, 3), "bought mailboxes": (9, 4), "fast": (1, 1)}[style]
        low += self.random.randrange(3) if style != "fast" else 0
        # In a night or a day, at up to some hundred an hour; the larger the campaign the longer.
        begin = self.opens + timedelta(days=self.random.randrange(self.days), hours=self.random.uniform(0, 20))
        length = timedelta(hours=self.random.uniform(1, 3) + size / 1_500)
        target, fills = self.random.randrange(FINALISTS), self.random.random() < 0.5
        series = self.random.randrange(10**4)
        for each in range(size):
            contact = {
                "catch-all": f"u{self.random.randrange(10**8)}@chung{campaign}.xyz",
                "numbers": f"098{series:04d}{each % 1000:03d}" if each < 1000 else self.number(),
                "bought mailboxes": f"{self.random.choice('abcdefgh')}{self.random.randrange(10**9)}@gmail.com",
                "fast": f"u{self.random.randrange(10**8)}@nhanh{campaign}.top",
            }[style]
            at = min(begin + self.random.random() * length, self._last())
            yield Try(
                "scripted",
                at,
                contact,
                self.random.choice(networks),
                self.device(),
                self.random.choice(agents),
                low + int(self.random.random() * spread),
                self.picks(target) if fills else (target,),
                work=1,
                work_ms=self.random.randrange(1_600, 4_000),
            )

    def slow(self, number: int) -> Iterator[Try]:
        """A program with patience: all days, networks of homes, everybody's browsers, a person's delays."""
        target = self.random.randrange(FINALISTS)
        for _ in range(number):
            yield self._changed(self.honest("slow scripted"), picks=self.picks(target))

    def replaying(self, number: int) -> Iterator[Try]:
        """A program that first tries proofs of work that were used, and then does the work."""
        networks = [f"91.{each % 200}.9.3" for each in range(30)]
        for _ in range(number):
            one = self.honest("replayed challenges")
            yield self._changed(
                one,
                network=self.random.choice(networks),
                work=2,
                work_ms=self.random.randrange(1_600, 6_000),
                replays=1,
            )

    def schools(self, number: int) -> Iterator[Try]:
        """Some hundred pupils behind one address in 40 minutes; every third school in its computer room."""
        left, school = number, 0
        while left > 0:
            size = min(left, 500)
            begin = self.moment(hours=(8, 16))
            own, lab = self.random.randrange(FINALISTS), self.agent()
            for each in range(size):
                at = begin + timedelta(minutes=40 * self.random.random())
                one = self.honest("school", at)
                contact = self.number() if self.random.random() < 0.4 else f"hs{self.serial}@thpt{school}.edu.vn"
                changed: dict[str, Any] = {"network": f"203.113.{school % 250}.9", "contact": contact}
                if self.random.random() < 0.6:
                    changed["picks"] = self.picks(own)
                if school % 3 == 2:
                    # Thirty machines in turn, each pupil for as long as it takes.
                    changed |= {
                        "device": f"lab-{school}-{each % 30}",
                        "agent": lab,
                        "at": begin + timedelta(minutes=40 * (each // 30 + self.random.random() * 0.5) / (size / 30)),
                    }
                yield self._changed(one, **changed)
            left, school = left - size, school + 1

    def mobilised(self, number: int) -> Iterator[Try]:
        """Units told to vote for their entry: one working day, half from the office, their own telephones."""
        left, unit = number, 0
        while left > 0:
            size = min(left, self.random.randrange(150, 900))
            day, own = self.random.randrange(self.days), self.random.randrange(FINALISTS)
            for _ in range(size):
                one = self.honest("mobilised unit", self.moment(day, (7.5, 17)))
                changed: dict[str, Any] = {"picks": (own,)} if self.random.random() < 0.9 else {}
                if self.random.random() < 0.5:
                    changed["network"] = f"113.160.{unit % 250}.2"
                yield self._changed(one, **changed)
            left, unit = left - size, unit + 1

    def sellers(self, number: int) -> Iterator[Try]:
        """People who are paid for their own vote: nothing but the choice is anybody else's."""
        target, day = self.random.randrange(FINALISTS), self.random.randrange(self.days)
        for _ in range(number):
            at = self.moment(day + self.random.randrange(3), (18, 23))
            yield self._changed(self.honest("seller", at), picks=(target,))

    def _last(self) -> datetime:
        return self.opens + timedelta(days=self.days) - timedelta(minutes=1)

    @staticmethod
    def _changed(one: Try, **values: Any) -> Try:
        found = {name: getattr(one, name) for name in Try.__slots__} | values
        return Try(**found)

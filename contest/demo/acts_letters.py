"""Letters to many, and where a winner wants the money."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from contest.contests.models import Contest
from contest.core.errors import N_
from contest.core.web import keys
from contest.demo import stories
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND, rule_sets
from contest.results import bank, mailings
from contest.results.models_after import Mailing

Told = dict[str, Any]


def write(stage: Stage, now: datetime, *, told: Told) -> int:
    """An organiser writes a letter, looks at who would get it, and schedules it."""
    contest = stage.contest(told["contest"])
    if any(each.subject["vi"] == told["subject"]["vi"] for each in mailings.mailings_of(contest)):
        return 0
    return int(stage.attempt(_write, stage=stage, contest=contest, told=told, now=now).done)


def _write(*, stage: Stage, contest: Contest, told: Told, now: datetime) -> Mailing:
    organiser = stage.person("diep")
    letter = mailings.write_mailing(
        contest=contest,
        mailing=None,
        audience=told["audience"],
        subject=told["subject"],
        body=told["body"],
        place=told["place"],
        with_results=False,
        actor=organiser,
        now=now,
    )
    seal = mailings.seal_of(letter, mailings.recipients(contest, letter, now))
    send_at = at(told["send"]) if told["send"] else None
    return mailings.schedule(contest=contest, mailing=letter, send_at=send_at, seal=seal, actor=organiser, now=now)


def send(stage: Stage, now: datetime) -> int:
    """What is due goes into the outbox, as the background work does it where it runs."""
    return sum(mailings.queue_batch(mailing_id, now) for mailing_id in mailings.waiting_mailings(now))


def give(stage: Stage, now: datetime, *, told: Told) -> int:
    """A winner says where the prize money is to go; sealed, and nobody else's to read."""
    contest = stage.contest(told["contest"])
    entry = stage.find_entry(contest, told["story"])
    if entry is None or bank.find_detail(contest, entry.author) is not None:
        return 0
    return int(
        stage.attempt(
            bank.give,
            contest=contest,
            person=entry.author,
            payee=bank.Payee(told["way"], told["holder"], told["number"], told["bank"]),
            consent=bank.CONSENT_VERSION,
            sealer=bank.box(keys.secret("bank-details")),
            now=now,
        ).done
    )


def acts() -> list[Act]:
    around = stories.around()
    minute = timedelta(minutes=1)
    sent = {at(told["send"]) + minute for told in around["letters"] if told["send"]}
    sent |= {rule_sets()[each].official_at + minute for each in (FIRST, SECOND)}
    return [
        *(
            Act(
                at(told["written"]),
                N_("%(count)s letter to many was written and scheduled."),
                partial(write, told=told),
                told["contest"],
            )
            for told in around["letters"]
        ),
        *(Act(when, N_("Letters went out to %(count)s people."), send) for when in sorted(sent)),
        *(
            Act(
                at(told["given"]),
                N_("%(count)s winner said where the prize money is to go."),
                partial(give, told=told),
                told["contest"],
            )
            for told in around["payees"]
        ),
    ]

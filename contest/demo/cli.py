"""`flask demo prepare` and `flask demo reset`."""

from __future__ import annotations

import os
from datetime import datetime

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import force_locale, gettext

from contest.core import clock, formats
from contest.core.db import db
from contest.core.errors import N_
from contest.demo import stories, tour_ground
from contest.demo.tour import Done
from contest.demo.tour_ground import Ground

demo_commands = AppGroup("demo", help="The demonstration: fill it, start it again.")

_TO_TRY = (
    N_("Read a story of the finalists and vote: any invented mobile number, the code is in the inbox (bar on top)."),
    N_("“Be somebody” → an author: write an entry for the second contest, add a photo, submit, keep the receipt."),
    N_("“Be somebody” → the secretary: look for the entry that has just come in, receive it."),
    N_("Move the clock to the marking of the second contest: be a judge and mark an entry by its code."),
    N_("Be the officer of a unit: answer whether a story is true."),
    N_("Move the clock to 11/06/2027 08:00: the results of the first contest appear, not a minute before."),
    N_("Be each of the two organisers: compute the results, enter the decision, approve."),
    N_("Be the secretary: answer a remark on a finalist that has just come in by telephone."),
    N_("Be the reporter after 10/06/2027 14:00: read the results under the embargo, with a mark of your own."),
    N_("Move on to 22/06/2027 16:00: a prize has been taken back; look at the results, the erratum, a certificate."),
    N_("Be an organiser: go on with the draft of next season's rules, 80 years after the first appeal."),
    N_("Start the tour again whenever you like (bar on top → Tour)."),
)


def _ground() -> Ground:
    settings = current_app.config["SETTINGS"]
    if not settings.demo:
        raise click.ClickException("this is no demonstration: set CONTEST_DEMO=1 (never in production)")
    return tour_ground.ground_of(settings, current_app.extensions["files"])


@demo_commands.command("prepare")
def prepare() -> None:
    """Fill an empty database with the demonstration, and say how to begin."""
    ground = _ground()
    began = clock.wall()

    said: set[tuple[str, str | None]] = set()

    def tell(done: Done) -> None:
        # The first time of each act only: readers vote every day, authors write for months.
        if (done.what, done.contest) not in said:
            said.add((done.what, done.contest))
            click.echo(f"  {_date(done.at)}  {done.what % {'count': done.count}}")

    if not tour_ground.is_prepared(ground):
        click.echo(f"Preparing the demonstration up to {ground.start:%d/%m/%Y %H:%M} (half a minute) …")
        tour_ground.prepare(ground, tell=tell, drawn=lambda count: click.echo(f"  {count} pictures drawn"))
        click.echo(f"  ready after {(clock.wall() - began).total_seconds():.0f} s")
    else:
        tour_ground.prepare(ground)
    _say_how_to_begin()


def _date(at: datetime) -> str:
    return formats.local(at).strftime("%d/%m/%Y %H:%M")


def _say_how_to_begin() -> None:
    port = os.environ.get("PORT", "") or "8000"
    click.echo()
    for locale in ("vi", "en"):
        with force_locale(locale):
            click.echo(f"http://127.0.0.1:{port}{'/en' if locale == 'en' else ''}/")
            click.echo(gettext("Contest time: %(at)s", at=_date(clock.now())))
            click.echo(gettext("Password of everybody: %(password)s", password=tour_ground.PASSWORD))
            for number, text in enumerate(_TO_TRY, start=1):
                click.echo(f"  {number}. {gettext(text)}")
            click.echo()
    for person in stories.people():
        told = person.get("operator") or person["key"] in {"nghi", "lan", "luc"}
        if told or any(grant["role"] != "judge" for grant in person["roles"]):
            click.echo(f"  {person['email']:32} {person['phone']:14} {person['name']} – {person['title']['vi']}")
    story = stories.stories()[0]
    click.echo(f"  {story.email:32} {story.author['phone']:14} {story.author['name']} – tác giả / author")
    click.echo()


@demo_commands.command("reset")
@click.confirmation_option(prompt="Forget everything done since the tour began?")
def reset() -> None:
    """Put everything back to the tour's beginning, while the site serves."""
    ground = _ground()
    if not tour_ground.is_prepared(ground):
        raise click.ClickException("nothing is prepared yet: flask demo prepare")
    tour_ground.start_again(ground)
    db.session.remove()
    click.echo(f"It is {_date(clock.now())} again.")

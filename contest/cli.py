"""Commands for those who run a site: rules, roles, units, old addresses, the audit chain, backups, background work."""

from __future__ import annotations

import csv
import json
import secrets
import signal
import threading
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_babel import force_locale, gettext

from contest import backup, tasks
from contest.accounts.models import User
from contest.accounts.second_factor import switch_off
from contest.accounts.services import create_person, find_by_address, give_site_role
from contest.audit.services import seal, verify
from contest.contests.queries import get_contest
from contest.contests.rules import ROLES
from contest.contests.ruleset import RuleSetInvalid, parse_rule_sets
from contest.contests.services import grant_role, load_rule_set
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from contest.demo.cli import demo_commands
from contest.entries.eligibility import require_no_entry
from contest.results.addresses import keep_address
from contest.units.services import load_units
from contest.voting.cli import votes_commands

contest_commands = AppGroup("contest", help="Contests: load rules, name staff.")
units_commands = AppGroup("units", help="Units: load the tree.")
addresses_commands = AppGroup("addresses", help="Old addresses: where they lead now.")
people_commands = AppGroup("people", help="People: operators, lost second factors.")
audit_commands = AppGroup("audit", help="The audit chain: seal and verify.")


def _both(message: str, **params: object) -> str:
    """A sentence in Vietnamese and English, since a terminal has no language of its own."""
    lines = []
    for locale in ("vi", "en"):
        with force_locale(locale):
            text: str = gettext(message)
            lines.append(f"[{locale}] {text % params if params else text}")
    return "\n".join(dict.fromkeys(lines))


def _fail(error: Refused) -> click.ClickException:
    return click.ClickException("\n" + _both(error.message, **error.params))


@contest_commands.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", help="Why rules that are in use change (recorded).")
def load_contests(file: Path, reason: str | None) -> None:
    """Load the rule sets of FILE (one, or several under "contests"): all of them or none."""
    try:
        rule_sets = parse_rule_sets(file.read_bytes())
    except RuleSetInvalid as error:
        for problem in error.problems:
            click.echo(f"{problem.path or '(file)'}:", err=True)
            for locale in ("vi", "en"):
                with force_locale(locale):
                    click.echo(f"  [{locale}] {problem.text(gettext)}", err=True)
        raise click.ClickException(f"{len(error.problems)} problem(s); nothing was changed") from error
    try:
        with writing() as now:
            for rules in rule_sets:
                contest = load_rule_set(rules=rules, actor=None, now=now, reason=reason)
                version = contest.current_version.number if contest.current_version else 0
                click.echo(f"{contest.slug}: version {version}")
    except Refused as error:
        raise _fail(error) from error


@contest_commands.command("grant")
@click.argument("slug")
@click.argument("role", type=click.Choice(sorted(ROLES)))
@click.argument("address")
@click.option("--name", help="Name of the person, when they have no account yet.")
def grant(slug: str, role: str, address: str, name: str | None) -> None:
    """Give ROLE in the contest SLUG to the person with ADDRESS (e-mail or phone).

    A new person gets an account without a password, and makes one through "forgot password".
    """
    try:
        with writing() as now:
            contest = get_contest(slug)
            person = find_by_address(address)
            if person is None:
                if not name:
                    raise click.ClickException("no account with this address: add --name to create one")
                person = create_person(address=address, name=name, now=now)
            require_no_entry(contest, person)
            grant_role(contest=contest, user=person, role=role, actor=None, now=now)
            click.echo(f"{person.name}: {role} of {contest.slug}")
    except Refused as error:
        raise _fail(error) from error
    except NotFound as error:
        raise click.ClickException(f"no contest {slug}") from error


@units_commands.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_unit_tree(file: Path) -> None:
    """Add or bring up to date the units of FILE: JSON, or CSV with a line of the same names at its top."""
    try:
        text = file.read_text("utf-8-sig")
        rows = list(csv.DictReader(text.splitlines())) if file.suffix.lower() == ".csv" else json.loads(text)
        with writing() as now:
            click.echo(f"{load_units(rows=rows, actor=None, now=now)} new")
    except (ValueError, TypeError, KeyError) as error:
        raise click.ClickException(f"not a list of units: {error!r}") from error
    except Refused as error:
        raise _fail(error) from error


@addresses_commands.command("add")
@click.argument("old")
@click.argument("new")
def add_address(old: str, new: str) -> None:
    """Have the address OLD, when nothing is found there, lead to the page NEW of this site ("/*": all below)."""
    try:
        with writing() as now:
            row = keep_address(old=old, new=new, actor=None, now=now)
            click.echo(f"{row.path} -> {row.target}")
    except Refused as error:
        raise _fail(error) from error


@addresses_commands.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_addresses(file: Path) -> None:
    """Keep the old addresses of FILE, a CSV with the columns "old" and "new": all of them or none."""
    line = 1
    try:
        rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
        with writing() as now:
            for line, row in enumerate(rows, start=2):  # noqa: B007 -- named in the message
                keep_address(old=row["old"] or "", new=row["new"] or "", actor=None, now=now)
        click.echo(f"{len(rows)} kept")
    except (UnicodeDecodeError, KeyError, csv.Error) as error:
        raise click.ClickException(f"line {line}: not a list with the columns old and new: {error!r}") from error
    except Refused as error:
        raise click.ClickException(
            f"line {line}; nothing was changed\n" + _both(error.message, **error.params)
        ) from error


def _person(address: str) -> User:
    try:
        person = find_by_address(address)
    except Refused as error:
        raise _fail(error) from error
    if person is None:
        raise click.ClickException("no account with this address")
    return person


@people_commands.command("operator")
@click.argument("address")
def make_operator(address: str) -> None:
    """Say that the person with ADDRESS operates this site: their entries are barred where rules say so."""
    with writing() as now:
        give_site_role(person=_person(address), name="operator", now=now, actor=None)


@people_commands.command("forget-second-factor")
@click.argument("address")
def forget_second_factor(address: str) -> None:
    """Let the person with ADDRESS, who lost phone and recovery codes, set up a new second factor."""
    with writing() as now:
        switch_off(person=_person(address), actor=None, now=now)


@audit_commands.command("seal")
def seal_audit() -> None:
    """Chain the rows that wait."""
    with writing():
        click.echo(f"{seal(limit=1_000_000)} sealed")


@audit_commands.command("verify")
def verify_audit() -> None:
    """Recompute the chain; exits with 1 and names the first broken row when it does not hold."""
    held, broken = verify()
    db.session.rollback()
    if broken:
        raise click.ClickException(f"row {broken.position} is {broken.why}; {held} row(s) before it hold")
    click.echo(f"{held} row(s) hold")


def _bucket() -> str:
    """The store outside the data folder that holds the files; empty where there is none."""
    return str(current_app.extensions["files"].where) if current_app.config["SETTINGS"].s3 else ""


@click.command("check-files")
def check_files() -> None:
    """Write, read and delete a file in the store, as the site does; says where that is."""
    files = current_app.extensions["files"]
    content = secrets.token_bytes(1000)
    try:
        key = files.put(content, "bin")
        same = files.read(key) == content
        files.remove(key)
    except Refused as error:
        raise click.ClickException(f"{files.where}: {error.__cause__ or error}") from error
    if not same:
        raise click.ClickException(f"{files.where}: gave back other bytes than it took")
    click.echo(f"{files.where}: a file was written, read and deleted")


@click.command("backup")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def make_backup(target: Path) -> None:
    """Write the database and all files to TARGET (a .tar), while the site serves."""
    settings = current_app.config["SETTINGS"]
    try:
        files = backup.back_up(
            url=db.engine.url, data_dir=settings.data_dir, target=target.absolute(), now=clock.wall(), bucket=_bucket()
        )
    except backup.BackupError as error:
        raise click.ClickException(str(error)) from error
    if _bucket():
        click.echo(f"{target}: database; the files stay in {_bucket()}, which keeps its own copies")
    else:
        click.echo(f"{target}: database and {files} file(s)")


@click.command("restore")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.confirmation_option(prompt="Replace the database and all files with this backup?")
def restore_backup(source: Path) -> None:
    """Put the backup SOURCE in place of the database and files. Stop the site first."""
    settings = current_app.config["SETTINGS"]
    url = db.engine.url
    db.session.remove()
    db.engine.dispose()
    try:
        files = backup.restore(url=url, data_dir=settings.data_dir, source=source.absolute(), bucket=_bucket())
    except backup.BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"restored: database and {files} file(s)")


@click.command("run-tasks")
def run_tasks() -> None:
    """Seal the audit and send messages until stopped (one process; several do no harm)."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    tasks.run(current_app._get_current_object(), stop)  # type: ignore[attr-defined]  # noqa: SLF001 -- Flask's proxy


def init_commands(app: Flask) -> None:
    """Register the commands."""
    for group in (
        contest_commands,
        units_commands,
        addresses_commands,
        people_commands,
        audit_commands,
        demo_commands,
        votes_commands,
        make_backup,
        restore_backup,
        check_files,
        run_tasks,
    ):
        app.cli.add_command(group)

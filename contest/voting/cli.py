"""Commands for those who run a vote: its key, sealing, checking and archiving its log."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.signing import BadKeyFile, Signer, SigningKeys
from contest.core.web.keys import log_signer
from contest.voting import queries_log, sealing
from contest.voting.ledger.notes import verifier_key
from contest.voting.log import find_log, signed_by
from contest.voting.log_check import check_log
from contest.voting.tasks import seal_waiting

votes_commands = AppGroup("votes", help="The logs of votes: key, sealing, checking, archiving.")


def _contest(slug: str) -> Contest:
    try:
        return get_contest(slug)
    except NotFound as error:
        raise click.ClickException(f"no contest {slug}") from error


def _signer(contest: Contest) -> Signer:
    try:
        return log_signer(contest.slug, contest.public_id)
    except BadKeyFile as error:
        raise click.ClickException(f"the signing key cannot be read: {error}") from error


@votes_commands.command("make-key")
def make_key() -> None:
    """Make the secret from which all keys of this site come, in SIGNING_KEY_FILE. Never replaces one."""
    path = current_app.config["SETTINGS"].signing_key
    if not SigningKeys(path).make():
        raise click.ClickException(f"{path} is there already")
    click.echo(f"{path}: made. Copy it to every machine, and keep a copy apart from the backups.")


@votes_commands.command("key")
@click.argument("slug")
def show_key(slug: str) -> None:
    """Show the key of the log of SLUG as others are given it; exits with 1 when the log names another."""
    contest = _contest(slug)
    signer = _signer(contest)
    found = find_log(contest.id)
    click.echo(verifier_key(found.origin if found else signer.origin, signer.public))
    if found is not None and not signed_by(found, signer.public):
        raise click.ClickException(f"the log names another key, and nothing can be sealed here: {found.key}")


@votes_commands.command("seal")
@click.argument("slug")
def seal_now(slug: str) -> None:
    """Seal whatever waits, at once."""
    contest = _contest(slug)
    contest_id, signer = contest.id, _signer(contest)
    try:
        click.echo(f"{seal_waiting(contest_id, signer, force=True, batches=1_000_000)} sealed")
    except (sealing.WrongKey, sealing.Altered) as error:
        raise click.ClickException(f"nothing more was sealed: {error}") from error


@votes_commands.command("verify")
@click.argument("slug")
def verify(slug: str) -> None:
    """Check the whole log of SLUG against the tables; exits with 1 and names what does not hold."""
    report = check_log(_contest(slug))
    db.session.rollback()
    if report is None:
        raise click.ClickException("this vote has no log yet")
    click.echo(
        f"{report.leaves} leaves, {report.checkpoints} checkpoints, {report.ballots} ballots; {report.waiting} waiting"
    )
    if report.breaks:
        raise click.ClickException("\n  ".join(["it does not hold:", *report.breaks]))
    click.echo("all of it holds")


@votes_commands.command("archive")
@click.argument("slug")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def archive(slug: str, folder: Path) -> None:
    """Write the public files of the log of SLUG into FOLDER. What is there already must be its beginning."""
    contest = _contest(slug)
    found = find_log(contest.id)
    if found is None:
        raise click.ClickException("this vote has no log yet")
    contest_id, size, key = contest.id, found.size, found.key
    folder.mkdir(parents=True, exist_ok=True)
    parts = {
        "log.jsonl": queries_log.leaf_lines(contest_id, 0, size),
        "checkpoints.txt": queries_log.checkpoint_notes(contest_id, 0, size),
        "key.txt": iter([f"{key}\n"]),
    }
    for name, content in parts.items():
        path, aside = folder / name, folder / f".{name}.new"
        with aside.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(content)
        if path.exists() and not _begins_with(aside, path):
            raise click.ClickException(f"{path} is not the beginning of the log as it is now; {aside} holds the latter")
        aside.replace(path)
    click.echo(f"{folder}: {size} leaves")


def _begins_with(longer: Path, shorter: Path) -> bool:
    with longer.open("rb") as one, shorter.open("rb") as other:
        while part := other.read(1 << 20):
            if one.read(len(part)) != part:
                return False
    return True

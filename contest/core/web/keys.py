"""The keys of this application (core.signing), for views and tasks."""

from __future__ import annotations

from flask import current_app

from contest.core.signing import Signer, SigningKeys


def log_signer(slug: str, public_id: str) -> Signer:
    """Who signs the log of a contest's vote: under this site's name and the contest's."""
    keys: SigningKeys = current_app.extensions["signing_keys"]
    domain = current_app.config["SETTINGS"].site.domain
    return keys.signer(f"{domain}/{slug}", f"ballot-log/{public_id}")


def secret(purpose: str) -> bytes:
    """What this application seals things of one purpose with."""
    keys: SigningKeys = current_app.extensions["signing_keys"]
    return keys.secret(purpose)


def bank_secret() -> bytes:
    """What the details of winners' accounts are sealed with (results.bank)."""
    keys: SigningKeys = current_app.extensions["signing_keys"]
    return keys.secret("bank-details")

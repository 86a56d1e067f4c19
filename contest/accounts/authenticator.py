"""Second factor: time-based codes (RFC 6238) and recovery codes.

Codes are six digits, one for each 30 s, as every authenticator application makes them. Secrets
are kept encrypted with a key derived from the site's secret key, so that a stolen database alone
opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from contest.core.db import new_code

STEP_SECONDS = 30
# Clocks of phones differ: the step before and the one after are taken as well (RFC 6238, 5.2).
DRIFT = 1
RECOVERY_CODES = 10
_RECOVERY_LENGTH = 10


class Authenticator:
    """Makes and reads secrets for this site. `issuer` is what the application shows beside the code."""

    def __init__(self, secret_key: str, issuer: str) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"contest.accounts.authenticator").derive(secret_key.encode())
        self._box = Fernet(base64.urlsafe_b64encode(key))
        self._issuer = issuer

    def new_secret(self) -> str:
        """A new secret, encrypted."""
        return self._box.encrypt(secrets.token_bytes(20)).decode()

    def _totp(self, secret: str) -> TOTP:
        # RFC 6238 names SHA-1, and many applications know nothing else; HMAC does not need it stronger.
        return TOTP(self._box.decrypt(secret.encode()), 6, SHA1(), STEP_SECONDS, enforce_key_length=False)  # noqa: S303

    def readable(self, secret: str) -> str:
        """The secret in base 32, in groups of four, for typing into an application."""
        plain = base64.b32encode(self._box.decrypt(secret.encode())).decode().rstrip("=")
        return " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))

    def address(self, secret: str, account: str) -> str:
        """The otpauth:// address that the QR code carries."""
        # Some applications show a plus sign where a blank was encoded as one.
        return self._totp(secret).get_provisioning_uri(account, self._issuer).replace("+", "%20")

    def code(self, secret: str, wall: datetime) -> str:
        """The code shown at the instant `wall`."""
        return self._totp(secret).generate(int(wall.timestamp())).decode()

    def step_of(self, secret: str, code: str, wall: datetime) -> int | None:
        """The time step whose code was typed, None when it is none of those near `wall`.

        The caller must keep the step and refuse it, and those before it, the next time.
        """
        try:
            totp = self._totp(secret)
        except InvalidToken:
            return None  # the site's secret key was changed: recovery codes still work
        found = None
        now = int(wall.timestamp()) // STEP_SECONDS
        for step in range(now - DRIFT, now + DRIFT + 1):
            if hmac.compare_digest(totp.generate(step * STEP_SECONDS), code.encode()):
                found = step
        return found


def new_recovery_codes() -> list[str]:
    """Codes for the day the phone is lost: ABCDE-FGHJK, 50 random bits each."""
    codes = [new_code(_RECOVERY_LENGTH) for _ in range(RECOVERY_CODES)]
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def recovery_digest(user_public_id: str, code: str) -> str:
    """What is kept of a recovery code, however it is typed."""
    plain = "".join(char for char in code.upper() if char.isalnum())
    return hashlib.pbkdf2_hmac("sha256", plain.encode(), user_public_id.encode(), 50_000).hex()

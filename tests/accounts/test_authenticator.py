"""The second factor's arithmetic, against the vectors of RFC 6238."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from contest.accounts.authenticator import Authenticator, new_recovery_codes, recovery_digest

WALL = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def authenticator():
    return Authenticator("k" * 40, "Gương Sáng")


# RFC 6238, appendix B, SHA-1, last six of its eight digits.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_vectors(authenticator, seconds, code):
    secret = authenticator._box.encrypt(b"12345678901234567890").decode()
    at = datetime.fromtimestamp(seconds, UTC)
    assert authenticator.code(secret, at) == code
    assert authenticator.step_of(secret, code, at) == seconds // 30


def test_a_code_is_taken_one_step_early_and_late_and_no_further(authenticator):
    secret = authenticator.new_secret()
    code = authenticator.code(secret, WALL)
    step = int(WALL.timestamp()) // 30
    for seconds, expected in ((-60, None), (-30, step), (0, step), (30, step), (60, None)):
        assert authenticator.step_of(secret, code, WALL + timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "١٢٣٤٥٦", "1234567890", "đđđđđđ"])
def test_what_is_no_code_is_wrong_and_no_error(authenticator, typed):
    assert authenticator.step_of(authenticator.new_secret(), typed, WALL) is None


def test_secrets_are_encrypted_with_the_site_s_key(authenticator):
    secret = authenticator.new_secret()
    plain = base64.b32decode(authenticator.readable(secret).replace(" ", ""))
    assert len(plain) == 20
    assert plain not in base64.urlsafe_b64decode(secret)
    assert len(secret) <= 255
    stranger = Authenticator("x" * 40, "Gương Sáng")
    assert stranger.step_of(secret, authenticator.code(secret, WALL), WALL) is None


def test_the_address_for_the_application(authenticator):
    address = authenticator.address(authenticator.new_secret(), "an@an-lam.example")
    assert address.startswith("otpauth://totp/G%C6%B0%C6%A1ng%20S%C3%A1ng:an%40an-lam.example?")
    assert "+" not in address


def test_recovery_codes_are_read_however_they_are_typed():
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    code = codes[0]
    assert recovery_digest("p", code) == recovery_digest("p", f" {code.lower().replace('-', ' ')} ")
    assert recovery_digest("p", code) != recovery_digest("q", code)

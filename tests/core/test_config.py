"""Settings: development needs nothing, production refuses to start without what keeps it safe."""

from __future__ import annotations

import dataclasses

import pytest

from contest.core.config import ConfigError, settings_from

SAFE = {
    "CONTEST_ENV": "production",
    "SECRET_KEY": "s" * 40,
    "CONTEST_HOSTS": "thidua.an-lam.example, www.an-lam.example",
    "DATABASE_URL": "postgresql://contest@db/contest",
    "SMTP_HOST": "mail.an-lam.example",
}


def test_development_needs_nothing_and_keeps_its_secret(tmp_path):
    first = settings_from({"CONTEST_DATA": str(tmp_path)})
    again = settings_from({"CONTEST_DATA": str(tmp_path)})
    assert first.secret_key == again.secret_key
    assert first.database_url == f"sqlite:///{tmp_path / 'contest.sqlite3'}"
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_production_starts_with_all_it_needs(tmp_path):
    settings = settings_from({**SAFE, "CONTEST_DATA": str(tmp_path)})
    assert settings.production
    assert settings.hosts == ("thidua.an-lam.example", "www.an-lam.example")
    assert settings.site.domain == "thidua.an-lam.example"
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.demo = True


@pytest.mark.parametrize("name", ["SECRET_KEY", "CONTEST_HOSTS", "DATABASE_URL", "SMTP_HOST"])
def test_production_refuses_to_start_without(name, tmp_path):
    with pytest.raises(ConfigError, match=name):
        settings_from({**SAFE, "CONTEST_DATA": str(tmp_path), name: ""})


def test_all_that_is_missing_is_said_at_once():
    with pytest.raises(ConfigError) as refused:
        settings_from({"CONTEST_ENV": "production"})
    assert {line.split(":")[0] for line in str(refused.value).splitlines()} == {
        "SECRET_KEY",
        "CONTEST_HOSTS",
        "DATABASE_URL",
        "SMTP_HOST",
    }


def test_a_demonstration_never_runs_in_production(tmp_path):
    with pytest.raises(ConfigError, match="CONTEST_DEMO"):
        settings_from({**SAFE, "CONTEST_DATA": str(tmp_path), "CONTEST_DEMO": "1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONTEST_ENV", "staging"),
        ("CONTEST_DEMO", "maybe"),
        ("CONTEST_CLOCK", "2027-05-20T09:00:00+07:00"),
        ("CONTEST_PROXY_HOPS", "-1"),
        ("CONTEST_PROXY_HOPS", "99999999999999999999"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(name, value, tmp_path):
    with pytest.raises(ConfigError, match=name):
        settings_from({"CONTEST_DATA": str(tmp_path), name: value})


@pytest.mark.parametrize("value", ["tomorrow", "2027-05-20T09:00:00"])
def test_the_demonstration_clock_needs_an_instant_with_its_zone(value, tmp_path):
    with pytest.raises(ConfigError, match="CONTEST_CLOCK"):
        settings_from({"CONTEST_DATA": str(tmp_path), "CONTEST_DEMO": "1", "CONTEST_CLOCK": value})

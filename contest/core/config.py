"""Configuration, read once from the environment into one frozen, typed object.

Development needs nothing. Production refuses to start without what keeps it safe, and names all
that is missing at once.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from contest.core.config_sms import Sms, SmsLimits, domains_from, limits_from, sms_from

__all__ = ["S3", "ConfigError", "Mail", "Settings", "Site", "Sms", "SmsLimits", "settings_from"]


class ConfigError(Exception):
    """The environment does not describe a system that may start."""


@dataclass(frozen=True, slots=True)
class Site:
    """Who runs this site: the words on every page, changed without touching code."""

    name: str
    body: str
    body_en: str
    province: str
    hotline: str
    email: str
    domain: str


@dataclass(frozen=True, slots=True)
class Mail:
    """The SMTP server that carries messages. `starttls` upgrades a plain connection."""

    host: str
    port: int
    username: str
    password: str
    starttls: bool
    sender: str


@dataclass(frozen=True, slots=True)
class S3:
    """A bucket of an S3-compatible store. `endpoint` empty: that of Amazon."""

    bucket: str
    prefix: str
    endpoint: str
    region: str
    access_key: str
    secret_key: str
    timeout_seconds: int = 20


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who is given the checkpoints of a vote's log: addresses, and a clone whose origin is a public repository.

    `git_url`: where readers find that repository.
    """

    mail: tuple[str, ...]
    git: Path | None
    git_url: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the environment decides."""

    environment: Literal["development", "production"]
    demo: bool
    clock_start: datetime | None
    secret_key: str
    data_dir: Path
    signing_key: Path
    database_url: str
    hosts: tuple[str, ...]
    proxy_hops: int
    redis_url: str
    mail: Mail | None
    sms: Sms | None
    sms_limits: SmsLimits
    mail_domains: Mapping[str, str]
    s3: S3 | None
    site: Site
    witnesses: Witnesses

    @property
    def production(self) -> bool:
        return self.environment == "production"


def settings_from(env: Mapping[str, str]) -> Settings:
    """Read the settings from `env` (normally os.environ).

    Raises ConfigError listing every problem: a variable that is missing in production, a value
    that cannot be read, or a demonstration asked for in production.
    """
    problems: list[str] = []

    def flag(name: str) -> bool:
        value = env.get(name, "").strip().lower()
        if value not in {"", "0", "1", "false", "true", "no", "yes"}:
            problems.append(f"{name}: use 1 or 0, not {value!r}")
        return value in {"1", "true", "yes"}

    def number(name: str, default: int) -> int:
        value = env.get(name, "").strip()
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or len(value) > 6:
            problems.append(f"{name}: a whole number is needed, not {value!r}")
            return default
        return int(value)

    environment = env.get("CONTEST_ENV", "development").strip() or "development"
    if environment not in {"development", "production"}:
        problems.append(f"CONTEST_ENV: development or production, not {environment!r}")
    production = environment == "production"
    demo = flag("CONTEST_DEMO")
    if demo and production:
        problems.append("CONTEST_DEMO: a demonstration (open sign-in, movable clock) never runs in production")

    clock_start: datetime | None = None
    if raw := env.get("CONTEST_CLOCK", "").strip():
        if not demo:
            problems.append("CONTEST_CLOCK: the clock moves in a demonstration (CONTEST_DEMO=1) only")
        try:
            clock_start = datetime.fromisoformat(raw)
            if clock_start.tzinfo is None:
                problems.append("CONTEST_CLOCK: add the time zone, as in 2027-05-20T09:00:00+07:00")
        except ValueError:
            problems.append(f"CONTEST_CLOCK: not an instant: {raw!r}")

    data_dir = Path(env.get("CONTEST_DATA", "").strip() or "var").absolute()
    database_url = env.get("DATABASE_URL", "").strip()
    secret_key = env.get("SECRET_KEY", "")
    hosts = tuple(host.strip() for host in env.get("CONTEST_HOSTS", "").split(",") if host.strip())
    if production:
        if len(secret_key) < 32:
            problems.append("SECRET_KEY: at least 32 random characters are needed")
        if not hosts:
            problems.append("CONTEST_HOSTS: name the host names that this site answers to")
        if not database_url:
            problems.append("DATABASE_URL: name the database (sqlite:////path or postgresql://…)")
        if not env.get("SMTP_HOST"):
            problems.append("SMTP_HOST: without mail nobody can confirm an account")

    mail = None
    if host := env.get("SMTP_HOST", "").strip():
        mail = Mail(
            host=host,
            port=number("SMTP_PORT", 587),
            username=env.get("SMTP_USERNAME", ""),
            password=env.get("SMTP_PASSWORD", ""),
            starttls=env.get("SMTP_STARTTLS", "1").strip() not in {"0", "false", "no"},
            sender=env.get("SMTP_SENDER", "").strip() or f"no-reply@{hosts[0] if hosts else 'localhost'}",
        )
    sms = sms_from(env, production, problems)
    sms_limits, mail_domains = limits_from(env, problems), domains_from(env, problems)
    s3 = _s3_from(env, production, number("FILES_TIMEOUT", 20), problems)
    if s3 and demo:
        problems.append("FILES_URL: a demonstration (CONTEST_DEMO=1) keeps its files on disk")
    proxy_hops = number("CONTEST_PROXY_HOPS", 0)

    witnesses = _witnesses_from(env, problems)
    if problems:
        raise ConfigError("\n".join(problems))
    return Settings(
        environment="production" if production else "development",
        demo=demo,
        clock_start=clock_start,
        secret_key=secret_key or _kept_secret(data_dir),
        data_dir=data_dir,
        signing_key=Path(env.get("SIGNING_KEY_FILE", "").strip() or data_dir / "signing-key").absolute(),
        database_url=database_url or f"sqlite:///{data_dir / 'contest.sqlite3'}",
        hosts=hosts,
        proxy_hops=proxy_hops,
        redis_url=env.get("REDIS_URL", "").strip(),
        mail=mail,
        sms=sms,
        sms_limits=sms_limits,
        mail_domains=mail_domains,
        s3=s3,
        site=Site(
            name=env.get("SITE_NAME", "") or "Gương Sáng",
            body=env.get("SITE_BODY", "") or "Sở Nội vụ tỉnh An Lam",
            body_en=env.get("SITE_BODY_EN", "") or "An Lam Department of Home Affairs",
            province=env.get("SITE_PROVINCE", "") or "An Lam",
            hotline=env.get("SITE_HOTLINE", "") or "0200 000 0000",
            email=env.get("SITE_EMAIL", "") or "banthuky@an-lam.example",
            domain=env.get("SITE_DOMAIN", "") or (hosts[0] if hosts else "localhost"),
        ),
        witnesses=witnesses,
    )


def _witnesses_from(env: Mapping[str, str], problems: list[str]) -> Witnesses:
    mail = tuple(each.strip() for each in env.get("WITNESS_MAIL", "").split(",") if each.strip())
    problems.extend(f"WITNESS_MAIL: not an address: {each!r}" for each in mail if not _ADDRESS.fullmatch(each))
    git, url = env.get("WITNESS_GIT", "").strip(), env.get("WITNESS_GIT_URL", "").strip()
    if git and not Path(git).is_absolute():
        problems.append(f"WITNESS_GIT: the whole path of a folder is needed, not {git!r}")
    if url and not url.startswith("https://"):
        problems.append(f"WITNESS_GIT_URL: an address with https:// is needed, not {url!r}")
    return Witnesses(mail, Path(git) if git else None, url)


_ADDRESS = re.compile(r"[^\s@,;<>\"]{1,64}@[^\s@,;<>\"]{3,200}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


def _s3_from(env: Mapping[str, str], production: bool, seconds: int, problems: list[str]) -> S3 | None:
    """The store that FILES_URL names; None keeps files in the data folder."""
    url = env.get("FILES_URL", "").strip()
    if not url:
        return None
    bucket, _, prefix = url.removeprefix("s3://").strip("/").partition("/")
    if not url.startswith("s3://") or not _BUCKET.fullmatch(bucket) or (prefix and not _PREFIX.fullmatch(prefix)):
        problems.append(f"FILES_URL: write s3://bucket or s3://bucket/prefix, not {url!r}")
    endpoint = env.get("FILES_ENDPOINT", "").strip().rstrip("/")
    if endpoint and not endpoint.startswith(("https://", "http://")):
        problems.append(f"FILES_ENDPOINT: an address with https:// is needed, not {endpoint!r}")
    if production and endpoint.startswith("http://"):
        problems.append("FILES_ENDPOINT: files travel by https:// only in production")
    keys = {name: env.get(name, "").strip() for name in ("FILES_ACCESS_KEY", "FILES_SECRET_KEY")}
    problems.extend(f"{name}: needed with FILES_URL" for name, value in keys.items() if not value)
    if not 1 <= seconds <= 300:
        problems.append("FILES_TIMEOUT: between 1 and 300 seconds")
    return S3(
        bucket=bucket,
        prefix=prefix,
        endpoint=endpoint,
        region=env.get("FILES_REGION", "").strip() or "us-east-1",
        access_key=keys["FILES_ACCESS_KEY"],
        secret_key=keys["FILES_SECRET_KEY"],
        timeout_seconds=seconds,
    )


def _kept_secret(data_dir: Path) -> str:
    """A secret for development that survives a restart, so that nobody is signed out by one."""
    path = data_dir / "secret"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(32), "ascii")
        path.chmod(0o600)
    return path.read_text("ascii")

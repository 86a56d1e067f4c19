"""How text messages leave, what they may cost, and the site's list of mail domains: read from the environment.

Every problem is added to one list, so that whoever configures a site sees them all at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

POST, GET = "POST", "GET"
JSON, FORM = "json", "form"
BEARER, BASIC, HEADER, NONE = "bearer", "basic", "header", "none"
E164, BARE, NATIONAL = "e164", "84", "0"
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
# `token`, `user` and `password`: for gateways that want their keys in the body.
_KNOWN = {"to", "text", "sender", "id", "token", "user", "password"}
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
_PATH = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_DEFAULT_TEMPLATE = '{"to": "{to}", "text": "{text}"}'
KNOWN, THROWAWAY = "known", "throwaway"


@dataclass(frozen=True, slots=True)
class Says:
    """What an answer in JSON has to hold: one of `values` at `path` (CodeResult, data.status, 0.code)."""

    path: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sms:
    """An HTTP gateway for text messages. `template` is the body of a request with named blanks in braces.

    `success`: None takes any 2xx for accepted. `refused` names answers that are final: trying again
    is of no use. `seconds` is what one request may take in all.
    """

    url: str = field(repr=False)  # it may hold a key
    token: str = field(default="", repr=False)
    method: str = POST
    auth: str = BEARER
    user: str = ""
    password: str = field(default="", repr=False)
    header: str = "X-Api-Key"
    body: str = JSON
    template: str = _DEFAULT_TEMPLATE
    sender: str = ""
    number: str = E164
    success: Says | None = None
    refused: Says | None = None
    seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class SmsLimits:
    """What the codes of one vote may cost, and how many may be asked for. Amounts in dong; 0 pays for nothing.

    `prefix_hour` is for numbers that begin alike (+84912, a million of them), `network_hour` for a
    /24 or /48: wide, since a school or a mobile operator has one address for many people.
    """

    part_vnd: int = 800
    contest_vnd: int = 100_000_000
    day_vnd: int = 20_000_000
    prefix_hour: int = 5_000
    network_hour: int = 20_000
    confirm_percent: int = 30


def sms_from(env: Mapping[str, str], production: bool, problems: list[str]) -> Sms | None:
    """The gateway that SMS_GATEWAY_URL names; None when there is none."""
    url = env.get("SMS_GATEWAY_URL", "").strip()
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        problems.append("SMS_GATEWAY_URL: an address with https:// is needed")
    elif production and parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        problems.append("SMS_GATEWAY_URL: codes travel by https:// only in production")

    def one_of(name: str, *values: str) -> str:
        value = env.get(name, "").strip() or values[0]
        found = next((each for each in values if each.lower() == value.lower()), None)
        if found is None:
            problems.append(f"{name}: one of {', '.join(values)}, not {value!r}")
        return found or values[0]

    method = one_of("SMS_GATEWAY_METHOD", POST, GET)
    auth = one_of("SMS_GATEWAY_AUTH", BEARER, BASIC, HEADER, NONE)
    body = one_of("SMS_GATEWAY_FORMAT", JSON, FORM)
    if method == GET:
        body = FORM
    token, user, password = (env.get(f"SMS_GATEWAY_{name}", "").strip() for name in ("TOKEN", "USER", "PASSWORD"))
    header = env.get("SMS_GATEWAY_HEADER", "").strip() or "X-Api-Key"
    if not _HEADER_NAME.fullmatch(header):
        problems.append(f"SMS_GATEWAY_HEADER: the name of a header is needed, not {header!r}")
    if auth == BASIC and not (user and password):
        problems.append("SMS_GATEWAY_USER, SMS_GATEWAY_PASSWORD: needed with SMS_GATEWAY_AUTH=basic")
    if auth == HEADER and not token:
        problems.append("SMS_GATEWAY_TOKEN: needed with SMS_GATEWAY_AUTH=header")
    if any(not value.isascii() or not value.isprintable() for value in (token, user, password)):
        problems.append("SMS_GATEWAY_TOKEN, SMS_GATEWAY_USER, SMS_GATEWAY_PASSWORD: plain letters and signs are needed")
    default = _DEFAULT_TEMPLATE if body == JSON else "to={to}&text={text}"
    template = env.get("SMS_GATEWAY_TEMPLATE", "").strip() or default
    _check_template(template, body, problems)
    return Sms(
        url=url,
        token=token,
        method=method,
        auth=auth,
        user=user,
        password=password,
        header=header,
        body=body,
        template=template,
        sender=env.get("SMS_GATEWAY_SENDER", "").strip(),
        number=one_of("SMS_GATEWAY_NUMBER", E164, BARE, NATIONAL),
        success=_says(env, "SMS_GATEWAY_SUCCESS", problems),
        refused=_says(env, "SMS_GATEWAY_REFUSED", problems),
        seconds=_whole(env, "SMS_GATEWAY_TIMEOUT", 15, 1, 60, problems),
    )


def _check_template(template: str, body: str, problems: list[str]) -> None:
    try:
        texts = texts_of(json.loads(template)) if body == JSON else [value for _, value in form_of(template)]
    except (ValueError, RecursionError):
        problems.append(f"SMS_GATEWAY_TEMPLATE: this cannot be read as {body}")
        return
    used = {name for text in texts for name in _PLACEHOLDER.findall(text)}
    problems.extend(
        f"SMS_GATEWAY_TEMPLATE: there is no blank {{{name}}}, only {', '.join(sorted(_KNOWN))}"
        for name in sorted(used - _KNOWN)
    )
    problems.extend(
        f"SMS_GATEWAY_TEMPLATE: the blank {{{name}}} is needed" for name in ("to", "text") if name not in used
    )


def texts_of(value: Any) -> list[str]:
    """All texts in a JSON value, keys left out."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inside for text in texts_of(each)]


def form_of(template: str) -> list[tuple[str, str]]:
    """The fields of a form's template. Raises ValueError."""
    return parse_qsl(template, keep_blank_values=True, strict_parsing=True)


def fill(value: Any, values: Mapping[str, str]) -> Any:
    """A JSON value with the blanks of its texts filled: a text can add no field of its own."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), match.group(0)), value)
    if isinstance(value, dict):
        return {name: fill(each, values) for name, each in value.items()}
    return [fill(each, values) for each in value] if isinstance(value, list) else value


def _says(env: Mapping[str, str], name: str, problems: list[str]) -> Says | None:
    raw = env.get(name, "").strip()
    if not raw:
        return None
    path, sign, wanted = raw.partition("=")
    values = tuple(value.strip() for value in wanted.split(",") if value.strip())
    if not sign or not values or not _PATH.fullmatch(path.strip()):
        problems.append(f"{name}: write path=value or path=value,value, as in CodeResult=100, not {raw!r}")
        return None
    return Says(path.strip(), values)


def limits_from(env: Mapping[str, str], problems: list[str]) -> SmsLimits:
    """What codes may cost and how many there may be. A limit of 0 is a limit."""
    usual = SmsLimits()
    most = 10**12

    def read(name: str, default: int, least: int = 0, highest: int = most) -> int:
        return _whole(env, name, default, least, highest, problems)

    return SmsLimits(
        part_vnd=read("SMS_PART_VND", usual.part_vnd, 0, 100_000),
        contest_vnd=read("SMS_BUDGET_VND", usual.contest_vnd),
        day_vnd=read("SMS_BUDGET_DAY_VND", usual.day_vnd),
        prefix_hour=read("SMS_PREFIX_HOUR", usual.prefix_hour, 1, 1_000_000),
        network_hour=read("CODE_NETWORK_HOUR", usual.network_hour, 1, 1_000_000),
        confirm_percent=read("SMS_CONFIRM_PERCENT", usual.confirm_percent, 0, 100),
    )


def _whole(env: Mapping[str, str], name: str, default: int, least: int, most: int, problems: list[str]) -> int:
    value = env.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 13 or not least <= int(value) <= most:
        problems.append(f"{name}: a whole number from {least} to {most} is needed, not {value[:40]!r}")
        return default
    return int(value)


def domains_from(env: Mapping[str, str], problems: list[str]) -> Mapping[str, str]:
    """The site's own word on mail domains, from the file that MAIL_DOMAINS_FILE names: domain -> known | throwaway.

    A line holds one of the two words and a domain; `#` begins a remark.
    """
    name = env.get("MAIL_DOMAINS_FILE", "").strip()
    if not name:
        return MappingProxyType({})
    found: dict[str, str] = {}
    try:
        lines = Path(name).read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        problems.append(f"MAIL_DOMAINS_FILE: {name} cannot be read ({type(error).__name__})")
        return MappingProxyType(found)
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].lower().split()
        if not words:
            continue
        try:
            word, domain = words
            if word not in {KNOWN, THROWAWAY} or "." not in domain:
                raise ValueError(line)
            found[domain.encode("idna").decode("ascii")] = word
        except ValueError:
            problems.append(f"MAIL_DOMAINS_FILE, line {number}: write “known” or “throwaway” and a domain")
    return MappingProxyType(found)

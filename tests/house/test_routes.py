"""Every route says who may call it; every address in a template leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contest.core.web.access import access_of

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
LINKED_DATA = '<script type="application/ld+json">{{ data|linked }}</script>'
_ENDPOINT = re.compile(r"url_for\(\s*['\"]([A-Za-z_.]+)['\"]")


@pytest.fixture
def site(sqlite_app):
    return sqlite_app


def test_every_route_declares_its_access(site):
    silent = {rule.endpoint for rule in site.url_map.iter_rules() if access_of(site, rule.endpoint) is None}
    assert not silent


def test_a_route_that_declares_nothing_does_not_answer(sqlite_app, monkeypatch):
    endpoint = "public.contests"
    monkeypatch.delattr(sqlite_app.view_functions[endpoint], "contest_access")
    with pytest.raises(RuntimeError, match="does not declare"):
        sqlite_app.test_client().get("/cuoc-thi")


def test_needs_are_known(site):
    for rule in site.url_map.iter_rules():
        for need in access_of(site, rule.endpoint).needs:
            assert need in site.extensions["authorities"], rule
            argument = {"officer": "code", "operator": None, "drafter": "draft_id", "founder": None}.get(need, "slug")
            assert argument is None or argument in rule.arguments, f"{rule}: {need} reads <{argument}>"


@pytest.mark.parametrize("path", sorted((ROOT / "contest").rglob("*.py")) + sorted(TEMPLATES.rglob("*.*")))
def test_every_endpoint_that_is_named_exists(site, path):
    if path.suffix in {".py", ".html", ".txt", ".xml"}:
        for endpoint in _ENDPOINT.findall(path.read_text("utf-8")):
            assert endpoint in site.view_functions, f"{path.relative_to(ROOT)} names {endpoint}"


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_templates_hold_nothing_that_the_policy_forbids(path):
    text = path.read_text("utf-8")
    assert not re.search(r"\|\s*safe\b", text), "text is escaped, always"
    assert "style=" not in text, "style-src 'self' forbids inline styles"
    if path == TEMPLATES / "macros" / "machines.html":
        # Data for search engines stands in a script element that no browser runs: once, and through `linked`.
        assert text.count(LINKED_DATA) == text.count("<script") == 1
        text = text.replace(LINKED_DATA, "")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "script-src 'self' forbids inline scripts"
    assert not re.search(r"\son[a-z]+=\"", text), "no inline handlers"
    assert not re.search(r"(src|href)=\"https?://", text), "nothing is fetched from elsewhere"

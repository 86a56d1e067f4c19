"""Every paper of the results is PDF/A-2a as far as we can see without a validator: see factories/archival.py."""

from __future__ import annotations

import pytest

from contest.core import pdf
from contest.papers import certificates, lists, looks
from tests.factories import sign_in
from tests.factories.archival import faults
from tests.factories.results import make_results, publish
from tests.papers.test_papers import ADDRESS, HEAD, issue


@pytest.fixture
def world(app):
    found = make_results()
    publish(found)
    return found


@pytest.mark.parametrize("template", looks.TEMPLATES)
def test_a_certificate_in_every_look(world, template):
    look = looks.first_look(world.contest.rules)._replace(template=template)
    pages = [certificates.page_data(each, ADDRESS) for each in issue(world)]
    data = certificates.paper_data(HEAD, look, "Cuộc thi", pages)
    assert faults(pdf.make_pdf("certificate", data, at=world.ready_at)) == []


def test_lists_and_minutes(world, client):
    sign_in(client, world.first)
    base = f"/ban-to-chuc/{world.contest.slug}/giay-to"
    for name in (*lists.LISTS, "bien-ban-ket-qua"):
        assert faults(client.get(f"{base}/{name}.pdf").data) == [], name


def test_what_is_not_archival_is_found(world, monkeypatch):
    """A plain PDF has neither the metadata nor the colours; bytes that run, or lie elsewhere, are named."""
    look = looks.first_look(world.contest.rules)
    data = certificates.paper_data(HEAD, look, "Cuộc thi", [certificates.page_data(issue(world)[0], ADDRESS)])
    content = pdf.make_pdf("certificate", data, at=world.ready_at)
    monkeypatch.setattr(pdf, "STANDARD", None)
    found = faults(pdf.make_pdf("certificate", data, at=world.ready_at))
    assert any("metadata" in each for each in found) and "no output intent" in found
    spoilt = content.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(x)>>", 1)
    assert {"/OpenAction", "/JavaScript", "/JS"} <= set(faults(spoilt))
    assert "a font that is not inside" in faults(content.replace(b"/FontFile", b"/FontFake"))
    assert "a font whose letters have no names" in faults(content.replace(b"/ToUnicode", b"/FromNobody"))
    assert "no tags" in faults(content.replace(b"/Marked true", b"/Marked false"))

"""Whatever the API is asked, it answers as its description says, and never with an error of ours."""

from __future__ import annotations

import json
import os

import pytest
import schemathesis
from flask import g
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies
from schemathesis.specs.openapi import checks as openapi

from contest.api.views import OPERATIONS
from contest.core.web.problems import PREFIX
from tests.factories.programs import MILLISECOND, make_announced, make_news

# Questions to each address at each moment: enough for every kind of wrong value, few enough for every run.
EXAMPLES = int(os.environ.get("API_EXAMPLES", "6"))
CHECKS = (
    schemathesis.checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
)


@pytest.mark.parametrize("ago", [MILLISECOND, -MILLISECOND], ids=["before", "after"])
def test_no_question_gives_an_error_of_ours(app, client, clock, ago):
    world = make_announced()
    make_news(world.contest, world.official_at)
    clock.instant = world.official_at - ago

    def afresh(environ, start_response):
        for name in list(g):  # the context that the test holds open is shared by its requests
            g.pop(name)
        environ.pop("HTTP_ACCEPT_ENCODING", None)  # its client unpacks nothing
        return app.wsgi_app(environ, start_response)

    schema = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", afresh)
    asked: dict[str, int] = {}
    known = {"slug": world.contest.slug, "public_id": next(iter(world.entries.values())).public_id}
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    for found in schema.get_all_operations():
        operation = found.ok()
        cases = strategies.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

        @seed(20270611)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases, real=strategies.booleans())
        def ask(case, real):
            if real and case.path_parameters:  # half of them about what exists
                case.path_parameters.update({key: known[key] for key in case.path_parameters if key in known})
            answer = case.call()
            case.validate_response(answer, checks=list(CHECKS))
            assert answer.status_code in {200, 304, 400, 404}, case.as_curl_command()
            asked[case.path] = asked.get(case.path, 0) + 1

        ask()
    assert set(asked) == {operation.shown for operation in OPERATIONS}


def test_the_description_is_plain_json(app, client):
    json.loads(client.get(f"{PREFIX}/openapi.json").get_data(as_text=True))

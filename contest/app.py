"""`create_app`: the only place that knows every room."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask, g, has_app_context, request
from flask_babel import Babel
from flask_compress import Compress
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from contest import cli
from contest.accounts import security
from contest.accounts.addresses import masked
from contest.accounts.views import bp as accounts
from contest.accounts.views_sign_in import bp as sign_in_pages
from contest.anniversaries.queries import working_calendar
from contest.anniversaries.rules import Calendar, shipped_calendar, use_calendar
from contest.anniversaries.views_unit import bp as anniversaries
from contest.api.views import bp as api
from contest.complaints.views import bp as complaints
from contest.contests.labels import MEDIA
from contest.contests.queries import holds_any
from contest.core import clock, formats
from contest.core.config import Settings, settings_from
from contest.core.db import db, keep_time, prepare_engine
from contest.core.files import store_of
from contest.core.richtext import parse
from contest.core.signing import SigningKeys
from contest.core.web.access import Access, declare, init_access, may_call
from contest.core.web.errors import init_errors, say_message
from contest.core.web.headers import asset, init_headers
from contest.core.web.language import LanguagePrefix, locale, other_language_url
from contest.core.web.limits import init_limits
from contest.core.web.linked import linked
from contest.core.web.uploads import init_uploads
from contest.demo.views import bp as demo
from contest.desk.views import bp as desk
from contest.editions.views import bp as editions
from contest.entries.checks_press import playing_time
from contest.entries.shown import author_shown, credit_shown, exemplar_shown, shown_text
from contest.entries.views import bp as entries
from contest.exemplars.views import bp as exemplars
from contest.intake.views import bp as intake
from contest.judging.views import bp as judging
from contest.papers.views import bp as papers
from contest.privacy.views import bp as privacy
from contest.public.views import bp as public
from contest.results.addresses import find_new_address
from contest.results.changes import follow_up
from contest.results.in_minutes import prizes_in_words
from contest.results.queries import (
    find_public_results,
    find_standing,
    is_announced,
    next_public_change,
    standing_withholdings,
)
from contest.results.views import bp as results
from contest.results.views_cards import share_entry, share_results
from contest.screening.views import bp as screening
from contest.setup.queries import may_draft, may_found
from contest.setup.views_plan import bp as setup
from contest.units.queries import may_act_for
from contest.units.views import bp as units
from contest.units.views import unit_then
from contest.voting.views import bp as voting

ROOT = Path(__file__).resolve().parent.parent
BLUEPRINTS = (
    public,
    sign_in_pages,
    accounts,
    units,
    anniversaries,
    setup,
    exemplars,
    entries,
    editions,
    screening,
    intake,
    judging,
    voting,
    complaints,
    results,
    papers,
    privacy,
    desk,
    api,
    demo,
)


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """The application. Settings come from the environment unless given; `overrides` are for tests."""
    settings = settings or settings_from(os.environ)
    app = Flask("contest", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(_configuration(settings), **overrides)
    clock.use(
        clock.MovableClock(settings.data_dir / "clock", settings.clock_start) if settings.demo else clock.SystemClock()
    )

    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    Babel(
        app,
        locale_selector=locale,
        default_locale="vi",
        default_timezone="Asia/Ho_Chi_Minh",
        default_translation_directories=str(ROOT / "contest" / "translations"),
    )
    init_uploads(app)  # before the token is looked for, which reads the form
    CSRFProtect(app)
    Compress(app)
    app.before_request(_read_clock)
    init_limits(app, settings.redis_url)
    init_access(app)
    init_headers(app)
    init_errors(app)
    security.init_security(app, settings)
    app.extensions["files"] = store_of(settings)
    use_calendar(_calendar)
    app.extensions["signing_keys"] = SigningKeys(settings.signing_key)

    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    declare(app, "static", Access("public"))
    app.extensions["authorities"].update(_authorities())
    app.extensions["next_public_change"] = next_public_change
    app.extensions["new_address"] = find_new_address
    app.extensions["prizes_in_words"] = prizes_in_words
    app.extensions["standing_withholdings"] = standing_withholdings  # the council's page is a floor below results
    # So is the review of the vote, which ends when somebody may know the count.
    app.extensions["vote_is_counted"] = lambda contest_id: find_standing(contest_id) is not None
    app.extensions["results_are_approved"] = _are_approved  # what they stand on is rules of one person no more
    # And what came of complaints, which may name a prize.
    app.extensions["results_are_public"] = lambda contest_id, now: find_public_results(contest_id, now) is not None
    # What a case found right led to, on its own page: a floor below results.
    app.extensions["follow_up"] = follow_up
    app.extensions["is_announced"] = is_announced  # before it an observer reads no minutes
    app.extensions["staff_gate"] = security.staff_gate(settings)
    _init_templates(app, settings)
    cli.init_commands(app)

    app.wsgi_app = LanguagePrefix(app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented way
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # same
    return app


def _calendar() -> Calendar:
    """The days off as they were entered; pure code that runs outside an application has the shipped ones."""
    return working_calendar() if has_app_context() else shipped_calendar()


def _are_approved(contest_id: int) -> bool:
    found = find_standing(contest_id)
    return found is not None and found.second_approver_id is not None


def _read_clock() -> None:
    """Read contest time once per request, for the view and its template alike."""
    keep_time()
    g.now = clock.now()


def _configuration(settings: Settings) -> dict[str, Any]:
    secure = settings.production
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": settings.database_url.startswith("postgresql")},
        # The official name is always one of them: messages are rendered under it.
        "TRUSTED_HOSTS": [*(settings.hosts or ("localhost", "127.0.0.1", "[::1]")), settings.site.domain],
        "SESSION_COOKIE_NAME": "__Host-session" if secure else "session",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "PREFERRED_URL_SCHEME": "https" if secure else "http",
        # The largest photo a rule set may allow, with its form around it.
        "MAX_CONTENT_LENGTH": 24 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "MAX_FORM_PARTS": 500,
        "SEND_FILE_MAX_AGE_DEFAULT": 31_536_000,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": True,
        "SIGN_IN_ENDPOINT": "security.login",
        "COMPRESS_ALGORITHM": ["br", "gzip"],
    }


def _authorities() -> dict[str, Callable[[Any, Mapping[str, Any]], bool]]:
    """Who meets which need. Needs of a contest read its slug from the address."""

    def role(*roles: str) -> Callable[[Any, Mapping[str, Any]], bool]:
        return lambda person, arguments: holds_any(person.id, arguments["slug"], set(roles))

    return {
        "organiser": role("organiser"),
        "secretary": role("secretary"),
        "judge": role("judge", "chair"),
        "chair": role("chair"),
        "press": role("press"),
        "observer": role("observer"),
        "officer": lambda person, arguments: may_act_for(person.id, arguments["code"]),
        "operator": lambda person, arguments: person.has_role("operator"),
        "drafter": lambda person, arguments: may_draft(person, arguments["draft_id"]),
        "founder": lambda person, arguments: may_found(person),
    }


def _init_templates(app: Flask, settings: Settings) -> None:
    app.jinja_env.filters.update(formats.FILTERS, linked=linked, masked=masked, rich=lambda source: parse(source or ""))
    app.jinja_env.globals.update(
        asset=asset,
        may_call=may_call,
        other_language_url=other_language_url,
        say=say_message,
        author_shown=author_shown,
        media_names=MEDIA,
        playing_time=playing_time,
        credit_shown=credit_shown,
        exemplar_shown=exemplar_shown,
        shown_text=shown_text,
        unit_then=unit_then,
        share_results=share_results,
        share_entry=share_entry,
        site=settings.site,
        demo=settings.demo,
        endpoint_exists=app.view_functions.__contains__,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def _per_request() -> dict[str, Any]:
        if "now" not in g:  # outside a request: a message rendered in the background
            g.now = clock.now()
        return {"now": g.now, "locale": locale(), "page": request.endpoint}

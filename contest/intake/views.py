"""Bundles and paper: pages."""

from __future__ import annotations

from flask import Blueprint

from contest.intake import models  # noqa: F401  # its tables are known with its pages

bp = Blueprint("intake", __name__)

from contest.intake import views_bundles, views_help  # noqa: E402, F401 -- they need `bp`

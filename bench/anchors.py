"""The anchors: small applications that the site is measured against. Frozen: a change here makes
every figure that was written down before incomparable.

`hello`   Flask answers three words.
`form`    … and reads a form and a signed cookie.
`insert`  … and writes the vote with one raw INSERT: the least that casting a vote can cost.
`stock`   the same vote the usual way: ORM, Flask-Login, CSRF, WTForms; one row, one check.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from flask import Flask, abort, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, current_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange

SECRET = "anchor-" * 6


def hello() -> Flask:
    app = Flask("hello")

    @app.get("/")
    def page() -> str:
        return "Hello, World!"

    return app


def form() -> Flask:
    app = Flask("form")
    app.secret_key = SECRET

    @app.post("/")
    def page() -> str:
        return f"{session['voter']} {int(request.form['entry'])}"

    return app


def insert(folder: Path) -> Flask:
    app = Flask("insert")
    app.secret_key = SECRET
    connection = sqlite3.connect(folder / "anchor.sqlite3", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS vote"
        " (id INTEGER PRIMARY KEY, voter INTEGER NOT NULL UNIQUE, entry INTEGER NOT NULL)"
    )

    @app.post("/")
    def page() -> str:
        connection.execute(
            "INSERT INTO vote (voter, entry) VALUES (?, ?)", (session["voter"], int(request.form["entry"]))
        )
        return "ok"

    return app


def insert_signer() -> Any:
    """Signs cookies as `insert` reads them."""
    app = Flask("insert")
    app.secret_key = SECRET
    return SecureCookieSessionInterface().get_signing_serializer(app)


def stock(folder: Path) -> Flask:
    app = Flask("stock")
    app.config.update(SECRET_KEY=SECRET, SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'stock.sqlite3'}")

    class Base(DeclarativeBase):
        pass

    database = SQLAlchemy(app, model_class=Base)

    class Voter(UserMixin, database.Model):
        id: Mapped[int] = mapped_column(primary_key=True)

    class Entry(database.Model):
        id: Mapped[int] = mapped_column(primary_key=True)
        open: Mapped[bool]

    class Vote(database.Model):
        id: Mapped[int] = mapped_column(primary_key=True)
        voter: Mapped[int] = mapped_column(unique=True)
        entry: Mapped[int]

    class VoteForm(FlaskForm):
        entry = IntegerField(validators=[InputRequired(), NumberRange(min=1)])

    with app.app_context():
        database.create_all()
        database.session.add(Entry(id=1, open=True))
        database.session.add_all(Voter(id=number) for number in range(1, 5_001))
        database.session.commit()
    manager = LoginManager(app)
    manager.user_loader(lambda key: database.session.get(Voter, int(key)))
    CSRFProtect(app)

    @app.post("/")
    def page() -> str:
        typed = VoteForm()
        if not current_user.is_authenticated or not typed.validate():
            abort(400)
        entry = database.session.get(Entry, typed.entry.data)
        if entry is None or not entry.open:
            abort(400)
        database.session.add(Vote(voter=current_user.id, entry=entry.id))
        database.session.commit()
        return "ok"

    return app

"""People who sign in."""

from __future__ import annotations

from datetime import datetime

from flask_security.core import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.core.db import Base, BigId, Instant, IntPk, Json, LongText, PublicId, UtcInstant


class SiteRole(Base, RoleMixin):
    """A right over the whole site (`operator`). Rights in a contest are grants of that contest."""

    __tablename__ = "site_role"

    id: Mapped[IntPk]
    name: Mapped[str] = mapped_column(String(40), unique=True)
    description: Mapped[str | None] = mapped_column(String(200))


class UserSiteRole(Base):
    __tablename__ = "user_site_role"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[int] = mapped_column(BigId, ForeignKey("site_role.id", ondelete="CASCADE"), primary_key=True)


class User(Base, UserMixin):
    """A person with an account, reached by e-mail, by phone, or both.

    `name_key` is the folded name for search. Times here are wall time, since they belong to the
    machine (see core.clock). The `fs_…`, `tf_…`, `us_…` and `mf_…` names are Flask-Security's.
    """

    __tablename__ = "user"
    __table_args__ = (CheckConstraint("email IS NOT NULL OR us_phone_number IS NOT NULL", name="reachable"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    us_phone_number: Mapped[str | None] = mapped_column(String(20), unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    created_at: Mapped[Instant]
    name: Mapped[str] = mapped_column(String(200), default="")
    name_key: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str] = mapped_column(String(2), default="vi")
    terms_accepted_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    terms_version: Mapped[str | None] = mapped_column(String(20))

    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    tf_phone_number: Mapped[str | None] = mapped_column(String(128))
    us_totp_secrets: Mapped[LongText | None]
    mf_recovery_codes: Mapped[Json | None]

    roles: Mapped[list[SiteRole]] = relationship(secondary="user_site_role", lazy="selectin")

"""People who sign in, their sign-ins, and the codes sent to them.

Times here are wall time, since they belong to the machine (see core.clock).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.core.db import Base, BigId, Instant, IntPk, Json, PublicId, UtcInstant


class SiteRole(Base):
    """A right over the whole site (`operator`). Rights in a contest are grants of that contest."""

    __tablename__ = "site_role"

    id: Mapped[IntPk]
    name: Mapped[str] = mapped_column(String(40), unique=True)
    description: Mapped[str | None] = mapped_column(String(200))


class UserSiteRole(Base):
    __tablename__ = "user_site_role"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[int] = mapped_column(BigId, ForeignKey("site_role.id", ondelete="CASCADE"), primary_key=True)


class User(Base):
    """A person with an account, reached by e-mail, by phone, or both.

    `email` and `phone` are kept in the one form in which they are looked up (accounts.addresses);
    `name_key` is the folded name for search. `confirmed_at` is empty until the person has typed a
    code that was sent to them. `totp_secret` is encrypted; `totp_step` is the last time step whose
    code was used, so that none is used twice; `recovery_codes` are digests.
    """

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint(
            "email IS NOT NULL OR phone IS NOT NULL OR assisted OR erased_at IS NOT NULL", name="reachable"
        ),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    phone: Mapped[str | None] = mapped_column(String(20), unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    # Made by an officer of a unit for somebody whom the unit helps; nobody signs in to it until the
    # person proves a phone number or an e-mail address of their own.
    assisted: Mapped[bool] = mapped_column(default=False)
    # Who has proved the phone number that was given for an assisted account, and is asked whether
    # the entries kept there are theirs. Nothing is handed over before they say so.
    offered_to_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    erased_at: Mapped[datetime | None] = mapped_column(UtcInstant)  # names and addresses are gone
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    created_at: Mapped[Instant]
    name: Mapped[str] = mapped_column(String(200), default="")
    name_key: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str] = mapped_column(String(2), default="vi")
    terms_accepted_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    terms_version: Mapped[str | None] = mapped_column(String(20))

    totp_secret: Mapped[str | None] = mapped_column(String(255))
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    recovery_codes: Mapped[Json | None]

    roles: Mapped[list[SiteRole]] = relationship(secondary="user_site_role")

    # What Flask-Login asks of a person; who is signed in is kept in SignIn.
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        return self.active

    def has_role(self, name: str) -> bool:
        """Whether the person holds a right over the whole site."""
        return any(role.name == name for role in self.roles)


class SignIn(Base):
    """One sign-in on one device: ended by signing out, or with all others by a new password.

    The cookie carries `key`, signed; a copy of it is worth nothing once the row has ended.
    """

    __tablename__ = "sign_in"
    __table_args__ = (Index("ix_sign_in_user", "user_id"),)

    id: Mapped[IntPk]
    key: Mapped[str] = mapped_column(String(43), unique=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id", ondelete="CASCADE"))
    at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class AddressCode(Base):
    """A code sent to an address, to show that who typed the address receives its messages.

    `token` is held by the browser that asked; both it and the code are needed. A row is written
    whether or not the address belongs to an account, so that the answer takes the same work;
    where no code was sent, `digest` matches none. `details` keep a registration until it is
    confirmed: no account exists before, so nobody can prepare one with another's address.
    """

    __tablename__ = "address_code"
    __table_args__ = (
        CheckConstraint("purpose IN ('register', 'reset', 'address')", name="purpose"),
        Index("ix_address_code_address", "address", "created_at"),
    )

    id: Mapped[IntPk]
    token: Mapped[str] = mapped_column(String(43), unique=True)
    purpose: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(320))
    digest: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id", ondelete="CASCADE"))
    details: Mapped[Json]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = mapped_column(UtcInstant)

"""What people look at when they review a vote: traces, findings, sets aside by two, paper, the roll, costs."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.core.db import Base, BigId, Instant, IntPk, Json, Line, LongText, PublicId, UtcInstant
from contest.units.models import Unit


class VoterTrace(Base):
    """How a voter proved a contact, once for each time they did: keyed hashes and coarse figures alone.

    Hashes are under the contest's key and cut to 16 hex digits. `hour` is all that is kept of when.
    """

    __tablename__ = "voter_trace"
    __table_args__ = (
        Index("ix_voter_trace_network", "contest_id", "network"),
        Index("ix_voter_trace_device", "contest_id", "device"),
        Index("ix_voter_trace_stem", "contest_id", "stem"),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    voter_id: Mapped[int] = mapped_column(BigId, ForeignKey("voter.id"), index=True)
    hour: Mapped[Instant]
    channel: Mapped[str] = mapped_column(String(16))  # an identity of the rule set, or "paper"
    network: Mapped[str] = mapped_column(String(16))  # of the /24 or /48
    device: Mapped[str] = mapped_column(String(16))  # of the cookie that stays in the browser; "" without one
    agent: Mapped[str] = mapped_column(String(16))  # of what the browser says it is
    family: Mapped[str] = mapped_column(String(16))  # of the number's first digits, or the mail domain
    stem: Mapped[str] = mapped_column(String(16), default="")  # letter and hash: n a hundred numbers, m a name, p a tag
    domain: Mapped[str] = mapped_column(String(12), default="")  # known | unknown | throwaway; "" for a number
    unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"))  # on a roll, or as the voter said
    code_seconds: Mapped[int | None]  # between sending and typing the code
    work: Mapped[int] = mapped_column(default=0)  # difficulty of the proof of work that was shown; 0 none
    work_ms: Mapped[int | None]  # from the challenge to its answer
    replays: Mapped[int] = mapped_column(default=0)  # used proofs of work that this browser showed before


class VoteAsked(Base):
    """How many codes were asked for in ten minutes: of a network, a family of numbers or domains. Wall times."""

    __tablename__ = "vote_asked"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)  # network | family | all | line
    subject: Mapped[str] = mapped_column(String(16), primary_key=True)
    slot: Mapped[Instant] = mapped_column(primary_key=True)
    asked: Mapped[int] = mapped_column(default=0)


class VoteLook(Base):
    """How far the ballots of a vote have been looked through for what people should see, and what is usual.

    `usual` holds no figure of an entry: how fast codes are typed, browsers, networks and their share.
    """

    __tablename__ = "vote_look"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(BigId, default=0)  # the last ballot of the windows that are done
    upto: Mapped[datetime | None] = mapped_column(UtcInstant)
    day_id: Mapped[int] = mapped_column(BigId, default=0)  # as last_id, for whole days
    whole_at: Mapped[datetime | None] = mapped_column(UtcInstant)  # when all was looked through after the close
    usual: Mapped[Json]


class RollEntry(Base):
    """Somebody on the roll of a unit: the tag of their contact, no more."""

    __tablename__ = "roll_entry"
    __table_args__ = (UniqueConstraint("contest_id", "tag"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    tag: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    added_at: Mapped[Instant]


class SpentWork(Base):
    """A proof of work that was used: it is worth nothing a second time. Wall time."""

    __tablename__ = "spent_work"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[Instant] = mapped_column(index=True)


class SmsCost(Base):
    """Text messages asked for by a contest's vote in one day and one range of numbers, and their cost."""

    __tablename__ = "sms_cost"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    prefix: Mapped[str] = mapped_column(String(8), primary_key=True)  # +84912
    messages: Mapped[int] = mapped_column(default=0)
    parts: Mapped[int] = mapped_column(default=0)
    cost_vnd: Mapped[int] = mapped_column(BigId, default=0)
    confirmed: Mapped[int] = mapped_column(default=0)  # how many of the codes were typed


class SmsSpending(Base):
    """What a contest's codes by text message have cost: in all, and on the latest day. One row, raised within caps."""

    __tablename__ = "sms_spending"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True, autoincrement=False)
    spent_vnd: Mapped[int] = mapped_column(BigId, default=0)
    day: Mapped[date] = mapped_column(Date)
    day_vnd: Mapped[int] = mapped_column(BigId, default=0)


class SmsAlarm(Base):
    """That organisers were told of something about text messages: each name once."""

    __tablename__ = "sms_alarm"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)  # total:80, 2027-05-20:50, 2027-05-20:+84912
    at: Mapped[Instant]


class CodeRate(Base):
    """Codes asked for in one hour of the machine by one network, or for one range of numbers."""

    __tablename__ = "code_rate"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(24), primary_key=True)  # a network's hash, or +84912
    hour: Mapped[Instant] = mapped_column(primary_key=True)
    asked: Mapped[int] = mapped_column(default=0)


class VoterAlias(Base):
    """Another tag of a voter with an account: of the account itself, and of its other contact.

    Without it an account that changes its address would be a voter anew.
    """

    __tablename__ = "voter_alias"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    voter_id: Mapped[int] = mapped_column(BigId, ForeignKey("voter.id"), index=True)


class Finding(Base):
    """Something about a group of ballots that a person should look at. It changes no ballot by itself.

    `subject` names the group within its kind (a network's hash, an hour); `measures` says what was
    seen beside what is usual. A finding that grows keeps its row.
    """

    __tablename__ = "vote_finding"
    __table_args__ = (UniqueConstraint("contest_id", "kind", "subject"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[str] = mapped_column(String(80))
    severity: Mapped[int]  # 0..100
    ballots: Mapped[int]
    measures: Mapped[Json]
    first_seen: Mapped[Instant]
    last_seen: Mapped[Instant]
    state: Mapped[str] = mapped_column(String(12), default="open")  # open | dismissed | acted
    closed_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    words: Mapped[LongText | None]  # why it was closed


class FindingBallot(Base):
    """A ballot that a finding is about."""

    __tablename__ = "vote_finding_ballot"

    finding_id: Mapped[int] = mapped_column(BigId, ForeignKey("vote_finding.id"), primary_key=True)
    ballot_id: Mapped[int] = mapped_column(BigId, ForeignKey("ballot.id"), primary_key=True, index=True)


class Setting(Base):
    """A batch of ballots to set aside, or to admit again: proposed by one person, decided by another.

    `kind` is "void" or "admit". `reason` is a code of the rules' `set_aside`, or of review.ADMIT_REASONS;
    `words` say why.
    """

    __tablename__ = "vote_setting"
    __table_args__ = (CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    finding_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("vote_finding.id"))
    kind: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(40))
    words: Mapped[LongText]
    picked: Mapped[Json]  # how the ballots were chosen: what the finding was narrowed by, or numbers
    ballots: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of their numbers, sorted, a line each
    undoes_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("vote_setting.id"))
    changed: Mapped[int | None]  # how many it was done to: others stood so already
    state: Mapped[str] = mapped_column(String(12), default="proposed")  # proposed | made | refused | withdrawn
    proposed_by: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    proposed_at: Mapped[Instant]
    decided_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    answer: Mapped[LongText | None]  # what the second person said

    finding: Mapped[Finding | None] = relationship(Finding)
    undoes: Mapped[Setting | None] = relationship(remote_side=lambda: Setting.id)
    proposer: Mapped[User] = relationship(foreign_keys=[proposed_by])
    decider: Mapped[User | None] = relationship(foreign_keys=[decided_by])


class SettingBallot(Base):
    """A ballot of such a batch, fixed when it is proposed."""

    __tablename__ = "vote_setting_ballot"

    setting_id: Mapped[int] = mapped_column(BigId, ForeignKey("vote_setting.id"), primary_key=True)
    ballot_id: Mapped[int] = mapped_column(BigId, ForeignKey("ballot.id"), primary_key=True, index=True)


class BallotDecision(Base):
    """A ballot set aside or admitted again, as the log says it. The latest `number` holds; none is removed."""

    __tablename__ = "ballot_decision"
    __table_args__ = (UniqueConstraint("contest_id", "number"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    ballot_id: Mapped[int] = mapped_column(BigId, ForeignKey("ballot.id"), index=True)
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))  # void | admit
    reason: Mapped[str] = mapped_column(String(40))
    setting_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("vote_setting.id"))
    at: Mapped[Instant]


class VotePicture(Base):
    """How the ballots of a vote spread over hours, ways, networks and units, as `distribution.draw` saw them last.

    Pages read this one row, however many ballots there are. It holds no figure of an entry.
    """

    __tablename__ = "vote_picture"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True, autoincrement=False)
    made_at: Mapped[Instant]
    ballots: Mapped[int] = mapped_column(BigId)
    content: Mapped[Json]


class BallotPattern(Base):
    """How many ballots made the same choices, counted once after the close: a count of a count is quick.

    Ballots that are set aside are not in it. Nothing of it exists while the vote is open.
    """

    __tablename__ = "ballot_pattern"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True)
    choices: Mapped[str] = mapped_column(String(320), primary_key=True)  # public ids, sorted, joined by commas
    ballots: Mapped[int] = mapped_column(BigId)


class PaperBatch(Base):
    """Ballots on paper from one place, keyed in twice by two people who do not see each other's.

    `first` and `second`: while somebody types, the text by the slip's number; from `first_at` and
    `second_at` a list of lists of public ids in the order of the slips, empty for a spoilt one. Ballots
    come to be when both agree and a third person (`accepted_by`) takes them in.
    """

    __tablename__ = "paper_batch"
    __table_args__ = (
        CheckConstraint("second_by IS NULL OR second_by <> first_by", name="two_people"),
        CheckConstraint(
            "accepted_by IS NULL OR (accepted_by <> first_by AND accepted_by <> second_by)", name="third_person"
        ),
        CheckConstraint("slips BETWEEN 1 AND 2000", name="slips"),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"))
    place: Mapped[Line]
    held_on: Mapped[date] = mapped_column(Date)
    slips: Mapped[int]  # how many were in the box, spoilt ones too
    state: Mapped[str] = mapped_column(String(12), default="keying")  # keying | differs | agreed | accepted | discarded
    first: Mapped[Json | None]
    first_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    first_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    second: Mapped[Json | None]
    second_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    second_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    note: Mapped[LongText | None]
    made_by: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    made_at: Mapped[Instant]
    accepted_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    accepted_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    unit: Mapped[Unit | None] = relationship()

"""The forms in which a unit answers. They check shape; the services check rules."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, MultipleFileField, RadioField, TextAreaField

from contest.core.forms import Form
from contest.exemplars.models import Verification
from contest.exemplars.rules import HOLD_REASONS, OUTCOMES

_ANSWERS = {"1": True, "alone": True, "0": False}


class AnswerForm(Form):
    """What the unit found, and what the exemplar agrees to. `seen`: see services.state_seen."""

    outcome = RadioField(_l("What did you find?"), validate_choice=False)
    hold_reason = RadioField(_l("Why is it on hold?"), validate_choice=False)
    note = TextAreaField(_l("Note"))
    papers = MultipleFileField(_l("Papers"))
    consent = RadioField(_l("Does the exemplar agree to be presented?"), validate_choice=False)
    guardian_consent = RadioField(_l("Does the child's legal representative agree?"), validate_choice=False)
    photos = RadioField(_l("Do they agree to be recognised in photos?"), validate_choice=False)
    seen = HiddenField()

    def offer(self, *, is_child: bool) -> None:
        self.outcome.choices = [(outcome, _(text)) for outcome, text in OUTCOMES.items()]
        self.hold_reason.choices = [(reason, _(text)) for reason, text in HOLD_REASONS.items()]
        agreed = [("1", _("Yes, they have agreed")), ("0", _("No, they do not agree"))]
        alone = [("alone", _("The child is under 7, so the legal representative speaks alone"))] if is_child else []
        self.consent.choices = [agreed[0], *alone, agreed[1]]
        self.guardian_consent.choices = self.photos.choices = agreed

    def show(self, verification: Verification, seen: str, *, photos: bool | None, alone: bool) -> None:
        """Fill in the answer that stands."""

        def spoken(value: bool | None) -> str:
            return "" if value is None else str(int(value))

        self.outcome.data = verification.outcome
        self.hold_reason.data = verification.hold_reason
        self.note.data = verification.note or ""
        self.consent.data = "alone" if alone and verification.consent else spoken(verification.consent)
        self.guardian_consent.data = spoken(verification.guardian_consent)
        self.photos.data = spoken(photos)
        self.seen.data = seen

    def agreed(self, name: str) -> bool | None:
        """Yes, no, or nothing said yet."""
        return _ANSWERS.get(self[name].data or "")


class WithdrawForm(Form):
    """That an exemplar takes a consent back; a reason is welcome and not needed."""

    purpose = RadioField(_l("What is withdrawn?"), validate_choice=False)
    because = TextAreaField(_l("Note"))

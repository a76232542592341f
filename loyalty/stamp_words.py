"""What a stamp card asks and gives, in sentences."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.presentation import format_money
from loyalty.models import StampCard


def terms_of(card: StampCard, currency: str) -> list[str]:
    """How stamps are earned and what a full card gives, a sentence each."""
    full = ngettext("%(stamps)s stamp fills a card.", "%(stamps)s stamps fill a card.", card.stamps)
    said = [full % {"stamps": card.stamps}, _earning(card, currency)]
    if card.business is not None:
        said.append(_("Collected at %(business)s.") % {"business": card.business.name})
    if card.sale_limit is not None:
        text = ngettext(
            "One sale gives at most %(limit)s stamp.", "One sale gives at most %(limit)s stamps.", card.sale_limit
        )
        said.append(text % {"limit": card.sale_limit})
    if card.day_limit is not None:
        text = ngettext(
            "The sales of a day give at most %(limit)s stamp.",
            "The sales of a day give at most %(limit)s stamps.",
            card.day_limit,
        )
        said.append(text % {"limit": card.day_limit})
    if card.reward_days is not None:
        text = ngettext(
            "A full card is used within %(days)s day.", "A full card is used within %(days)s days.", card.reward_days
        )
        said.append(text % {"days": card.reward_days})
    if card.starts_on is not None:
        said.append(_("From %(day)s on.") % {"day": date_format(card.starts_on, "j F Y")})
    if card.ends_on is not None:
        said.append(_("Until %(day)s.") % {"day": date_format(card.ends_on, "j F Y")})
    return said


def _earning(card: StampCard, currency: str) -> str:
    words = ", ".join([*card.categories, *card.products])
    facts = {"words": words, "amount": format_money(card.min_spend, currency)}
    if card.per == StampCard.Per.ITEM:
        text = _("One stamp for each item of: %(words)s.") if words else _("One stamp for each item.")
    elif card.min_spend:
        text = _("One stamp for each sale with %(amount)s or more of: %(words)s.")
        text = text if words else _("One stamp for each sale of %(amount)s or more.")
    else:
        text = _("One stamp for each sale with: %(words)s.") if words else _("One stamp for each sale.")
    return text % facts

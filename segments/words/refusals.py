"""What is no segment: orders to act, figures, other programmes, what is about nobody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from segments.words.context import DO, HEADS
from segments.words.items import EVERYBODY
from segments.words.text import Text, each, one_of

SHORTEST, LONGEST = 3, 500


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    message: str | Promise


TOO_SHORT = Refusal("too_short", _("Say in a few words which customers you mean."))
TOO_LONG = Refusal("too_long", _("That is too long: up to 500 characters, please."))
ACT = Refusal(
    "act",
    _("This finds customers and does nothing to them. Say which customers you mean; what happens next is for you."),
)
FIGURE = Refusal("figure", _("That asks for a figure. A segment is a group of customers: say which ones."))
OTHER = Refusal("other_programme", _("Segments are made of this programme's own customers only."))
NOBODY = Refusal(
    "not_people", _("There is nothing about customers in it. Say whom you mean, as in “ordered twice in 90 days”.")
)

_POLITE = each(
    "please can could would you i we want need like to now lets us go ahead and just kindly hey hi hello ok okay id d"
    " will must should have be nice if quickly then"
)
_CAN = each("can could may might")  # “we can text” says whom
_ACTS = each(
    "send text email mail message delete remove erase drop give award grant add credit archive merge block ban export"
    " refund charge call invite notify update change move cancel subscribe unsubscribe print download schedule publish"
    " tag untag reward thank forget contact write remind offer issue transfer deduct subtract reset upload import post"
    " share launch start run execute insert truncate alter purge wipe kill fire increase decrease double promote"
    " demote upgrade downgrade assign enrol enroll sms push alert warn congratulate welcome win encourage reach phone"
    " ring bill sell"
)
_NOT_ACTS = one_of(
    "give me", "send me", "give us", "export a list", "start with", "add a segment", "call it", "add up",
    "run a query", "text me", "email me", "give a list", "start a segment", "win back", "give back", "drop in",
    "change of", "add a group", "start from", "run a search", "run a report", "show", "email address",
    "email subscriber", "email contact", "text subscriber", "reach customers", "post code", "export customers",
    "contact detail",
)  # fmt: skip
_ASKING = one_of(
    "what", "how many", "how much", "how often", "how long", "how is", "how are", "how do", "how did", "how does",
    "how can", "how to", "how will", "how was", "how were", "why", "when", "where", "how big", "how old", "what is",
    "how well", "how about the", "which shop", "which day", "which product", "which item", "which month", "which tier",
)  # fmt: skip
_PROGRAMMES = each("programme tenant workspace account company competitor organisation")
_OUR_PROGRAMME = each(
    "loyalty point reward bonus our my the member this stamp membership referral a new card customer in of join joined"
    " their current club points-based from on to into for vip up since with"
)
_OTHERS = one_of(
    "other programme", "another programme", "all programmes", "every programme", "another company", "other companies",
    "competitor customers", "other tenants", "another tenant", "our competitors", "a competitor", "the competition",
    "another business customers", "my competitors", "all tenants", "other companies customers",
    "my neighbours customers", "different programme",
)  # fmt: skip
_CODE = re.compile(
    r"(?is)(\bselect\b.+\bfrom\b.+(?:\bwhere\b|[;*])|\bdrop\s+(?:table|database|schema)\b|\bunion\s+select\b|\bdelete\s+from\b"
    r"|\binsert\s+into\b|;\s*--|<\s*script|\{\{|\$\{|\bor\s+1\s*=\s*1\b)"
)


def refused_by_form(text: str) -> Refusal | None:
    if len(text.strip()) < SHORTEST:
        return TOO_SHORT
    if len(text) > LONGEST:
        return TOO_LONG
    return NOBODY if _CODE.search(text) else None


def refused_by_words(text: Text, programme: str, own_names: Sequence[str]) -> Refusal | None:
    """Before anything is read."""
    first = text.skip(0, _POLITE)
    while first < len(text) and text.tokens[first].is_sign:
        first = text.skip(first + 1, _POLITE)
    is_of_us = any(text.word(at) in ("we", "i") and text.word(at + 1) in _CAN for at in range(first))
    if text.word(first) in _ACTS and not is_of_us and _NOT_ACTS.at(text, first) is None and not _is_noun(text, first):
        return ACT
    if any(_OTHERS.at(text, at) for at in range(len(text))) or _names_another(text, programme, own_names):
        return OTHER
    return FIGURE if text.word(first) in _COMPARING or _asks_for_figure(text) else None


def _asks_for_figure(text: Text) -> bool:
    """“how many orders …”, “how much did Gold members spend”; not “how many customers …”, “what people …”"""
    asking = _ASKING.at(text, 0)
    if asking is None:
        return False
    if text.word(asking[1] - 1) in ("much", "often", "long"):
        return True
    following = [text.word(asking[1] + at) for at in range(3)]
    people = next((at for at, word in enumerate(following) if word in HEADS | EVERYBODY), None)
    return people is None or not DO.isdisjoint(following[:people])


_COMPARING = each("compare chart plot graph rank calculate sort")


_BEHIND_NOUNS = each(
    "subscriber address opt subscription marketing consent end start contain begin is domain number claimed contact"
    " list agreed allowed permission"
)


def _is_noun(text: Text, at: int) -> bool:
    """“Email subscribers”, “Text opt-ins”, “Contacts in Germany”: a word for people or things, not an order."""
    following = text.word(at + 1)
    is_plural = text.tokens[at].raw.endswith("s")
    is_both = text.word(at) in ("email", "text", "mail", "message", "phone", "tag", "reward")
    return is_plural or (is_both and following in _BEHIND_NOUNS)


def _names_another(text: Text, programme: str, own_names: Sequence[str]) -> bool:
    """“… of the Harbour Street programme”, where ours is another one."""
    ours = {word for name in (programme, *own_names) for word in Text(name).source.casefold().split()}
    for at in range(len(text)):
        if text.word(at) not in _PROGRAMMES:
            continue
        named = []
        before = at - 1
        while (
            before >= 0
            and at - before < 5
            and text.word(before) not in ("of", "in", "from", "at", "for", "the", "to", ",")
        ):
            named.append(before)
            before -= 1
        foreign = [
            place
            for place in named
            if text.word(place) not in _OUR_PROGRAMME
            and text.tokens[place].is_capital
            and text.tokens[place].raw.casefold() not in ours
        ]
        if foreign and before >= 0:
            return True
    return False

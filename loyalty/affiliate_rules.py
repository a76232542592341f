"""What a sale gives the affiliate who brought its customer, and what a click is. Pure.

How much a sale earns follows from the rule of its day and from what is left of it now, so the order and the split of
refunds do not matter (docs/algorithms/affiliates.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from core.money import minor_units
from loyalty.rules import add_months

PERCENT, PER_SALE, PER_CUSTOMER = "percent", "sale", "customer"
CODE = re.compile(r"[A-Z0-9-]{4,24}")
OWN_PATHS = "/p/"  # of the programme's host, what customers see
PARAMETER = "affiliate"  # carries the code to the programme's website
_EXACT = Context(prec=60)
# Words of programs that open links on their own, in what they say they are. Source: the robots that searching,
# messaging and monitoring services document; a browser's has none of them.
_ROBOTS = re.compile(
    r"bot\b|bot[/;_-]|crawl|spider|slurp|preview|scan|monitor|uptime|headless|lighthouse|facebookexternalhit|whatsapp/"
    r"|skypeuripreview|telegram|embedly|curl|wget|python|go-http|java/|okhttp|axios|node-fetch|libwww|ruby|php",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The rule that a sale keeps. `order_cap` is the most of one sale; None: no limit."""

    rule: str
    percent: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    min_spend: Decimal = Decimal(0)
    order_cap: Decimal | None = None


def commission_of(terms: Terms, *, total: Decimal, tax: Decimal, refunded: Decimal, currency: str) -> Decimal:
    """What a sale earns by what is left of it, rounded once, half up, to the currency's smallest unit.

    Percent is of the goods without tax where the sale says what tax it has; a refund names none, so it takes the same
    share of goods and tax. An amount shrinks by the share that was given back. What is left must still be `min_spend`.
    """
    left = max(Decimal(0), min(total, total - refunded))
    if total <= 0 or left <= 0 or left < terms.min_spend:
        return Decimal(0)
    share = Fraction(left) / Fraction(total)
    if terms.rule == PERCENT:
        net = total - max(Decimal(0), min(tax, total))
        exact = Fraction(net) * Fraction(terms.percent) / 100 * share
    else:
        exact = Fraction(terms.amount) * share
    if terms.order_cap is not None:
        exact = min(exact, Fraction(terms.order_cap))
    return _rounded(exact, currency)


def month_correction(earned: Decimal, cap: Decimal | None) -> Decimal:
    """What the most of a month takes off what its sales earned: 0 or less."""
    return Decimal(0) if cap is None else min(cap, earned) - earned


def may_earn(*, bought: date, came: date, before: int, orders: int | None, months: int | None) -> bool:
    """Whether a further sale of a customer earns: `before` did already; within `months` of the day they came."""
    if orders is not None and before >= orders:
        return False
    return months is None or bought < add_months(came, months)


def spelled(code: str) -> str:
    """A code as it is kept: capitals, no spaces around."""
    return code.strip().upper()


def is_robot(agent: str, purpose: str = "") -> bool:
    """Whether a program opened a link and no person: by what it says it is, or because a browser only looks ahead."""
    return not agent or bool(_ROBOTS.search(agent)) or "prefetch" in purpose.lower() or "preview" in purpose.lower()


def target_of(wanted: str, *, website: str, code: str) -> str | None:
    """Where a link may lead: a customers' page of this host, or the programme's website, told the code.

    None for everything else, and for nothing.
    """
    if not wanted or len(wanted) > 500 or not wanted.isprintable() or "\\" in wanted or " " in wanted:
        return None
    try:
        parts = urlsplit(wanted)
    except ValueError:  # half an address of a network, a host that would be read as another
        return None
    if not parts.scheme and not parts.netloc:
        # Browsers read %2e as a dot.
        is_own = wanted.startswith(OWN_PATHS) and ".." not in unquote(parts.path)
        return quote(wanted, safe="/?&=#%-._~+:,;@!$'()*[]") if is_own else None
    home = urlsplit(website)
    if not website or parts.scheme != "https" or parts.netloc.lower() != home.netloc.lower():
        return None
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != PARAMETER]
    return urlunsplit(parts._replace(query=urlencode([*query, (PARAMETER, code)])))


def _rounded(exact: Fraction, currency: str) -> Decimal:
    step = Decimal(1).scaleb(-minor_units(currency))
    units = Fraction(exact) / Fraction(step)
    whole = (units.numerator * 2 + units.denominator) // (units.denominator * 2)  # half up, for what is not negative
    return _EXACT.multiply(Decimal(whole), step).quantize(step, rounding=ROUND_HALF_UP)

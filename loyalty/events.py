"""The ledger's events. The SQL functions append them; a test compares what they write with these declarations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from customers.events import register

POINTS_EARNED = register(
    "loyalty.points.earned",
    title=_("Earned points"),
    icon="circle-plus",
    transaction="string",
    points="integer",
    balance="integer",
)
POINTS_REDEEMED = register(
    "loyalty.points.redeemed",
    title=_("Spent points"),
    icon="gift",
    transaction="string",
    points="integer",
    balance="integer",
    **{"reason?": "string"},
)
POINTS_REVERSED = register(
    "loyalty.points.reversed",
    title=_("Points undone"),
    icon="undo-2",
    transaction="string",
    points="integer",
    balance="integer",
    reverses="string",
)
POINTS_ADJUSTED = register(
    "loyalty.points.adjusted",
    title=_("Points adjusted by hand"),
    icon="pencil",
    transaction="string",
    points="integer",
    balance="integer",
    **{"reason?": "string"},
)
POINTS_EXPIRED = register(
    "loyalty.points.expired", title=_("Points expired"), icon="clock", transaction="string", points="integer"
)
POINTS_HELD = register(
    "loyalty.points.held",
    title=_("Points set aside"),
    icon="lock",
    transaction="string",
    held="integer",
    balance="integer",
    **{"reason?": "string"},
)
POINTS_RELEASED = register(
    "loyalty.points.released",
    title=_("Points given back"),
    icon="undo-2",
    transaction="string",
    held="integer",
    balance="integer",
    hold="string",
)

"""The one permission table: which role may do which act. Pages, API routes, jobs and navigation all read it.

A permission is `resource:verb`; API keys carry the same strings as scopes. Every URL declares one of them (or
declares itself open) through the decorators here, and a test fails when a URL or API route has no row.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

View = TypeVar("View", bound=Callable[..., Any])


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    MARKETER = "marketer", _("Marketer")
    ANALYST = "analyst", _("Analyst")
    CASHIER = "cashier", _("Cashier")


class Perm(models.TextChoices):
    HOME_VIEW = "home:read", _("See the home page and its figures")
    CUSTOMERS_VIEW = "customers:read", _("See customers and their history")
    CUSTOMERS_EDIT = "customers:write", _("Add and change customers")
    CUSTOMERS_EXPORT = "customers:export", _("Export customers")
    CUSTOMERS_MERGE = "customers:merge", _("Merge customers who are one person")
    CUSTOMERS_ERASE = "customers:erase", _("Erase a customer for good")
    ORDERS_VIEW = "orders:read", _("See orders and products")
    ORDERS_EDIT = "orders:write", _("Add, change and cancel orders")
    PRODUCTS_EDIT = "products:write", _("Add and change products")
    STOCK_EDIT = "stock:write", _("Receive, count and move stock")
    IMPORTS_RUN = "imports:write", _("Import customers and orders")
    EVENTS_SEND = "events:write", _("Send what customers do")
    TILL_USE = "till:write", _("Use the till")
    POINTS_VIEW = "points:read", _("See points and transactions")
    POINTS_WRITE = "points:write", _("Add and redeem points")
    POINTS_REVERSE = "points:reverse", _("Reverse a transaction")
    POINTS_ADJUST = "points:adjust", _("Adjust a balance by hand")
    LEDGER_AUDIT = "ledger:audit", _("Run and read the ledger audit")
    SETTLEMENT_CLOSE = "settlement:close", _("Close a month of settlement")
    PROGRAMME_VIEW = "programme:read", _("See businesses and earning rules")
    PROGRAMME_EDIT = "programme:write", _("Change businesses and earning rules")
    BUSINESSES_MANAGE = "businesses:manage", _("Let businesses join and leave the programme")
    ANALYTICS_VIEW = "metrics:read", _("See analytics")
    INTELLIGENCE_VIEW = "intelligence:read", _("See groups and scores")
    INTELLIGENCE_RUN = "intelligence:run", _("Run the analysis")
    SEGMENTS_VIEW = "segments:read", _("See segments and who is in them")
    SEGMENTS_EDIT = "segments:write", _("Add and change segments")
    JOBS_VIEW = "jobs:read", _("Follow background work")
    JOBS_CANCEL = "jobs:write", _("Stop background work")
    TEAM_MANAGE = "team:write", _("Invite people and change their roles")
    SETTINGS_EDIT = "settings:write", _("Change the programme's settings")
    KEYS_MANAGE = "keys:write", _("Create and revoke API keys")
    AUDIT_VIEW = "audit:read", _("Read the audit log")


_READ = frozenset(
    {
        Perm.HOME_VIEW,
        Perm.CUSTOMERS_VIEW,
        Perm.ORDERS_VIEW,
        Perm.POINTS_VIEW,
        Perm.PROGRAMME_VIEW,
        Perm.ANALYTICS_VIEW,
        Perm.INTELLIGENCE_VIEW,
        Perm.SEGMENTS_VIEW,
        Perm.JOBS_VIEW,
    }
)
_EVERYTHING = frozenset(Perm)

ROLE_PERMISSIONS: dict[Role, frozenset[Perm]] = {
    Role.OWNER: _EVERYTHING,
    Role.MANAGER: _EVERYTHING - {Perm.KEYS_MANAGE, Perm.SETTLEMENT_CLOSE, Perm.BUSINESSES_MANAGE},
    Role.MARKETER: _READ
    | {
        Perm.CUSTOMERS_EDIT,
        Perm.CUSTOMERS_EXPORT,
        Perm.IMPORTS_RUN,
        Perm.INTELLIGENCE_RUN,
        Perm.SEGMENTS_EDIT,
    },
    Role.ANALYST: _READ,
    # A cashier finds a customer by a full number at the till and sees the card, no list, no spend history.
    Role.CASHIER: frozenset({Perm.TILL_USE, Perm.POINTS_WRITE}),
}

# What an API key may carry. `read`, `write` and `admin` are presets over the same strings.
SCOPE_PRESETS: dict[str, frozenset[Perm]] = {
    "read": _READ,
    "write": _READ
    | {
        Perm.CUSTOMERS_EDIT,
        Perm.ORDERS_EDIT,
        Perm.PRODUCTS_EDIT,
        Perm.STOCK_EDIT,
        Perm.IMPORTS_RUN,
        Perm.EVENTS_SEND,
        Perm.POINTS_WRITE,
        Perm.POINTS_REVERSE,
        Perm.INTELLIGENCE_RUN,
        Perm.SEGMENTS_EDIT,
        Perm.JOBS_CANCEL,
    },
    "admin": _EVERYTHING - {Perm.TILL_USE},
}


def permissions_of(role: str) -> frozenset[Perm]:
    """The permissions of a role. Raises ValueError for a word that is no role."""
    return ROLE_PERMISSIONS[Role(role)]


# -- how a view says what it needs ------------------------------------------------------------------------------------
#
# `view.access` is a Perm, or one of the strings below. The middleware of `programs` enforces it before the view runs;
# a view without `access` is refused, so forgetting the decorator is loud.

OPEN = "open"  # anybody, on the public host or a programme's host
SIGNED_IN = "signed-in"  # any signed-in person, member of the programme or not
MEMBER = "member"  # any member of the programme, whatever the role
CUSTOMER = "customer"  # the points page: its own one-time-code session, checked by the view's own decorator
API = "api"  # the API's own authentication and scope check


def _with_access(view: View, access: object) -> View:
    @functools.wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    wrapped.access = access  # type: ignore[attr-defined]
    return wrapped  # type: ignore[return-value]


def requires(perm: Perm) -> Callable[[View], View]:
    """Only members whose role has `perm`; anonymous people go to log-in, others get 403."""
    return lambda view: _with_access(view, perm)


def open_to_all(view: View) -> View:
    """Anybody may call it. Say in the view why that is safe."""
    return _with_access(view, OPEN)


def signed_in(view: View) -> View:
    """Any signed-in person; used on the public host, before there is a programme."""
    return _with_access(view, SIGNED_IN)


def member_only(view: View) -> View:
    """Any member of this programme, whatever the role."""
    return _with_access(view, MEMBER)


def customer_page(view: View) -> View:
    """A page of the customers' area; the view checks the customer's own session."""
    return _with_access(view, CUSTOMER)

"""The staff app's navigation: one list, filtered by what the role may do and by what exists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.permissions import Perm

GROUPS: dict[str, str | Promise] = {
    "": "",
    "customers": _("Customers"),
    "catalogue": _("Catalogue"),
    "loyalty": _("Loyalty"),
    "measure": _("Measure"),
    "bottom": "",
    "account": "",
    "settings": _("Settings"),
}
NAMELESS = ("bottom", "account", "settings")  # not among the sidebar's groups


@dataclass(frozen=True, slots=True)
class NavItem:
    """A page of the navigation. `perm` None: any member. `tab`: also in the tab bar of a phone.

    `of_all`: it is about all businesses, and not for people limited to one.
    """

    label: str | Promise
    url_name: str
    icon: str
    perm: Perm | None
    group: str = ""
    tab: bool = False
    of_all: bool = False


# In the order of the sidebar. A page joins by one line here.
ITEMS: Sequence[NavItem] = (
    NavItem(_("Home"), "screens:home", "layout-dashboard", Perm.HOME_VIEW, tab=True),
    NavItem(_("Till"), "till:find", "calculator", Perm.TILL_USE, tab=True),
    NavItem(
        _("Customers"),
        "customers:list",
        "users",
        Perm.CUSTOMERS_VIEW,
        "customers",
        tab=True,
    ),
    NavItem(_("Segments"), "segments:list", "funnel", Perm.SEGMENTS_VIEW, "customers", of_all=True),
    NavItem(
        _("Archetypes"),
        "intelligence:archetypes",
        "shapes",
        Perm.INTELLIGENCE_VIEW,
        "customers",
        of_all=True,
    ),
    NavItem(_("Orders"), "customers:orders", "receipt-text", Perm.ORDERS_VIEW, "catalogue"),
    NavItem(_("Products"), "customers:products", "package", Perm.ORDERS_VIEW, "catalogue"),
    NavItem(_("Stock"), "stock:list", "layers-3", Perm.ORDERS_VIEW, "catalogue"),
    NavItem(_("Programme"), "loyalty:programme", "stamp", Perm.PROGRAMME_VIEW, "loyalty"),
    NavItem(_("Rewards"), "rewards:list", "gift", Perm.PROGRAMME_VIEW, "loyalty"),
    NavItem(_("Analytics"), "analytics:overview", "chart-line", Perm.ANALYTICS_VIEW, "measure"),
    NavItem(_("Settings"), "workspace:settings", "settings", Perm.SETTINGS_EDIT, "bottom"),
    NavItem(_("Your profile"), "workspace:me", "circle-user-round", None, "account"),
)
# Behind the pages above. The command palette finds these, too.
DEEPER: Sequence[NavItem] = (
    NavItem(_("Add a customer"), "customers:create", "user-plus", Perm.CUSTOMERS_EDIT, "customers"),
    NavItem(_("New segment"), "segments:create", "funnel", Perm.SEGMENTS_EDIT, "customers", of_all=True),
    NavItem(_("Insights"), "intelligence:analysis", "sparkles", Perm.INTELLIGENCE_VIEW, "measure", of_all=True),
    NavItem(_("RFM groups"), "intelligence:groups", "shapes", Perm.INTELLIGENCE_VIEW, "customers"),
    NavItem(
        _("Runs of archetypes"),
        "intelligence:archetype-runs",
        "shapes",
        Perm.INTELLIGENCE_VIEW,
        "customers",
        of_all=True,
    ),
    NavItem(_("Features of customers"), "intelligence:features", "shapes", Perm.INTELLIGENCE_VIEW, "customers"),
    NavItem(
        _("How well we forecast"), "intelligence:backtest", "history", Perm.INTELLIGENCE_VIEW, "measure", of_all=True
    ),
    NavItem(_("Likely to buy"), "intelligence:products", "shopping-bag", Perm.INTELLIGENCE_VIEW, "measure"),
    NavItem(_("Receive stock"), "stock:receive", "layers-3", Perm.STOCK_EDIT, "catalogue"),
    NavItem(_("Count stock"), "stock:count", "layers-3", Perm.STOCK_EDIT, "catalogue"),
    NavItem(_("Add an order"), "orders:add", "receipt-text", Perm.ORDERS_EDIT, "catalogue"),
    NavItem(_("Refunds"), "customers:refunds", "undo-2", Perm.ORDERS_VIEW, "catalogue"),
    NavItem(_("Add a product"), "customers:product-create", "package", Perm.PRODUCTS_EDIT, "catalogue"),
    NavItem(_("Tags"), "customers:tags", "tag", Perm.CUSTOMERS_VIEW, "customers"),
    NavItem(_("Fields of customers"), "customers:fields", "settings", Perm.CUSTOMERS_VIEW, "customers"),
    NavItem(_("Duplicates"), "customers:duplicates", "users", Perm.CUSTOMERS_MERGE, "customers"),
    NavItem(_("Imports"), "customers:imports", "upload", Perm.IMPORTS_RUN, "customers"),
    NavItem(_("Databases"), "customers:databases", "database", Perm.IMPORTS_RUN, "customers"),
    NavItem(_("Events"), "customers:events", "activity", Perm.CUSTOMERS_VIEW, "customers"),
    NavItem(_("Transactions"), "loyalty:transactions", "scroll-text", Perm.POINTS_VIEW, "loyalty"),
    NavItem(_("Add a reward"), "rewards:create", "gift", Perm.PROGRAMME_EDIT, "loyalty"),
    NavItem(_("Earning rules"), "loyalty:rules", "repeat", Perm.PROGRAMME_VIEW, "loyalty"),
    NavItem(_("Tiers"), "loyalty:tiers", "award", Perm.PROGRAMME_VIEW, "loyalty"),
    NavItem(_("Referrals"), "loyalty:referrals", "users", Perm.POINTS_VIEW, "loyalty"),
    NavItem(_("Affiliates"), "affiliates:list", "send", Perm.POINTS_VIEW, "loyalty"),
    NavItem(_("Recommendations"), "recommendations:list", "sparkles", Perm.POINTS_VIEW, "loyalty"),
    NavItem(_("Stamp cards"), "stamps:list", "stamp", Perm.PROGRAMME_VIEW, "loyalty"),
    NavItem(_("Reports"), "reports:points", "calculator", Perm.POINTS_VIEW, "loyalty"),
    NavItem(_("Settlement"), "settlement:list", "receipt-text", Perm.POINTS_VIEW, "loyalty"),
    NavItem(_("Businesses"), "workspace:business-list", "store", Perm.PROGRAMME_VIEW, "settings"),
    NavItem(_("Businesses that join"), "joining:page", "user-plus", Perm.BUSINESSES_MANAGE, "settings"),
    NavItem(_("Team"), "workspace:team", "users", Perm.TEAM_MANAGE, "settings"),
    NavItem(_("Intelligence"), "intelligence:settings", "sparkles", Perm.SETTINGS_EDIT, "settings", of_all=True),
    NavItem(_("Texts"), "messaging:texts", "message-square-text", Perm.SETTINGS_EDIT, "settings"),
    NavItem(_("API keys"), "workspace:api-keys", "key-round", Perm.KEYS_MANAGE, "settings"),
    NavItem(_("Webhooks"), "webhooks:list", "send", Perm.KEYS_MANAGE, "settings"),
    NavItem(_("Audit log"), "workspace:audit", "scroll-text", Perm.AUDIT_VIEW, "settings"),
)


@dataclass(frozen=True, slots=True)
class Badge:
    """What waits behind a page: `text` is drawn ("12"), `words` are read out ("12 products run low").

    `is_quiet`: it only says how many there are, and asks for nothing.
    """

    text: str
    words: str
    is_quiet: bool = False


Counter = Callable[[Actor], Badge | None]
BADGES: dict[str, Counter] = {}  # by URL name; apps join in `ready`


def badge_of(url_name: str) -> Callable[[Counter], Counter]:
    """Registers what counts for a page's link: one cheap query, asked where the link is drawn."""

    def register(count: Counter) -> Counter:
        BADGES[url_name] = count
        return count

    return register


SEARCH = ("customers:list", Perm.CUSTOMERS_VIEW)
LOGOUT = ("account_logout", "programs:logout")


@dataclass(frozen=True, slots=True)
class NavLink:
    label: str | Promise
    url: str
    icon: str
    group: str | Promise
    current: bool
    tab: bool
    badge: Callable[[], Badge | None] | None = None


@dataclass(frozen=True, slots=True)
class NavGroup:
    key: str
    label: str | Promise
    items: Sequence[NavLink]


@dataclass(frozen=True, slots=True)
class Navigation:
    """What the shell draws for one person on one page."""

    groups: Sequence[NavGroup]
    bottom: Sequence[NavLink]
    account: Sequence[NavLink]
    deeper: Sequence[NavLink]
    home_url: str
    search_url: str
    logout_url: str

    @property
    def everything(self) -> list[NavLink]:
        """All sections."""
        return [
            *(item for group in self.groups for item in group.items),
            *self.bottom,
            *self.account,
        ]

    @property
    def palette(self) -> list[NavLink]:
        """All pages that can be named: the sections and what is behind them."""
        return [*self.everything, *self.deeper]

    @property
    def tabs(self) -> list[NavLink]:
        return [item for group in self.groups for item in group.items if item.tab]

    @property
    def more(self) -> list[NavLink]:
        """What the tab bar leaves out."""
        return [item for group in self.groups for item in group.items if not item.tab] + list(self.bottom)

    @property
    def section(self) -> NavLink | None:
        """The page's place in the navigation."""
        return next((item for item in self.everything if item.current), None)


def build(*, permissions: Collection[Perm], path: str, urlconf: Any = None, actor: Actor | None = None) -> Navigation:
    """The navigation for a role's `permissions` on the page at `path`; with badges for an `actor`.

    A page whose URL name does not exist is left out, never a dead link. The current item is the one whose URL is the
    longest prefix of `path`.
    """
    found = _open_to(permissions, ITEMS, urlconf, actor)
    matches = [url for _item, url in found if path == url or (url != "/" and path.startswith(url))]
    current = max(matches, key=len, default="")
    badges: Mapping[str, Any] = {name: cache(partial(count, actor)) for name, count in BADGES.items()} if actor else {}
    links = {
        key: [
            NavLink(item.label, url, item.icon, GROUPS[key], url == current, item.tab, badges.get(item.url_name))
            for item, url in found
            if item.group == key
        ]
        for key in GROUPS
    }
    search_name, search_perm = SEARCH
    return Navigation(
        groups=[
            NavGroup(key, label, links[key]) for key, label in GROUPS.items() if key not in NAMELESS and links[key]
        ],
        bottom=links["bottom"],
        account=links["account"],
        deeper=[
            NavLink(item.label, url, item.icon, GROUPS[item.group], current=False, tab=False)
            for item, url in _open_to(permissions, DEEPER, urlconf, actor)
        ],
        home_url=found[0][1] if found else "/",
        search_url=_resolve(search_name, urlconf) if search_perm in permissions else "",
        logout_url=next(filter(None, (_resolve(name, urlconf) for name in LOGOUT)), ""),
    )


def _open_to(
    permissions: Collection[Perm], items: Sequence[NavItem], urlconf: Any, actor: Actor | None
) -> list[tuple[NavItem, str]]:
    """Those that the person may open and that exist, with their URLs."""
    is_limited = actor is not None and actor.business_id is not None
    found = [
        (item, _resolve(item.url_name, urlconf))
        for item in items
        if (item.perm is None or item.perm in permissions) and not (item.of_all and is_limited)
    ]
    return [(item, url) for item, url in found if url]


def _resolve(name: str, urlconf: Any) -> str:
    try:
        return reverse(name, urlconf=urlconf)
    except NoReverseMatch:
        return ""

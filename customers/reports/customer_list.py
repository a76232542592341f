"""The customer list: who is in it, in which order, one page at a time."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.actor import Actor
from core.clock import day_after, day_start, local_day
from core.keyset import COUNT_CAP, Count, KeysetPage, Order, count_up_to_cap, keyset_page
from core.phones import display_phone
from customers.attribute_filters import AttributeFilter, narrowed
from customers.attributes import shown
from customers.kept_groups import in_group, kept_groups
from customers.models import (
    Archetype,
    AttributeDefinition,
    BusinessCustomerFacts,
    Customer,
    CustomerArchetype,
    CustomerFacts,
    CustomerScores,
    CustomerTag,
    OrOldest,
    PeopleGroup,
    Tag,
)
from customers.models import Order as Purchase
from customers.reports.tags import tags_of
from customers.rfm_groups import RFM_GROUPS, RfmGroup
from customers.search import search_for
from customers.words import days_ago

Source = QuerySet[Any]

SORTS: Mapping[str, Order] = {
    "name": Order(["customer__last_name", "customer__first_name", "customer_id"]),
    "spent": Order(["total_spent", "customer_id"]),
    "orders": Order(["orders_count", "customer_id"]),
    "last": Order([OrOldest(F("last_order_at")), "customer_id"]),
    "points": Order(["balance", "customer_id"]),
    "created": Order(["customer__created_at", "customer_id"]),
    # Of those who bought: nobody else has scores. Their own key, so that the index of the scores answers.
    "churn": Order(["customer__scores__churn", "customer__scores__pk"]),
    "value": Order(["customer__scores__value_12", "customer__scores__pk"]),
}
SCORE_SORTS = frozenset({"churn", "value"})
DEFAULT_SORT = "-spent"
# Of churn, beside its percent.
BANDS: Mapping[str, str | Promise] = {
    "low": gettext_lazy("Low"),
    "medium": gettext_lazy("Medium"),
    "high": gettext_lazy("High"),
    "lost": gettext_lazy("Lost"),
}
MOST_COUNTRIES = 200  # what people typed as their country may be anything
# Windows of the filter "last order": within so many days, or longer ago than that.
WITHIN_DAYS = (7, 30, 90, 365)
LONGER_DAYS = (30, 90, 180, 365)


@dataclass(frozen=True, slots=True)
class CustomerFilters:
    """What the list is narrowed to; every default means "no matter". `business_id` also decides whose figures show."""

    text: str = ""
    member: str = ""  # yes, no
    tier: str = ""  # its name
    group: str = ""  # code of an RFM group
    churn: str = ""  # a band of CustomerScores
    archetype_id: int | None = None
    archetype_before_id: int | None = None  # where they were when movement began
    recency: int | None = None  # RFM scores
    frequency: int | None = None
    last: str = ""  # within-30, over-90, never
    spent_min: Decimal | None = None
    spent_max: Decimal | None = None
    business_id: int | None = None
    country: str = ""
    new_days: int | None = None  # became a customer within so many days
    orders: int | None = None  # bought so often; PeopleGroup.MOST_ORDERS: so often or more
    region: str = ""
    cohort: date | None = None  # a day of the month of the first order
    active_in: date | None = None  # a day of a month with an order
    bought_from: date | None = None  # bought on one of the days from here
    bought_to: date | None = None  # to here
    first_bought: str = ""  # of these days' buyers: within them, or before
    is_archived: bool = False  # who is in the archive instead of who is not
    tags: Sequence[int] = ()  # has one of them
    without_tags: Sequence[int] = ()  # has none of them
    attributes: Sequence[AttributeFilter] = ()
    segment: str = ""  # code of a group that is kept elsewhere

    @property
    def is_narrowed(self) -> bool:
        return self != CustomerFilters()


@dataclass(frozen=True, slots=True)
class CustomerRow:
    code: str
    name: str  # what to call the person: name, else phone, e-mail or id
    contact: str
    tier: str
    group: RfmGroup | None
    last_order: str  # in words; empty: never bought
    orders: int
    spent: Decimal
    points: int
    is_member: bool
    churn: int | None = None  # percent; with band and value only where every business is seen, for who ever bought
    band: str = ""
    value: Decimal | None = None  # of the next 12 months
    archetype: str = ""
    extra: Sequence[str] = ()  # values of the columns asked for
    tags: Sequence[Tag] = ()


@dataclass(frozen=True, slots=True)
class CustomerPage:
    page: KeysetPage[CustomerRow]
    count: Count
    is_fuzzy: bool = False  # nothing holds what was typed; these sound like it


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose list it is, and what "today" and a national phone number mean."""

    actor: Actor
    country: str
    zone: ZoneInfo
    now: datetime

    def days_ago(self, days: int) -> datetime:
        """Midnight `days` days before today, in the programme's zone."""
        return day_start(local_day(self.now, self.zone) - timedelta(days=days), self.zone)


def sorts_for(actor: Actor) -> Mapping[str, Order]:
    return {key: order for key, order in SORTS.items() if actor.business_id is None or key not in SCORE_SORTS}


def customer_page(
    scope: Scope,
    filters: CustomerFilters,
    *,
    sort: str,
    descending: bool,
    cursor: str = "",
    columns: Sequence[AttributeDefinition] = (),
    with_tags: bool = False,
) -> CustomerPage:
    """One page and the count: two queries, one more for tags, one more when a name is spelled in another way."""
    source, rest = _source(scope, filters)
    source = _few_first(source, filters.attributes)
    search = search_for(filters.text, country=scope.country, prefix="customer__")
    found = source.filter(search.strict) if search else source
    count, is_fuzzy = count_up_to_cap(found), False
    if search and search.fuzzy and not count:
        # The few that sound like it are looked for once, not for the count and for the page.
        keys = list(source.filter(search.fuzzy).values_list("customer_id", flat=True))
        found, count, is_fuzzy = source.filter(customer_id__in=keys), Count(len(keys)), True
    order = SORTS[sort]
    if sort == "points" and rest:
        order = Order(["customer__facts__balance", "customer_id"])
    if sort in SCORE_SORTS:
        found = found.filter(customer__scores__isnull=False)
    related = ["customer", *(["customer__facts"] if rest else ())]
    if scope.actor.business_id is None:
        related += ["customer__scores", "customer__archetype__archetype"]
    page = keyset_page(found.select_related(*related), order, descending=descending, cursor=cursor)
    tags = tags_of([row.customer_id for row in page.rows]) if with_tags else {}
    return CustomerPage(page.with_rows([_row(row, scope, columns, tags) for row in page.rows]), count, is_fuzzy)


def _few_first(source: Source, asked: Sequence[AttributeFilter]) -> Source:
    """Where few customers fit what no index answers, begin with them. One query for such a filter.

    Else a page walks the whole list in its order to find them, which took half a minute of a million customers.
    """
    if not any(one.op in ("contains", "between", "empty") for one in asked):
        return source
    few = list(narrowed(Customer.objects.order_by(), asked).values_list("pk", flat=True)[: COUNT_CAP + 1])
    return source.filter(customer_id__in=few) if len(few) <= COUNT_CAP else source


def found_by(scope: Scope, filters: CustomerFilters) -> Source:
    """Rows of facts of everybody whom the filters find as they were typed, in no order."""
    source, _rest = _source(scope, filters)
    search = search_for(filters.text, country=scope.country, prefix="customer__")
    return source.filter(search.strict) if search else source


def count_customers(scope: Scope, filters: CustomerFilters) -> Count:
    return count_up_to_cap(_source(scope, filters)[0])


def _source(scope: Scope, filters: CustomerFilters) -> tuple[Source, str]:
    """Rows of facts, of the programme or of one business, and the path from there to the programme's facts.

    People limited to a business see its figures only, and only those who bought there.
    """
    business_id = scope.actor.business_id or filters.business_id
    source: Source = CustomerFacts.objects.all()
    rest = ""
    if business_id is not None:
        source, rest = BusinessCustomerFacts.objects.filter(business_id=business_id), "customer__facts__"
    state = Customer.State.ARCHIVED if filters.is_archived else Customer.State.ACTIVE
    source = source.filter(customer__state=state)
    if scope.actor.business_id and filters.business_id not in (None, scope.actor.business_id):
        return source.none(), rest
    source = source.filter(_figures(filters, rest), _last_order(filters.last, scope))
    if filters.country:
        source = source.filter(customer__country=filters.country)
    if filters.region:
        source = source.filter(customer__region=filters.region)
    if filters.cohort:
        start, end = _month(filters.cohort, scope)
        source = source.filter(first_order_at__gte=start, first_order_at__lt=end)
    if filters.active_in:
        source = source.filter(_bought_in(filters.active_in, scope, business_id))
    if filters.bought_from and filters.bought_to:
        source = source.filter(
            *_buyers(filters.bought_from, filters.bought_to, filters.first_bought, scope, business_id)
        )
    source = _expected(source, filters, scope)
    if filters.new_days:
        source = source.filter(customer__created_at__gte=scope.days_ago(filters.new_days - 1))
    if filters.tags:
        source = source.filter(_tagged(filters.tags))
    if filters.without_tags:
        source = source.filter(~_tagged(filters.without_tags))
    return narrowed(source, filters.attributes, prefix="customer__"), rest


def _expected(source: Source, filters: CustomerFilters, scope: Scope) -> Source:
    """What models and segments say, which is of the whole programme: people limited to a business find nobody by it."""
    asked = {
        "customer__scores__band": filters.churn,
        "customer__archetype__archetype": filters.archetype_id,
        "customer__archetype__earlier": filters.archetype_before_id,
    }
    given = {name: value for name, value in asked.items() if value}
    if (given or filters.segment) and scope.actor.business_id is not None:
        return source.none()
    if filters.segment:
        source = source.filter(in_group(filters.segment, customer="customer_id"))
    return source.filter(**given)


def segments_for(actor: Actor) -> list[tuple[str, str]]:
    """Code and name of each that the list can be narrowed to; none for people limited to a business. One query."""
    return kept_groups() if actor.business_id is None else []


def archetypes_for(actor: Actor) -> list[Archetype]:
    """Every archetype that there is or was; none for people limited to a business. One query."""
    if actor.business_id is not None:
        return []
    return list(Archetype.objects.filter(level=Archetype.Level.KIND).order_by("-is_current", "place", "pk"))


def _month(day: date, scope: Scope) -> tuple[datetime, datetime]:
    """From the first moment of its month to the first of the next."""
    first = day.replace(day=1)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return day_start(first, scope.zone), day_start(day_after(last), scope.zone)


def _bought_in(day: date, scope: Scope, business_id: int | None) -> Exists:
    start, end = _month(day, scope)
    return _bought_between(start, end, business_id)


def _buyers(first: date, last: date, first_bought: str, scope: Scope, business_id: int | None) -> list[Q | Exists]:
    """Who bought on these days. The figures know it of most people; orders are looked at only for the others."""
    start, end = day_start(first, scope.zone), day_start(day_after(last), scope.zone)
    if first_bought == "within":
        return [Q(first_order_at__gte=start, first_order_at__lt=end)]
    figures = Q(last_order_at__gte=start, first_order_at__lt=start if first_bought == "before" else end)
    return [figures] if end > scope.now else [figures, _bought_between(start, end, business_id)]


def _bought_between(start: datetime, end: datetime, business_id: int | None) -> Exists:
    orders = Purchase.objects.exclude(status=Purchase.Status.CANCELLED).filter(
        customer=OuterRef("customer_id"), placed_at__gte=start, placed_at__lt=end
    )
    return Exists(orders if business_id is None else orders.filter(business_id=business_id))


def _figures(filters: CustomerFilters, rest: str) -> Q:
    """What is asked of the figures themselves; `rest` leads to those of the whole programme."""
    conditions = Q()
    if filters.member:
        conditions &= Q(**{f"{rest}is_member": filters.member == "yes"})
    if filters.tier:
        conditions &= Q(**{f"{rest}tier": filters.tier})
    if filters.group:
        conditions &= Q(**{f"{rest}rfm_group": filters.group})
    if filters.recency:
        conditions &= Q(**{f"{rest}rfm_recency": filters.recency})
    if filters.frequency:
        conditions &= Q(**{f"{rest}rfm_frequency": filters.frequency})
    if filters.orders is not None:
        lookup = "orders_count__gte" if filters.orders >= PeopleGroup.MOST_ORDERS else "orders_count"
        conditions &= Q(**{lookup: filters.orders})
    if filters.spent_min is not None:
        conditions &= Q(total_spent__gte=filters.spent_min)
    if filters.spent_max is not None:
        conditions &= Q(total_spent__lte=filters.spent_max)
    return conditions


def _tagged(tags: Sequence[int]) -> Exists:
    return Exists(CustomerTag.objects.filter(tag__in=tags, customer=OuterRef("customer_id")))


def _last_order(window: str, scope: Scope) -> Q:
    kind, _, days = window.partition("-")
    if kind == "within":
        return Q(last_order_at__gte=scope.days_ago(int(days) - 1))
    if kind == "over":
        return Q(last_order_at__lt=scope.days_ago(int(days) - 1))
    return Q(last_order_at__isnull=True) if kind == "never" else Q()


def _row(
    row: Any, scope: Scope, columns: Sequence[AttributeDefinition], tags: Mapping[int, Sequence[Tag]]
) -> CustomerRow:
    customer, facts = row.customer, row
    if isinstance(row, BusinessCustomerFacts):
        facts = getattr(customer, "facts", None) or CustomerFacts(customer=customer)
    scores: CustomerScores | None = getattr(customer, "scores", None) if scope.actor.business_id is None else None
    member: CustomerArchetype | None = getattr(customer, "archetype", None) if scores else None
    name, contact = name_and_contact(customer, scope.country)
    return CustomerRow(
        code=customer.code,
        name=name,
        contact=contact,
        tier=facts.tier,
        group=RFM_GROUPS.get(facts.rfm_group),
        last_order=days_ago(row.last_order_at, now=scope.now, zone=scope.zone) if row.last_order_at else "",
        orders=row.orders_count,
        spent=row.total_spent,
        points=facts.balance,
        is_member=facts.is_member,
        churn=round(scores.churn * 100) if scores else None,
        band=str(BANDS[scores.band]) if scores else "",
        value=scores.value_12 if scores else None,
        archetype=member.archetype.name if member else "",
        extra=[shown(one, customer.attributes.get(one.key)) for one in columns],
        tags=tags.get(customer.pk, ()),
    )


def name_and_contact(customer: Customer, country: str) -> tuple[str, str]:
    """What to call a person, and how else to recognise them, from what is known; never two times the same."""
    if customer.state == Customer.State.ERASED:
        return _("Erased customer"), ""
    if customer.state == Customer.State.MERGED:
        return _("Merged customer"), ""
    phone = display_phone(customer.phone, country) if customer.phone else ""
    known = [text for text in (customer.name, phone, customer.email, customer.external_id) if text]
    return (known[0] if known else customer.code), (known[1] if len(known) > 1 else "")


@dataclass(frozen=True, slots=True)
class View:
    """A ready-made narrowing, shown as a tab with its count."""

    key: str
    filters: CustomerFilters = field(default_factory=CustomerFilters)

    def counted(self, scope: Scope, business_id: int | None) -> Count:
        return count_customers(scope, replace(self.filters, business_id=business_id))


VIEWS: Sequence[View] = (
    View("everyone"),
    View("members", CustomerFilters(member="yes")),
    View("champions", CustomerFilters(group="champions")),
    View("at-risk", CustomerFilters(group="at_risk")),
    View("new", CustomerFilters(new_days=7)),
)


_COUNTRIES = """
    WITH RECURSIVE one (country) AS (
        (SELECT country FROM customers_customer WHERE state = 'active' AND country <> '' ORDER BY country LIMIT 1)
        UNION ALL
        SELECT (SELECT c.country FROM customers_customer c
                WHERE c.state = 'active' AND c.country <> '' AND c.country > one.country ORDER BY c.country LIMIT 1)
        FROM one WHERE one.country IS NOT NULL
    )
    SELECT one.country FROM one WHERE one.country IS NOT NULL LIMIT %s
"""


def countries_of(scope: Scope) -> list[str]:
    """Countries that the customers have whom the person sees, in order; for the filter.

    Those of one business are of the last count of its people.
    """
    if scope.actor.business_id is not None:
        counted = PeopleGroup.objects.filter(business_id=scope.actor.business_id, kind=PeopleGroup.Kind.COUNTRY)
        return list(counted.exclude(key="").order_by("key").values_list("key", flat=True))
    return countries_of_customers()


def countries_of_customers() -> list[str]:
    """Hops along the index."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTRIES, [MOST_COUNTRIES])
        return [country for (country,) in cursor.fetchall()]


_TIERS = """
    WITH RECURSIVE one (tier) AS (
        (SELECT tier FROM customers_customerfacts WHERE tier <> '' ORDER BY tier LIMIT 1)
        UNION ALL
        SELECT (SELECT f.tier FROM customers_customerfacts f WHERE f.tier <> '' AND f.tier > one.tier
                ORDER BY f.tier LIMIT 1)
        FROM one WHERE one.tier IS NOT NULL
    )
    SELECT one.tier FROM one CROSS JOIN LATERAL (
        SELECT f.tier_rank FROM customers_customerfacts f WHERE f.tier <> '' AND f.tier = one.tier LIMIT 1
    ) AS ranked
    ORDER BY ranked.tier_rank
"""


def tiers_of_customers() -> list[str]:
    """Names of the tiers that somebody has, from the lowest; for the filter. Hops along the index."""
    with connection.cursor() as cursor:
        cursor.execute(_TIERS)
        return [name for (name,) in cursor.fetchall()]

"""The customer list's query: the form that reads it, and the one way to write it down."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.keyset import sort_of
from customers.attributes import definitions
from customers.forms import CustomerFilterForm
from customers.models import Tag
from customers.reports import customer_list
from customers.reports.customer_list import DEFAULT_SORT, SORTS, CustomerFilters, Scope
from workspace.models import Business


def list_form(query: QueryDict, scope: Scope) -> CustomerFilterForm:
    """What the list understands of a query, for who asks. Seven queries."""
    return CustomerFilterForm(
        query,
        businesses=list(Business.objects.active().visible_to(scope.actor)),
        countries=customer_list.countries_of(scope),
        tiers=customer_list.tiers_of_customers(),
        definitions=definitions(),
        tags=list(Tag.objects.in_use()),
        archetypes=customer_list.archetypes_for(scope.actor),
        segments=customer_list.segments_for(scope.actor),
        sees_all=scope.actor.business_id is None,
    )


class FilterLost(DomainError):
    """`filters`: what the query narrows by and the list does not know (any more)."""

    code = "filter_lost"
    message = _("A filter means nothing any more: its tag or field was deleted, say. Look at the list again.")


def filters_of(query: QueryDict, scope: Scope) -> CustomerFilters:
    """The filters of a query, all of them, for what must not happen to more people than are meant.

    Raises FilterLost.
    """
    form = list_form(query, scope)
    if form.lost:
        raise FilterLost(filters=form.lost)
    return form.filters()


def written_down(form: CustomerFilterForm) -> str:
    """The valid filters, the order and the columns, always in the same sequence; what was searched for is left out."""
    key, is_descending = sort_of(form.query.get("sort"), SORTS, DEFAULT_SORT)
    sort = f"-{key}" if is_descending else key
    parts = [*form.kept, *([("sort", sort)] if sort != DEFAULT_SORT else [])]
    return urlencode(sorted(parts))

"""The customer list's query: the form that reads it, and the one way to write it down."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import QueryDict

from core.keyset import sort_of
from customers.attributes import definitions
from customers.forms import CustomerFilterForm
from customers.models import Tag
from customers.reports import customer_list
from customers.reports.customer_list import DEFAULT_SORT, SORTS, Scope
from workspace.models import Business


def list_form(query: QueryDict, scope: Scope) -> CustomerFilterForm:
    """What the list understands of a query, for who asks. Five queries."""
    return CustomerFilterForm(
        query,
        businesses=list(Business.objects.active().visible_to(scope.actor)),
        countries=customer_list.countries_of(scope),
        tiers=customer_list.tiers_of_customers(),
        definitions=definitions(),
        tags=list(Tag.objects.in_use()),
    )


def written_down(form: CustomerFilterForm) -> str:
    """The valid filters, the order and the columns, always in the same sequence; what was searched for is left out."""
    key, is_descending = sort_of(form.query.get("sort"), SORTS, DEFAULT_SORT)
    sort = f"-{key}" if is_descending else key
    parts = [*form.kept, *([("sort", sort)] if sort != DEFAULT_SORT else [])]
    return urlencode(sorted(parts))

"""The customer list's query: what narrows it says so, and what says nothing by itself is left out."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.utils import timezone

from core.actor import SYSTEM
from customers.list_query import list_form, written_down
from customers.models import Tag
from customers.reports.customer_list import CustomerFilters, Scope, found_by
from customers.tests.test_attributes import field
from programs.models import Programme

JANUARY = "bought_from=2026-01-01&bought_to=2026-01-31"


@pytest.mark.parametrize(
    ("query", "chips"),
    [
        ("first=within", 0), ("bought_from=2026-01-01", 0), ("bought_to=2026-01-01&first=before", 0),
        (JANUARY, 2), (f"{JANUARY}&first=within", 3), (f"{JANUARY}&first=ever", 2), ("orders=2", 1), ("orders=0", 0),
        ("region=Bath", 1), ("region=+", 0), ("cohort=2026-01", 1), ("cohort=2026-13", 0), ("active=2026-01", 1),
        ("r=5", 1), ("r=9", 0), ("f=1", 1), ("state=archived", 1), ("state=active", 0), ("new=7", 1), ("new=0", 0),
        ("min=5", 1), ("max=5", 1), ("min=&max=", 0), ("last=over-90", 1), ("last=over", 0), ("member=no", 1),
        ("tag={tag}", 1), ("no_tag={tag}", 1), ("tag=nothing", 0), ("col=tags", 0), ("sort=name&view=everyone", 0),
        ("attr_{note}_op=is", 0), ("attr_{note}=oat", 1), ("attr_{note}_op=empty", 1), ("attr_{size}_min=", 0),
        ("attr_{size}_min=4", 1), ("attr_{size}_max=4", 1), ("attr_{size}_op=filled", 1), ("attr_{size}_op=is", 0),
    ],
)  # fmt: skip
def test_a_filter_has_a_chip_where_it_narrows_and_only_there(programme: Programme, query: str, chips: int) -> None:
    codes = {"tag": Tag.objects.create(name="VIP").code}
    codes |= {key: field(key.title(), kind, key=key).code for key, kind in (("note", "text"), ("size", "number"))}
    scope = Scope(actor=SYSTEM, country="GB", zone=programme.zone, now=timezone.now())
    given = QueryDict(query.format(**codes))
    form = list_form(given, scope)
    assert len(form.chips(given, "GBP")) == chips
    assert form.filters().is_narrowed == bool(chips)
    found, everybody = (str(found_by(scope, filters).query) for filters in (form.filters(), CustomerFilters()))
    assert (found != everybody) == bool(chips)


def test_a_saved_view_keeps_whole_filters_only(programme: Programme) -> None:
    scope = Scope(actor=SYSTEM, country="GB", zone=programme.zone, now=timezone.now())
    assert written_down(list_form(QueryDict("first=within&bought_from=2026-01-01&min=5"), scope)) == "min=5"

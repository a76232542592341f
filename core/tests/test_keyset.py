"""Pages by key: nothing skipped, nothing doubled, and a link that was damaged is a first page."""

from __future__ import annotations

import base64
import json

import pytest
from django.http import QueryDict

from core import keyset
from core.keyset import Order, count_up_to_cap, keyset_page, sort_of, with_query
from programs.models import Programme
from workspace.models import Business

ORDERS = {"name": Order(["name"]), "category": Order(["category", "id"]), "created": Order(["created_at", "id"])}


@pytest.fixture
def eleven(programme: Programme) -> None:
    Business.objects.bulk_create(
        Business(name=f"Shop {number:02}", category=("cafe", "bakery", "grocery")[number % 3]) for number in range(11)
    )


def walk(order: Order, *, descending: bool, size: int = 4) -> tuple[list[str], list[str]]:
    """All names by "next", then all by "previous" from the end."""
    forth, back, cursor = [], [], ""
    while True:
        page = keyset_page(Business.objects.all(), order, descending=descending, cursor=cursor, size=size)
        forth += [row.name for row in page.rows]
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    while True:
        back = [row.name for row in page.rows] + back
        if not page.previous_cursor:
            break
        page = keyset_page(Business.objects.all(), order, descending=descending, cursor=page.previous_cursor, size=size)
    return forth, back


@pytest.mark.usefixtures("eleven")
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", ORDERS)
def test_walking_there_and_back_shows_every_row_once(key: str, descending: bool) -> None:
    forth, back = walk(ORDERS[key], descending=descending)
    sign = "-" if descending else ""
    columns = {"name": ["name"], "category": ["category", "pk"], "created": ["created_at", "pk"]}[key]
    expected = list(
        Business.objects.order_by(*(f"{sign}{column}" for column in columns)).values_list("name", flat=True)
    )
    assert forth == expected
    assert back == expected


@pytest.mark.usefixtures("eleven")
def test_a_page_knows_its_place() -> None:
    first = keyset_page(Business.objects.all(), ORDERS["name"], descending=False, size=4)
    assert (first.first, first.last, first.previous_cursor) == (1, 4, "")
    second = keyset_page(Business.objects.all(), ORDERS["name"], descending=False, cursor=first.next_cursor, size=4)
    assert (second.first, second.last) == (5, 8)
    again = keyset_page(Business.objects.all(), ORDERS["name"], descending=False, cursor=second.previous_cursor, size=4)
    assert (again.first, again.last, again.previous_cursor) == (1, 4, "")


@pytest.mark.usefixtures("eleven")
def test_rows_added_while_paging_are_neither_skipped_nor_doubled() -> None:
    first = keyset_page(Business.objects.all(), ORDERS["name"], descending=False, size=4)
    Business.objects.create(name="Shop 00b")
    second = keyset_page(Business.objects.all(), ORDERS["name"], descending=False, cursor=first.next_cursor, size=4)
    assert [row.name for row in second.rows] == ["Shop 04", "Shop 05", "Shop 06", "Shop 07"]


def packed(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.usefixtures("eleven")
@pytest.mark.parametrize(
    "cursor",
    [
        "garbage", "%%%", "é", "a" * 5000, packed("a", 4), packed("a", -1, "x", 1), packed("z", 4, "cafe", 1),
        packed("a", 4, "cafe", "not a number"), packed("a", 4, None, 1), packed("a", "4", "cafe", 1),
        packed("a", 4, "ca\x00fe", 1), packed("a", 4, "cafe", 1, 2), packed(), "[" * 9000, packed("a", 4, "x", 10**30),
        packed("a", 4, "ca\ud800fe", 1), packed("a", 4, "cafe", float("inf")), packed("a", 4, "cafe", float("nan")),
        packed("a", float("inf"), "cafe", 1), packed("a", 4, {"x": 1}, [1]),
    ],
)  # fmt: skip
def test_a_damaged_cursor_gives_the_first_page(cursor: str) -> None:
    page = keyset_page(Business.objects.all(), ORDERS["category"], descending=False, cursor=cursor, size=4)
    assert page.first == 1
    assert len(page.rows) == 4


@pytest.mark.usefixtures("eleven")
@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-01-01T00:00:00", 5, "x"]
)
@pytest.mark.parametrize("descending", [True, False])
def test_a_time_that_nobody_wrote_is_a_page_all_the_same(when: object, descending: bool) -> None:
    cursor = packed("a", 4, when, 1)
    page = keyset_page(Business.objects.all(), ORDERS["created"], descending=descending, cursor=cursor, size=4)
    assert len(page.rows) in (0, 4)


@pytest.mark.usefixtures("eleven")
def test_counting_stops_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(count_up_to_cap(Business.objects.all())) == "11"
    monkeypatch.setattr(keyset, "COUNT_CAP", 10)
    assert str(count_up_to_cap(Business.objects.all())) == "10+"


def test_links_keep_the_query_and_begin_at_page_one() -> None:
    query = QueryDict("q=ann&group=loyal&cursor=abc&member=")
    assert with_query(query, group=None) == "?q=ann"
    assert with_query(query, cursor="next") == "?q=ann&group=loyal&cursor=next"
    assert sort_of("-nonsense", ORDERS, "-created") == ("created", True)
    assert sort_of("name", ORDERS, "-created") == ("name", False)

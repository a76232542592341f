"""The list of segments, what is done with a whole one, its people and its history, and where else they show."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.models import Customer
from segments import customer_lists
from segments.actions.segments import archive_segment, create_segment
from segments.models import Segment, SegmentChange, SegmentChoice, SegmentDay, SegmentMember
from segments.tests.conftest import BOUGHT, asks_for, make, now_here, rules

LIST = "/segments/"


def html(browser, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def names(browser, url: str) -> list[str]:
    return [row.name for row in browser.get(url).context["rows"].rows]


def test_the_list_says_who_how_many_and_where_used(desk, counted, analyst, client_of):
    assert "In use" not in html(desk, LIST)
    make("Whole", asks_for(counted))
    today = timezone.now().date()
    SegmentDay.objects.filter(segment=counted).update(day=today)
    SegmentDay.objects.create(segment=counted, day=today - timedelta(days=40), people=5)
    first, second = desk.get(LIST).context["rows"].rows
    assert (first.segment.name, first.segment.people, first.used_in) == ("Buyers", 2, 1)
    assert first.sentence.startswith("Customers who ")
    assert first.change.text == "−3"
    assert first.spark[0] == 5
    assert first.spark[-1] == 2
    assert (second.used_in, second.change, second.segment.counted_at) == (0, None, None)
    seen = html(desk, LIST)
    assert "counting…" in seen
    assert "New segment" in seen
    assert "New segment" not in html(client_of(analyst), LIST)
    assert [row.segment.name for row in desk.get(f"{LIST}?q=WHO").context["rows"].rows] == ["Whole"]
    assert "No segment is called" in html(desk, f"{LIST}?q=nothing")


def test_an_empty_list_says_what_it_is_for(desk, analyst, client_of):
    assert "No segments yet" in html(desk, LIST)
    assert "can make the first one" in html(client_of(analyst), LIST)


def test_queries_of_the_list_do_not_grow(desk):
    def queries() -> int:
        desk.get(LIST)
        with CaptureQueriesContext(connection) as captured:
            desk.get(LIST)
        return len(captured)

    make("First")
    before = queries()
    for number in range(12):
        make(f"More {number}")
    assert queries() == before


def test_archive_names_where_it_is_used_and_is_taken_back(desk, counted):
    here = f"{LIST}{counted.code}/"
    whole = make("Whole", asks_for(counted))
    assert f'href="{LIST}{whole.code}/">Whole</a>' in html(desk, here)
    assert "Whole" in html(desk, f"{here}archive/")
    assert "Archive the segment" not in html(desk, f"{here}archive/")
    assert desk.post(f"{here}archive/").status_code == 409
    archive_segment(code=whole.code, actor=SYSTEM, now=timezone.now())
    assert "Archive the segment" in html(desk, here)
    assert desk.post(f"{here}archive/").status_code == 303
    assert [row.segment.name for row in desk.get(LIST).context["rows"].rows] == []
    assert "Buyers" in html(desk, f"{LIST}?show=archived")
    assert desk.post(f"{here}restore/").status_code == 303
    assert Segment.objects.get(pk=counted.pk).archived_at is None
    copied = desk.post(f"{here}duplicate/")
    copy = Segment.objects.get(name="Buyers (2)")
    assert copied["Location"] == f"{LIST}{copy.code}/"
    assert copy.rules == counted.rules


def test_people_are_listed_put_in_taken_out_and_left_to_the_rules(desk, counted, shoppers, analyst, client_of):
    here, (ann, _ben, cem) = f"{LIST}{counted.code}/people/", shoppers
    choose = f"{here}choose/"
    assert names(desk, here) == ["Ben", "Ann"]
    found = desk.get(f"{here}?q=cem").context["found"]
    assert [(one.name, one.is_in, one.choice) for one in found] == [("Cem", False, None)]
    assert desk.post(f"{choose}?q=cem", {"customer": cem.code, "choice": "in"})["Location"] == f"{here}?q=cem"
    desk.post(choose, {"customer": ann.code, "choice": "out"})
    assert names(desk, here) == ["Cem", "Ben"]
    assert [row.by_hand for row in desk.get(here).context["rows"].rows] == [True, False]
    by_hand = desk.get(f"{here}?show=hand").context["rows"].rows
    assert [(row.name, row.is_in, row.who) for row in by_hand] == [("Cem", True, "Maya"), ("Ann", False, "Maya")]
    Customer.objects.filter(pk=ann.pk).update(state=Customer.State.ARCHIVED)
    refused = desk.post(choose, {"customer": ann.code, "choice": "in"})
    assert "Only active customers can be in a segment." in refused.content.decode()
    Customer.objects.filter(pk=ann.pk).update(state=Customer.State.ACTIVE)
    desk.post(choose, {"customer": ann.code, "choice": "rules"})
    assert names(desk, here) == ["Cem", "Ben", "Ann"]
    assert desk.post(choose, {"customer": "no\x00body", "choice": "in"}).status_code == 404
    assert desk.post(choose, {"customer": ann.code, "choice": "maybe"}).status_code == 404
    watcher = client_of(analyst)
    assert watcher.post(choose, {"customer": ann.code, "choice": "out"}).status_code == 403
    assert "Take out" not in html(watcher, here)
    assert SegmentChoice.objects.count() == 1


def test_history_says_who_came_and_left_and_why(desk, counted, shoppers):
    here, now = f"{LIST}{counted.code}/history/", now_here()
    assert "Nobody has come or left yet" in html(desk, here)
    ann, ben, _cem = shoppers
    for customer, is_entry, reason, days in (
        (ann, True, "person", 0),
        (ben, False, "time", 2),
        (ann, False, "hand", 2),
    ):
        SegmentChange.objects.create(
            segment=counted, customer=customer, is_entry=is_entry, reason=reason, at=now - timedelta(days=days)
        )
    SegmentDay.objects.filter(segment=counted).update(entered=1, day=now.date())
    newest = desk.get(here).context["rows"].rows[0]
    assert (newest.name, newest.is_entry, newest.reason) == ("Ann", True, "Something about them changed")
    assert names(desk, f"{here}?way=out&reason=time") == ["Ben"]
    day = (now - timedelta(days=2)).date()
    assert sorted(names(desk, f"{here}?day={day:%Y-%m-%d}")) == ["Ann", "Ben"]
    assert "Nothing like that happened" in html(desk, f"{here}?way=in&reason=rules")
    assert names(desk, f"{here}?way=sideways&day=soon") == ["Ann", "Ann", "Ben"]
    assert "1 came and 0 left" in html(desk, here)


def test_customers_are_narrowed_to_a_segment(desk, counted, shoppers, client_of, make_member, business, monkeypatch):
    url = f"/customers/?segment={counted.code}"
    for few in (1_000, 1):
        monkeypatch.setattr(customer_lists, "FEW", few)
        answer = desk.get(url)
        assert {row.name for row in answer.context["listed"].page.rows} == {"Ann", "Ben"}
    assert [(chip.label, chip.value) for chip in answer.context["chips"]] == [("Segment", "Buyers")]
    assert url in html(desk, f"{LIST}{counted.code}/")
    exported = desk.post(f"/customers/bulk/?act=export&all=1&segment={counted.code}")
    lines = b"".join(exported.streaming_content).decode().splitlines()
    assert len(lines) == 3
    saved = desk.get(f"/customers/views/new/?segment={counted.code}")
    assert "Buyers" in saved.content.decode()
    limited = client_of(make_member("lea@example.com", "marketer", business=business))
    assert limited.get(url).context["form"].lost == ["segment"]
    archive_segment(code=counted.code, actor=SYSTEM, now=timezone.now())
    assert desk.get(url).context["form"].lost == ["segment"]


def test_a_profile_shows_the_segments_and_since_when(
    desk, counted, shoppers, cashier, client_of, make_member, business
):
    ann, _ben, cem = shoppers
    seen = html(desk, f"/customers/{ann.code}/")
    assert f"{LIST}{counted.code}/" in seen
    assert "In no segment" in html(desk, f"/customers/{cem.code}/")
    limited = client_of(make_member("lea@example.com", "marketer", business=business))
    assert f"{LIST}{counted.code}/" not in html(limited, f"/customers/{ann.code}/")


def test_who_is_limited_to_a_business_reads_of_no_segment(desk, counted, shoppers, client_of, make_member, business):
    ann = shoppers[0]
    desk.post(f"{LIST}{counted.code}/people/choose/", {"customer": ann.code, "choice": "out"})
    page = f"/customers/{ann.code}/"
    assert "Left a segment: Buyers" in html(desk, page)
    limited = client_of(make_member("lea@example.com", "marketer", business=business))
    assert "Left a segment" not in html(limited, page)


def test_segments_of_another_programme_are_not_there(client_of, programme, counted, other_programme, make_member):
    stranger = client_of(make_member("omar@example.com", "owner", of=other_programme), on=other_programme)
    assert "No segments yet" in html(stranger, LIST)
    for page in ("people/", "history/", "archive/"):
        assert stranger.get(f"{LIST}{counted.code}/{page}").status_code == 404
    for act in ("archive/", "restore/", "duplicate/"):
        assert stranger.post(f"{LIST}{counted.code}/{act}").status_code == 404
    with tenant_context(other_programme):
        theirs = Customer.objects.create(first_name="Dora")
        create_segment(name="Theirs", document=rules(BOUGHT), actor=SYSTEM, now=timezone.now())
    answer = stranger.post(f"{LIST}{counted.code}/people/choose/", {"customer": theirs.code, "choice": "in"})
    assert answer.status_code == 404
    assert stranger.get(f"/customers/?segment={counted.code}").context["form"].lost == ["segment"]
    with tenant_context(programme):
        assert SegmentMember.objects.filter(segment=counted).count() == 2


def test_the_sidebar_counts_living_segments(desk):
    assert ", 1 segment<" not in html(desk, "/customers/")
    make()
    archive_segment(code=make("Other").code, actor=SYSTEM, now=timezone.now())
    assert ", 1 segment<" in html(desk, "/customers/")

"""Segments over the API: making, changing, counting; who is in them and why; what rules would find."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context
from jsonschema_rs import Draft202012Validator

from core.actor import SYSTEM
from core.permissions import Role
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer, Order
from segments.actions.living import count_due
from segments.actions.segments import create_segment
from segments.fields.registry import FIELDS
from segments.models import Segment, SegmentMember
from workspace.models import AuditEntry, Job

URL = "/api/v1/segments/"
LEEDS = {"version": 1, "match": {"type": "condition", "field": "city", "op": "is", "value": "Leeds"}}
BUYERS = {"version": 1, "match": {"type": "condition", "field": "orders", "op": "at_least", "value": 1}}


class Api:
    """A client that speaks JSON."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(self, method: str, path: str, *, key: str = "", **body: Any) -> Any:
        if method == "get":
            return self.client.get(URL + path, body)
        headers = {"Idempotency-Key": key} if key else {}
        return getattr(self.client, method)(URL + path, body, content_type="application/json", headers=headers)


@pytest.fixture
def call(api: Callable[..., Client]) -> Api:
    return Api(api("write"))


@pytest.fixture
def people(business) -> dict[str, Customer]:
    now = timezone.now()
    people = {
        name: Customer.objects.create(first_name=name, city=city, created_at=now - timedelta(days=9))
        for name, city in (("Ada", "Leeds"), ("Bo", "Leeds"), ("Cy", "York"))
    }
    Order.objects.create(
        business=business,
        customer=people["Ada"],
        source="api",
        reference="1",
        placed_at=now - timedelta(days=2),
        total=30,
    )
    rebuild_rollups(now=now)
    return people


@pytest.fixture
def segment(people) -> Segment:
    segment = create_segment(name="Leeds", document=LEEDS, actor=SYSTEM, now=timezone.now())
    count_due(now=timezone.now())
    return segment


def names(response: Any) -> list[str]:
    return sorted(one["customer"]["name"] for one in response.json()["data"])


def test_a_segment_is_made_read_changed_and_archived(call, people):
    made = call("post", "", name="Leeds", rules=LEEDS)
    assert made.status_code == 201, made.text
    said = made.json()
    assert (said["name"], said["rules"], said["description"]) == ("Leeds", LEEDS, "Customers who live in Leeds")
    assert (said["people"], said["counted_at"], said["is_broken"], said["archived_at"]) == (0, None, False, None)
    count_due(now=timezone.now())
    assert call("get", said["id"]).json()["people"] == 2
    changed = call("patch", said["id"], rules=BUYERS).json()
    assert (changed["name"], changed["description"], changed["is_stale"]) == (
        "Leeds",
        "Customers who placed an order",
        True,
    )
    assert call("patch", said["id"], name="Buyers").json()["rules"] == BUYERS
    assert call("delete", said["id"]).status_code == 204
    assert call("get", "").json()["data"] == []
    assert [one["name"] for one in call("get", "", state="archived").json()["data"]] == ["Buyers"]
    assert call("post", f"{said['id']}/restore").json()["archived_at"] is None
    copy = call("post", f"{said['id']}/duplicate")
    assert (copy.status_code, copy.json()["name"], copy.json()["rules"]) == (201, "Buyers (2)", BUYERS)
    assert [one["name"] for one in call("get", "", search="buy").json()["data"]] == ["Buyers", "Buyers (2)"]


def test_a_repeated_call_makes_nothing_more(call, people):
    """A segment and a copy of it, each asked for twice with one key."""
    wrong = {"version": 1, "match": {**LEEDS["match"], "field": "surprise"}}
    assert call("post", "", key="one", name="Leeds", rules=wrong).json()["errors"][0]["code"] == "unknown_field"
    made, again = (call("post", "", key="one", name="Leeds", rules=LEEDS) for _time in range(2))
    assert (made.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert again.json() == made.json()
    duplicate = f"{made.json()['id']}/duplicate"
    copy, same = (call("post", duplicate, key="one") for _time in range(2))  # another act: the key is free there
    assert (copy.json()["name"], same.json()) == ("Leeds (2)", copy.json())
    for path, body in (("", {"name": "Other", "rules": LEEDS}), (f"{copy.json()['id']}/duplicate", {})):
        refused = call("post", path, key="one", **body)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    taken, still = (call("post", "", key="two", name="Leeds", rules=LEEDS) for _time in range(2))
    assert (taken.status_code, still.json()) == (422, taken.json())
    assert sorted(Segment.objects.values_list("name", flat=True)) == ["Leeds", "Leeds (2)"]
    assert AuditEntry.objects.filter(action="segments.segment.created").count() == 2
    assert call("post", duplicate).json()["name"] == "Leeds (3)"


def test_what_is_wrong_with_rules_is_told_at_its_place(call, segment):
    wrong = {"type": "condition", "field": "orders", "op": "at_least", "value": "many"}
    tree = {"version": 1, "match": {"type": "all", "of": [LEEDS["match"], wrong, {**wrong, "field": "surprise"}]}}
    for method, path in (("post", ""), ("patch", segment.code)):
        refused = call(method, path, name="New", rules=tree)
        assert refused.status_code == 422
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [
            ("rules.match.of.1.value", "bad_value"),
            ("rules.match.of.2.field", "unknown_field"),
        ]
    assert [(one["field"], one["code"]) for one in call("post", "preview", rules=[]).json()["errors"]] == [
        ("rules", "wrong_shape")
    ]
    assert call("post", "", name="", rules=LEEDS).status_code == 422
    assert call("post", "", name="leeds", rules=LEEDS).json()["errors"][0]["field"] == "name"
    assert call("post", "", name="New", rules=LEEDS, surprise=1).json()["errors"][0]["code"] == "unknown_field"
    assert Segment.objects.count() == 1
    segment.refresh_from_db()
    assert (segment.name, segment.rules) == ("Leeds", LEEDS)


def test_a_part_of_another_segment_is_not_archived_and_circles_are_refused(call, segment):
    asks = {
        "version": 1,
        "match": {"type": "condition", "field": "in_segment", "op": "has_one_of", "value": [segment.code]},
    }
    whole = call("post", "", name="Of Leeds", rules=asks).json()
    assert whole["description"] == "Customers who are in the segment Leeds"
    assert (call("delete", segment.code).status_code, call("delete", segment.code).json()["code"]) == (
        409,
        "segment_in_use",
    )
    circle = {"version": 1, "match": {**asks["match"], "value": [whole["id"]]}}
    assert [(one["field"], one["code"]) for one in call("patch", segment.code, rules=circle).json()["errors"]] == [
        ("rules.match.value", "circle")
    ]


def test_members_come_by_rules_and_by_hand(call, people, segment):
    assert names(call("get", f"{segment.code}/members")) == ["Ada", "Bo"]
    first = call("get", f"{segment.code}/members", limit=1).json()
    assert [one["customer"]["name"] for one in first["data"]] == ["Bo"]
    second = call("get", f"{segment.code}/members", limit=1, cursor=first["next_cursor"]).json()
    assert ([one["customer"]["name"] for one in second["data"]], second["next_cursor"]) == (["Ada"], None)
    put_in = call("post", f"{segment.code}/members", customers=[people["Cy"].code, "nobodyhere"], choice="in")
    assert (put_in.status_code, put_in.json()["people"]) == (200, 3)
    assert [
        one["customer"]["name"] for one in call("get", f"{segment.code}/members").json()["data"] if one["is_by_hand"]
    ] == ["Cy"]
    assert call("delete", f"{segment.code}/members/{people['Ada'].code}").status_code == 204
    assert names(call("get", f"{segment.code}/members")) == ["Bo", "Cy"]
    everybody = [one.code for one in people.values()]
    assert call("post", f"{segment.code}/members", customers=everybody, choice="rules").json()["people"] == 2
    history = call("get", f"{segment.code}/history").json()["data"]
    assert {one["reason"] for one in history} == {"hand"}
    assert [(one["customer"]["name"], one["is_entry"]) for one in history[:1:-1]] == [("Cy", True), ("Ada", False)]
    assert sorted((one["customer"]["name"], one["is_entry"]) for one in history[:2]) == [("Ada", True), ("Cy", False)]
    assert len(call("get", f"{segment.code}/history", way="in").json()["data"]) == 2
    assert call("get", f"{segment.code}/history", reason="time").json()["data"] == []
    (day,) = call("get", f"{segment.code}/days").json()["data"]
    assert (day["people"], day["entered"], day["left"]) == (2, 2, 2)
    assert AuditEntry.objects.filter(action__startswith="segments.segment.people_").count() == 3


def test_the_list_of_customers_is_narrowed_to_a_segment(api, people, segment, business):
    path = f"/api/v1/customers/?segment={segment.code}&ordering=name"
    assert [one["first_name"] for one in api("read").get(path).json()["data"]] == ["Ada", "Bo"]
    assert api("read").get("/api/v1/customers/?segment=nobodyhere").json()["data"] == []
    assert api("customers:read").get(path).json()["code"] == "permission_denied"
    assert api("admin", business=business).get(path).json()["code"] == "permission_denied"


def test_what_is_not_known_of_members_is_refused(call, people, segment):
    for body in ({"customers": [], "choice": "in"}, {"customers": ["x"], "choice": "maybe"}, {"customers": ["x"]}):
        assert call("post", f"{segment.code}/members", **body).status_code == 422
    assert call("get", f"{segment.code}/history", way="sideways").status_code == 422
    assert call("get", f"{segment.code}/members", ordering="name").json()["code"] == "invalid_ordering"
    assert SegmentMember.objects.count() == 2


def test_why_somebody_is_in_it(call, people, segment):
    both = {"version": 1, "match": {"type": "all", "of": [LEEDS["match"], BUYERS["match"]]}}
    call("patch", segment.code, rules=both)
    said = call("get", f"{segment.code}/why/{people['Bo'].code}").json()
    assert said == {
        "is_member": True, "choice": None, "is_found": False,
        "conditions": [
            {"path": "match.of.0", "condition": "live in Leeds", "is_so": True, "value": "“Leeds”"},
            {"path": "match.of.1", "condition": "placed an order", "is_so": False, "value": "0 orders"},
        ],
    }  # fmt: skip
    call("post", f"{segment.code}/members", customers=[people["Cy"].code], choice="in")
    assert call("get", f"{segment.code}/why/{people['Cy'].code}").json()["choice"] == "in"
    call("patch", segment.code, rules=None)
    assert call("get", f"{segment.code}/why/{people['Cy'].code}").json()["conditions"] == []
    assert call("get", f"{segment.code}/why/nobodyhere").status_code == 404


def test_rules_that_ask_about_what_is_gone(call, segment, people):
    document = {"version": 1, "match": {"type": "condition", "field": "attribute:milk", "op": "is", "value": "oat"}}
    Segment.objects.filter(pk=segment.pk).update(rules=document)
    assert call("get", segment.code).json()["description"] == "Customers who fit a field that is gone"
    refused = call("get", f"{segment.code}/why/{people['Ada'].code}")
    assert (refused.status_code, refused.json()["code"]) == (409, "segment_broken")


def test_it_is_counted_again_in_the_background(call, people, segment, run_queue):
    SegmentMember.objects.all().delete()
    first, second = call("post", f"{segment.code}/evaluate"), call("post", f"{segment.code}/evaluate")
    assert (first.status_code, first.json()["state"]) == (202, "queued")
    assert first.json()["id"] == second.json()["id"]
    run_queue()
    assert Job.objects.get(kind="segments.count_one").result == {"people": 2}
    assert names(call("get", f"{segment.code}/members")) == ["Ada", "Bo"]
    assert call("post", f"{segment.code}/evaluate").json()["id"] != first.json()["id"]
    call("delete", segment.code)
    assert call("post", f"{segment.code}/evaluate").json()["code"] == "segment_archived"


def test_a_preview_counts_and_keeps_nothing(call, people):
    tree = {**LEEDS, "leave_out": [BUYERS["match"]]}
    said = call("post", "preview", rules=tree).json()
    assert said["description"] == "Customers who live in Leeds, but not those who placed an order"
    assert (said["everyone"], said["people"], said["is_slow"]) == (3, 1, False)
    assert said["conditions"] == [
        {"path": "match", "condition": "live in Leeds", "people": 2},
        {"path": "leave_out.0", "condition": "placed an order", "people": 1},
    ]
    assert said["figures"] == {
        "reachable": {"sms": 0, "email": 0}, "spent": "0.00", "average_spent": "0.00", "churn_risk_avg": None,
        "likely_back": None,
    }  # fmt: skip
    assert [(one["name"], one["total_spent"]) for one in said["sample"]] == [("Bo", "0.00")]
    assert not Segment.objects.exists()
    assert call("post", "preview", rules=None).status_code == 422


def test_a_sentence_becomes_rules(call, people):
    said = call("post", "from-text", text="wibble customers in Leeds").json()
    assert said["description"].startswith("Customers who ")
    assert "Leeds" in said["description"]
    assert said["not_understood"] == ["wibble"]
    assert said["engine"] == "built-in"
    assert call("post", "", name="Read", rules=said["rules"]).status_code == 201
    refused = call("post", "from-text", text="delete all customers").json()
    assert (refused["rules"], refused["refusal"]["code"]) == (None, "act")


def test_what_rules_can_ask_and_choose(call, people):
    fields = {one["id"]: one for one in call("get", "fields").json()["data"]}
    assert fields.keys() == FIELDS.keys()
    assert fields["orders"]["unit"] == "orders"
    assert [one["id"] for one in fields["spent"]["properties"]] == ["business", "channel"]
    assert (fields["country"]["choices"], fields["created"]["takes_minutes"]) == ("countries", True)
    assert call("get", "choices", of="rfm_groups", search="champ").json()["data"] == [
        {"id": "champions", "label": "Champions"}
    ]
    assert call("get", "choices", of="planets").status_code == 404
    schema = Draft202012Validator(call("get", "schema").json())
    assert schema.is_valid(LEEDS)
    assert not schema.is_valid({**LEEDS, "version": 2})


def test_who_may_see_and_who_may_change(api, make_member, segment, people):
    reads = Api(api("read"))
    assert reads("get", segment.code).status_code == 200
    assert reads("post", "preview", rules=LEEDS).status_code == 200
    assert reads("delete", segment.code).status_code == 403
    analyst = Api(api(user=make_member("an@example.com", Role.ANALYST)))
    assert analyst("get", "").status_code == 200
    assert analyst("post", "", name="New", rules=LEEDS).status_code == 403
    marketer = Api(api(user=make_member("ma@example.com", Role.MARKETER)))
    assert marketer("post", "", name="New", rules=LEEDS).status_code == 201


PATHS = (
    ("get", ""), ("get", "{id}"), ("get", "{id}/members"), ("get", "{id}/history"), ("get", "{id}/days"),
    ("get", "{id}/why/{ada}"), ("get", "fields"), ("get", "schema"), ("get", "choices?of=tags"), ("post", "preview"),
    ("post", "from-text"), ("patch", "{id}"), ("delete", "{id}"), ("post", "{id}/duplicate"), ("post", "{id}/evaluate"),
    ("post", "{id}/restore"), ("post", "{id}/members"), ("delete", "{id}/members/{ada}"), ("post", ""),
)  # fmt: skip
BODIES = {
    "": {"name": "New", "rules": LEEDS}, "preview": {"rules": LEEDS}, "from-text": {"text": "in Leeds"},
    "{id}": {"name": "New"}, "{id}/members": {"customers": ["x"], "choice": "in"},
}  # fmt: skip


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_who_is_limited_to_one_business_gets_nothing(api, business, segment, people, method, path):
    limited = Api(api("admin", business=business))
    body = BODIES.get(path, {}) if method != "get" else {}
    refused = limited(method, path.format(id=segment.code, ada=people["Ada"].code), **body)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert Segment.objects.get().name == "Leeds"


def test_segments_of_another_programme_are_not_there(api, other_programme, segment, people):
    with tenant_context(other_programme):
        there = create_segment(name="Theirs", document=LEEDS, actor=SYSTEM, now=timezone.now())
    call = Api(api("admin"))
    for method, path in PATHS:
        if "{id}" in path:
            gone = call(method, path.format(id=there.code, ada=people["Ada"].code), **BODIES.get(path, {}))
            assert gone.status_code == 404, (method, path)
    assert [one["name"] for one in call("get", "").json()["data"]] == ["Leeds"]
    with tenant_context(other_programme):
        assert Segment.objects.get().name == "Theirs"


def test_a_longer_list_asks_no_more(call, people, django_assert_max_num_queries, django_assert_num_queries):
    def make(number: int) -> None:
        tree = {
            "version": 1,
            "match": {"type": "condition", "field": "tags", "op": "has_one_of", "value": [f"tag{number}"]},
        }
        create_segment(name=f"S{number}", document=tree, actor=SYSTEM, now=timezone.now())

    make(1)
    call("get", "")
    with django_assert_max_num_queries(30) as few:
        call("get", "")
    for number in range(2, 9):
        make(number)
    with django_assert_num_queries(len(few)):
        assert len(call("get", "").json()["data"]) == 8

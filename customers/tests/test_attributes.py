"""Fields of the programme's own: typing, merging, the form, the list's filters and columns, the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.errors import InvalidInput
from core.permissions import Role
from customers.actions.attributes import AttributeKeyTaken, AttributeValues, create_attribute
from customers.actions.customers import create_customer, update_customer
from customers.actions.rollups import rebuild_rollups
from customers.attributes import coerce, shown
from customers.models import AttributeDefinition, Customer, Event
from customers.tests.test_api_customers import problem
from customers.tests.test_views_customers import LIST, names, person
from programs.models import Programme, User
from workspace.models import AuditEntry, Business

FIELDS = "/customers/fields/"
API = "/api/v1/customer-attributes/"


def field(label: str, kind: str, *options: str, key: str = "") -> AttributeDefinition:
    values = AttributeValues(label=label, options=options)
    return create_attribute(values=values, kind=kind, key=key, actor=SYSTEM, now=timezone.now())


@pytest.fixture
def fields(programme: Programme) -> dict[str, AttributeDefinition]:
    return {
        "size": field("Shoe size", "number", key="size"),
        "note": field("Favourite “drink”", "text", key='favourite "drink" %'),
        "since": field("Regular since", "date", key="since"),
        "vegan": field("Vegan", "yes_no"),
        "table": field("Table", "choice", "Window", "Bar"),
    }


@pytest.fixture
def browser(client_of: Callable[..., Client], owner: User) -> Client:
    return client_of(owner)


@pytest.mark.parametrize(
    ("kind", "given", "stored"),
    [
        ("number", "1,200.50", 1200.5), ("number", " 42 ", 42), ("number", 42.0, 42), ("number", "-3,5", -3.5),
        ("date", "2026-02-28", "2026-02-28"), ("yes_no", "Ja", True), ("yes_no", 0, False), ("yes_no", True, True),
        ("choice", "wINDOW", "Window"), ("text", 12, "12"), ("text", "  ", None), ("number", None, None),
    ],
)  # fmt: skip
def test_a_value_is_stored_as_its_kind(kind: str, given: object, stored: object) -> None:
    definition = AttributeDefinition(key="a", label="A", kind=kind, options=["Window", "Bar"])
    assert coerce(definition, given) == stored
    assert type(coerce(definition, given)) is type(stored)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("number", "forty"), ("number", True), ("number", "1e400"), ("number", float("nan")), ("number", 10**16),
        ("date", "2026-02-30"), ("date", "28.2.2026"), ("yes_no", "perhaps"), ("yes_no", 2), ("choice", "Roof"),
        ("text", "x" * 501), ("text", "a\x00"), ("text", "\ud800"),
    ],
)  # fmt: skip
def test_what_the_kind_cannot_hold_is_refused(kind: str, given: object) -> None:
    definition = AttributeDefinition(key="a", label="100% A", kind=kind, options=["Window"])
    with pytest.raises(InvalidInput) as refused:
        coerce(definition, given)
    assert (refused.value.field, refused.value.data) == ("attributes", {"attribute": "a"})


def test_values_read_as_people_write_them() -> None:
    number, day = (AttributeDefinition(kind=kind) for kind in ("number", "date"))
    assert [shown(number, value) for value in (1200.5, 1e-6, -3, "old text", True)] == [
        "1,200.5", "0.000001", "−3", "old text", "Yes",
    ]  # fmt: skip
    assert [shown(day, "2026-02-28"), shown(day, "soon"), shown(None, False), shown(day, None)] == [
        "28 Feb 2026", "soon", "No", "",
    ]  # fmt: skip


def test_a_change_merges_key_by_key(fields: dict[str, AttributeDefinition]) -> None:
    call = {"region": "GB", "actor": SYSTEM, "now": timezone.now()}
    ada = create_customer(values={"first_name": "Ada", "attributes": {"size": "42", "erp": 7}}, source="api", **call)
    assert ada.attributes == {"size": 42, "erp": 7}
    changed = update_customer(customer_id=ada.pk, values={"attributes": {"erp": None, "vegan": "yes"}}, **call)
    assert changed.attributes == {"size": 42, "vegan": True}
    events = Event.objects.count()
    update_customer(customer_id=ada.pk, values={"attributes": {"size": 42, "nothing": None}}, **call)
    assert Event.objects.count() == events
    with pytest.raises(InvalidInput):
        update_customer(customer_id=ada.pk, values={"attributes": {"erp": 8, "size": "large"}}, **call)
    with pytest.raises(InvalidInput):
        update_customer(customer_id=ada.pk, values={"attributes": {f"k{n}": n for n in range(49)}}, **call)
    ada.refresh_from_db()
    assert ada.attributes == {"size": 42, "vegan": True}


def test_fields_are_added_changed_ordered_and_archived(browser: Client, programme: Programme) -> None:
    assert "No fields of your own yet" in browser.get(FIELDS).text
    sent = {"label": "Shoe size", "kind": "number", "options": "", "help": "European", "key": ""}
    assert browser.post(f"{FIELDS}new/", sent)["Location"] == FIELDS
    assert browser.post(f"{FIELDS}new/", {**sent, "label": "Shoe  size"}).status_code == 422, "the key is taken"
    browser.post(f"{FIELDS}new/", {"label": "Table", "kind": "choice", "options": "Window\nBar\n\nBar"})
    assert browser.post(f"{FIELDS}new/", {"label": "Empty", "kind": "choice"}).status_code == 422
    size, table = AttributeDefinition.objects.all()
    assert (size.key, size.help, table.options) == ("shoe_size", "European", ["Window", "Bar"])
    browser.post(f"{FIELDS}{table.code}/", {"label": "Seat", "options": "Window", "help": ""})
    browser.post(f"{FIELDS}{table.code}/place/", {"place": "1"})
    browser.post(f"{FIELDS}{size.code}/archive/")
    assert [(one.label, one.is_archived) for one in AttributeDefinition.objects.all()] == [
        ("Seat", False), ("Shoe size", True),
    ]  # fmt: skip
    assert browser.get(FIELDS).context["rows"] == [table]
    assert "Shoe size" in browser.get(f"{FIELDS}?show=archived").text
    assert browser.post(f"{FIELDS}{size.code}/restore/").status_code == 303
    acts = AuditEntry.objects.filter(action__startswith="customers.attribute.").order_by("id")
    assert [act.action.rpartition(".")[2] for act in acts] == [
        "created", "created", "changed", "moved", "archived", "restored",
    ]  # fmt: skip


def test_fields_in_any_script_have_keys_of_their_own(programme: Programme) -> None:
    assert [field(label, "text").key for label in ("日本", "日本語", "Größe")] == ["field", "field_2", "groe"]
    with pytest.raises(AttributeKeyTaken):
        field("日本語", "text")


def test_who_may_change_fields(
    browser: Client, fields: dict[str, AttributeDefinition], client_of: Callable[..., Client], analyst: User,
    make_member: Callable[..., User], business: Business, other_programme: Programme,
) -> None:  # fmt: skip
    one = f"{FIELDS}{fields['size'].code}/"
    reader = client_of(analyst)
    assert reader.get(FIELDS).status_code == 200
    assert "Add a field" not in reader.get(FIELDS).text
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    for client in (reader, bound):
        answers = [client.get(one), client.post(f"{one}archive/"), client.post(f"{FIELDS}new/", {"label": "x"})]
        assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert browser.get(f"{FIELDS}nothing12345/").status_code == 404
    with tenant_context(other_programme):
        assert not AttributeDefinition.objects.exists()


def test_a_new_customer_has_them(browser: Client, fields: dict[str, AttributeDefinition]) -> None:
    vegan, size = (f"attr_{fields[name].code}" for name in ("vegan", "size"))
    add = "/customers/new/"
    assert f'name="{vegan}"' in browser.get(add).text
    refused = browser.post(add, {"first_name": "Ada", size: "larger"})
    assert (refused.status_code, Customer.objects.count()) == (422, 0)
    assert browser.post(add, {"first_name": "Ada", size: "42", vegan: "no"}).status_code == 303
    assert Customer.objects.get().attributes == {"size": 42, "vegan": False}


def test_the_form_and_the_profile_show_them(browser: Client, fields: dict[str, AttributeDefinition]) -> None:
    ada = person("Ada", attributes={"size": "huge", "table": "Roof", "erp": "x1", "since": "2026-02-28"})
    edit = f"/customers/{ada.code}/edit/"
    form = browser.get(edit).context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}
    vegan, size, table = (f"attr_{fields[name].code}" for name in ("vegan", "size", "table"))
    assert browser.post(edit, {**sent, vegan: "no"}).status_code == 303
    ada.refresh_from_db()
    kept = {"size": "huge", "table": "Roof", "erp": "x1", "since": "2026-02-28", "vegan": False}
    assert ada.attributes == kept, "what no longer fits stays until somebody changes it"
    refused = browser.post(edit, {**sent, size: "larger"})
    assert refused.status_code == 422
    assert "“Shoe size” is a number." in refused.text
    browser.post(edit, {**sent, size: "42", table: "", vegan: "no"})
    details = browser.get(f"/customers/{ada.code}/?tab=details").context["details"]
    assert details[-4:] == [
        ("Shoe size", "42"), ("Regular since", "28 Feb 2026"), ("Vegan", "No"), ("erp", "x1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "query", "found"),
    [
        ("size", "attr_{}_min=40", ["Ada", "Ben"]), ("size", "attr_{}_min=41&attr_{}_max=43.5", ["Ben"]),
        ("size", "attr_{}_op=empty", ["Cleo"]), ("size", "attr_{}_op=filled", ["Ada", "Ben"]),
        ("note", "attr_{}=OAT", ["Ada", "Cleo"]), ("note", "attr_{}=oat+100%25&attr_{}_op=is", ["Ada"]),
        ("note", "attr_{}=%25", ["Ada"]), ("note", "attr_{}_op=empty", ["Ben"]),
        ("since", "attr_{}_min=2026-01-01&attr_{}_max=2026-01-31", ["Ada"]),
        ("vegan", "attr_{}=%3Dno", ["Ben"]), ("vegan", "attr_{}=empty", ["Cleo"]),
        ("table", "attr_{}=%3DBar", ["Ada"]), ("table", "attr_{}=filled", ["Ada"]),
        ("size", "attr_{}_min=abc&attr_{}_op=nonsense", ["Ada", "Ben", "Cleo"]),
    ],
)  # fmt: skip
def test_the_list_is_filtered_by_them(
    browser: Client, fields: dict[str, AttributeDefinition], name: str, query: str, found: list[str]
) -> None:
    drink = fields["note"].key
    person("Ada", attributes={"size": 40, drink: "oat 100%", "since": "2026-01-31", "vegan": True, "table": "Bar"})
    person("Ben", attributes={"size": 43.5, "since": "2026-02-01", "vegan": False})
    person("Cleo", attributes={"size": "", drink: "Oat milk"})
    rebuild_rollups(now=timezone.now())
    asked = query.replace("{}", fields[name].code)
    response = browser.get(f"{LIST}?{asked}")
    assert sorted(names(response)) == found
    assert [chip.label for chip in response.context["chips"]] == ([fields[name].label] if len(found) < 3 else [])


def test_chosen_columns_are_shown_and_kept(browser: Client, fields: dict[str, AttributeDefinition]) -> None:
    person("Ada", attributes={"size": 42.5, "vegan": True})
    rebuild_rollups(now=timezone.now())
    chosen = "&".join(f"col={one.code}" for one in fields.values())
    response = browser.get(f"{LIST}?{chosen}")
    assert [one.key for one in response.context["columns"]] == ["size", fields["note"].key, "since"], "three of five"
    assert response.context["listed"].page.rows[0].extra == ["42.5", "", ""]
    assert ("col", fields["size"].code) in response.context["form"].kept


def test_fields_over_the_api(api: Callable[..., Client], programme: Programme, business: Business) -> None:
    client = api("write")
    call = {"content_type": "application/json"}
    made = client.post(API, {"label": "Shoe size", "kind": "number"}, **call)
    assert (made.status_code, made.json()["key"]) == (201, "shoe_size")
    one = API + made.json()["id"]
    problem(
        client.post(API, {"label": "Other", "kind": "text", "key": "shoe_size"}, **call), 409, "attribute_key_taken"
    )
    problem(client.patch(one, {"kind": "text"}, **call), 422, "unknown_field")
    assert client.patch(one, {"help": "European"}, **call).json()["help"] == "European"
    problem(api("read").patch(one, {"help": ""}, **call), 403, "permission_denied")
    problem(api("write", business=business).patch(one, {"help": ""}, **call), 403, "permission_denied")
    people = "/api/v1/customers/"
    for name, size in (("Ada", 42), ("Ben", "43"), ("Cleo", None)):
        answer = client.post(people, {"first_name": name, "attributes": {"shoe_size": size}}, **call)
        assert answer.status_code == 201
    problem(client.post(people, {"first_name": "D", "attributes": {"shoe_size": "wide"}}, **call), 422, "invalid")
    assert [row["first_name"] for row in client.get(f"{people}?attribute=shoe_size:43").json()["data"]] == ["Ben"]
    assert [row["first_name"] for row in client.get(f"{people}?attribute=shoe_size:").json()["data"]] == ["Cleo"]
    assert client.delete(one).status_code == 204
    assert client.get(API).json()["data"] == []
    assert Customer.objects.get(first_name="Ben").attributes == {"shoe_size": 43}

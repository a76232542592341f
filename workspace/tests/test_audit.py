"""The audit log: every act has words, search finds what people ask for, and nobody sees what is not theirs."""

import ast
import csv
import importlib
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from core.actor import SYSTEM, Actor
from core.permissions import Role
from customers.actions.customers import update_customer
from customers.models import Customer
from loyalty.actions.points import add_points
from programs.models import Membership
from workspace.actions import audit
from workspace.actions.businesses import change_business
from workspace.audit_registry import ACTS, FIELDS, SUBJECTS, Reader
from workspace.models import AuditEntry
from workspace.reports_audit import AuditFilters, find_entries, lines_of

PAGE, EXPORT = "/settings/audit/", "/settings/audit/entries.csv"
APPS = ("workspace", "customers", "messaging", "loyalty", "intelligence", "screens")
# Where the act is chosen at run time, with what it can be.
CHOSEN = {
    "customers.actions.customers": {"customers.customer.archived", "customers.customer.restored"},
    "customers.actions.products": {"customers.product.archived", "customers.product.restored"},
}


# -- words ------------------------------------------------------------------------------------------------------------


def recorded_in_python():
    found = set()
    for app in APPS:
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            if {"tests", "migrations"} & set(path.parts):
                continue
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.record":
                    found |= named(call.args[1], ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts))
    return found


def named(expression, module):
    """The act of one call: written there, a constant of the module, or chosen as CHOSEN says."""
    if isinstance(expression, ast.Constant):
        return {expression.value}
    if isinstance(expression, ast.JoinedStr):  # such as f"loyalty.rule.{what}": one of a family, which must have words
        family = re.compile(
            "".join(part.value if isinstance(part, ast.Constant) else r"\w+" for part in expression.values)
        )
        return {name for name in ACTS if family.fullmatch(name)} or {ast.unparse(expression)}
    root = expression.value if isinstance(expression, ast.Attribute) else expression
    value = getattr(importlib.import_module(module), root.id, None)
    if value is None:
        return CHOSEN[module]
    return {value.name if isinstance(expression, ast.Attribute) else value}


def recorded_in_sql():
    found = set()
    for app in APPS:
        for path in (settings.BASE_DIR / app).rglob("*.sql"):
            text = path.read_text()
            parts = re.findall(r"INSERT INTO workspace_auditentry.*?\bFROM\b", text, re.DOTALL)
            parts += re.findall(r"\bCASE\b(?:(?!\bCASE\b).)*?\bEND AS act\b", text, re.DOTALL)
            found |= {name for part in parts for name in re.findall(r"'([a-z]+\.[a-z_]+\.[a-z_]+)'", part)}
    return found


def test_every_act_recorded_anywhere_has_words():
    recorded = recorded_in_python() | recorded_in_sql()
    assert {"workspace.member.invited", "loyalty.points.earned", "customers.customer.archived"} <= recorded
    assert recorded - set(ACTS) == set()


def test_sentences_name_who_and_what_only():
    for act in ACTS.values():
        places = set(re.findall(r"{(\w*)}", str(act.sentence)))
        assert places <= {"who", "what"}, act.name
        assert places, act.name
        assert not str(act.title).endswith("."), act.name


def test_every_subject_that_is_recorded_has_a_name():
    nouns = set()
    for app in APPS:
        for path in [*(settings.BASE_DIR / app).rglob("*.py"), *(settings.BASE_DIR / app).rglob("*.sql")]:
            if "tests" not in path.parts:
                nouns |= set(re.findall(r"subject=f\"([\w-]+):", path.read_text()))
            if path.suffix == ".sql":
                for part in re.findall(r"INSERT INTO workspace_auditentry.*?\bFROM\b", path.read_text(), re.DOTALL):
                    nouns |= set(re.findall(r"'(\w+):' \|\|", part))
    assert {"customer", "transaction", "business"} <= nouns
    assert nouns - {"user", "api", "till"} <= set(SUBJECTS)


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def reader(programme, actor):
    return Reader(programme, actor)


@pytest.fixture
def anna(business, other_business, actor, now):
    """Anna Featherstone bought once at Quayside."""
    posting = add_points(
        business=business.pk, amount=Decimal(12), phone="07700 900123", reference="T-1", actor=actor, now=now
    )
    customer = Customer.objects.get(code=posting.customer)
    values = {"first_name": "Anna", "last_name": "Featherstone"}
    update_customer(customer_id=customer.pk, values=values, region="GB", actor=actor, now=now)
    customer.refresh_from_db()
    customer.transaction = posting.transaction
    return customer


def found(reader, **asked):
    return list(find_entries(AuditFilters(**asked), reader).order_by("pk").values_list("action", flat=True))


@pytest.mark.parametrize("text", ["Featherstone", "anna feath", "07700 900123", "+447700900123"])
def test_a_customer_is_found_by_name_and_number_with_their_points(reader, anna, text):
    acts = found(reader, text=text)
    assert acts == ["loyalty.points.earned", "customers.customer.changed"]


def test_a_transaction_is_found_by_its_code(reader, anna):
    assert found(reader, text=anna.transaction) == ["loyalty.points.earned"]
    assert found(reader, text=anna.code) == found(reader, subject=f"customer:{anna.code}")


def test_people_businesses_acts_and_words_are_found(reader, business, owner, actor, anna):
    change_business(business=business, changes={"address": "3 Harbour Steps"}, actor=actor)
    assert "workspace.business.changed" in found(reader, text="quayside")
    assert found(reader, text="harbour steps") == ["workspace.business.changed"]
    assert found(reader, text="Business changed") == ["workspace.business.changed"]
    assert set(found(reader, text=owner.name)) >= {"workspace.business.changed", "loyalty.points.earned"}
    assert found(reader, text="zebra") == []


@pytest.mark.parametrize("text", ["%", "_", "\\", "100%", "'", '"', "{who}", "a" * 120])
def test_signs_in_a_search_are_signs(reader, business, anna, text):
    assert found(reader, text=text) == []


def test_filters_narrow_together(reader, business, other_business, actor, anna):
    other = Actor(kind="api", id="abc", label="Web shop", ip="192.0.2.7")
    audit.record(other, "workspace.business.changed", subject=f"business:{business.code}", business_id=business.pk)
    audit.record(other, "workspace.till.registered", business_id=other_business.pk)
    assert found(reader, actor="api:abc") == ["workspace.business.changed", "workspace.till.registered"]
    assert found(reader, actor="api:abc", group="access") == ["workspace.till.registered"]
    assert found(reader, ip="192.0.2.7", business=business.code) == ["workspace.business.changed"]
    assert found(reader, business="unknown") == []
    assert found(reader, group="points") == ["loyalty.points.earned"]
    assert found(reader, action="workspace.till.registered") == ["workspace.till.registered"]


def test_days_are_those_of_the_programme(client_of, owner, programme, actor):
    """London, summer: a day begins at 23:00 UTC of the day before."""
    for minute, name in ((59, "before"), (0, "first")):
        moment = datetime(2026, 6, 16, 22 if minute else 23, minute, tzinfo=UTC)
        AuditEntry.objects.create(
            at=moment,
            actor="system:system",
            actor_label="Regulars",
            action="workspace.logo.changed",
            data={"name": name},
        )
    page = client_of(owner).get(PAGE, {"from_day": "2026-06-17", "to_day": "2026-06-17"}).content.decode()
    assert "first" in page
    assert "before" not in page
    assert "17 Jun 2026, 00:00:00" in page


def test_an_entry_reads_as_a_sentence_with_links_and_both_values(client_of, owner, business, actor, anna):
    change_business(business=business, changes={"name": "Quay <b>side</b>"}, actor=actor)
    page = client_of(owner).get(PAGE).content.decode()
    assert f"<b>{owner.name}</b> changed the details of" in page
    assert f'href="/customers/{anna.code}/">Anna Featherstone</a>' in page
    assert f"<b>{owner.name}</b> added points for" in page
    assert "Quay &lt;b&gt;side&lt;/b&gt;" in page
    assert "<del" in page
    assert "workspace.business.changed" not in page


def test_lines_name_subjects_in_as_many_queries_for_ten_as_for_two(reader, business, actor, now, anna):
    def queries(count):
        bought = list(AuditEntry.objects.filter(action="loyalty.points.earned").order_by("-pk")[:count])
        with CaptureQueriesContext(connection) as captured:
            assert len(lines_of(bought, reader)) == count
        return len(captured)

    for number in range(10):
        posting = add_points(
            business=business.pk, amount=Decimal(3), phone=f"07700 90020{number}", reference=f"N-{number}",
            actor=actor, now=now,
        )  # fmt: skip
        assert posting.customer
    assert queries(2) == queries(10)


def test_pages_go_on_by_cursor_and_keep_the_filters(client_of, owner, programme, actor):
    for number in range(60):
        audit.record(actor, "workspace.logo.changed", data={"name": f"logo-{number:02d}"})
    browser = client_of(owner)
    first = browser.get(PAGE, {"group": "settings"}).content.decode()
    assert "logo-59" in first
    assert "logo-09" not in first
    following = re.search(r'href="(\?[^"]*cursor=[^"]+)"', first)[1].replace("&amp;", "&")
    assert "group=settings" in following
    second = browser.get(PAGE + following).content.decode()
    assert "logo-09" in second
    assert "logo-59" not in second


def test_active_filters_are_chips_that_can_be_taken_away(client_of, owner, business, anna):
    page = client_of(owner).get(PAGE, {"subject": f"customer:{anna.code}", "group": "customers"}).content.decode()
    assert "Remove filter To: Anna Featherstone" in page
    assert 'href="?group=customers"' in page
    assert "Points added" not in page


def test_what_cannot_be_read_is_left_out(client_of, owner, actor, programme):
    audit.record(actor, "workspace.logo.changed", data={"name": "badger"})
    browser = client_of(owner)
    for query in (
        {"from_day": "rubbish", "cursor": "%00"}, {"to_day": "9999-12-31"}, {"from_day": "0001-01-01"},
        {"ip": "not an address"}, {"group": "nonsense"}, {"action": "no.such.act"}, {"q": "\x00"},
    ):  # fmt: skip
        assert "badger" in browser.get(PAGE, query).content.decode(), query
    for query in ({"person": "user:0"}, {"subject": "customer:none"}, {"business": "none"}, {"q": "zebra"}):
        page = browser.get(PAGE, query).content.decode()
        assert "Nothing found" in page, query


def test_a_part_of_the_page_is_answered_to_htmx(client_of, owner, actor, programme):
    audit.record(actor, "workspace.logo.changed", data={"name": "badger"})
    headers = {"hx-request": "true", "hx-target": "audit-entries"}
    part = client_of(owner).get(PAGE, {"q": "badger"}, headers=headers).content.decode()
    assert part.lstrip().startswith('<div id="audit-entries">')
    assert f'action="{EXPORT}?q=badger"' in part


# -- who may see it ---------------------------------------------------------------------------------------------------


@pytest.fixture
def limited(make_member, business):
    return make_member("lena@example.com", Role.MANAGER, business=business)


def test_who_is_limited_to_a_business_sees_what_was_done_there(
    client_of, limited, business, other_business, actor, programme
):
    elsewhere = Actor(kind="user", id="999", label="Greta Elsewhere")
    audit.record(elsewhere, "workspace.business.changed", business_id=other_business.pk, data={"name": "secret plan"})
    audit.record(actor, "workspace.business.changed", business_id=business.pk, data={"name": "our own"})
    browser = client_of(limited)
    for query in ({}, {"q": "secret"}, {"person": "user:999"}, {"business": other_business.code}):
        page = browser.get(PAGE, query).content.decode()
        assert "secret plan" not in page
        assert "Greta Elsewhere" not in page
    assert "our own" in browser.get(PAGE).content.decode()
    assert "Mill Lane" not in browser.get(PAGE).content.decode()
    text = b"".join(browser.post(EXPORT)).decode()
    assert "our own" in text
    assert "secret plan" not in text


def test_another_programme_is_not_searched(client_of, owner, outsider, anna, other_programme, programme):
    with tenant_context(other_programme):
        audit.record(SYSTEM, "workspace.logo.changed", data={"name": "meadow only"})
    assert "Nothing found" in client_of(owner).get(PAGE, {"q": "meadow only"}).content.decode()
    other = client_of(outsider, on=other_programme)
    assert "Nothing found" in other.get(PAGE, {"q": "Featherstone"}).content.decode()
    assert "Nothing found" in other.get(PAGE, {"subject": f"customer:{anna.code}"}).content.decode()
    assert "meadow only" in other.get(PAGE).content.decode()
    assert "Featherstone" not in b"".join(other.post(EXPORT)).decode()


@pytest.mark.parametrize("role", ["marketer", "analyst", "cashier"])
def test_others_see_no_log(client_of, request, role):
    browser = client_of(request.getfixturevalue(role))
    assert browser.get(PAGE).status_code == 403
    assert browser.post(EXPORT).status_code == 403


def test_a_removed_person_keeps_their_name_in_the_log(client_of, owner, analyst, programme):
    audit.record(Actor(kind="user", id=str(analyst.pk), label="Noor Rahman"), "workspace.logo.changed")
    Membership.objects.filter(user=analyst).delete()
    page = client_of(owner).get(PAGE, {"q": "noor"}).content.decode()
    assert "<b>Noor Rahman</b> changed the logo" in page


# -- out --------------------------------------------------------------------------------------------------------------


def test_the_export_is_the_filtered_list_with_harmless_cells_and_is_noted(client_of, owner, business, actor, anna):
    change_business(business=business, changes={"name": "=1+1"}, actor=actor)
    browser = client_of(owner)
    assert browser.get(EXPORT).status_code == 405
    response = browser.post(f"{EXPORT}?group=settings")
    assert response["content-disposition"].startswith('attachment; filename="audit-harbour-')
    rows = list(csv.reader(io.StringIO(b"".join(response).decode().removeprefix("\ufeff"))))
    assert rows[0] == ["When", "Who", "What", "Act", "To what", "Business", "Details", "From"]
    assert [row[3] for row in rows[1:]] == ["workspace.business.changed"]
    assert rows[1][2] == f"{owner.name} changed the business =1+1"
    assert rows[1][5] == "'=1+1"
    assert rows[1][6] == "Name: Quayside → =1+1"
    connection.set_tenant(connection.tenant)
    noted = AuditEntry.objects.get(action="workspace.audit.exported")
    assert (noted.actor_label, noted.data) == (owner.name, {"group": "settings"})


def test_the_export_goes_on_beyond_what_is_read_at_once(client_of, owner, programme, actor, monkeypatch):
    monkeypatch.setattr("workspace.actions.audit_export.ROWS_AT_ONCE", 7)
    for number in range(20):
        audit.record(actor, "workspace.logo.changed", data={"name": f"logo-{number:02d}"})
    text = b"".join(client_of(owner).post(f"{EXPORT}?group=settings")).decode()
    assert re.findall(r"logo-\d\d", text) == [f"logo-{number:02d}" for number in reversed(range(20))]


def test_the_api_has_the_same_filters(api, business, other_business, anna, actor):
    audit.record(Actor(kind="api", id="abc", label="Web shop", ip="192.0.2.7"), "workspace.till.registered")
    caller = api("admin")

    def asked(**query):
        response = caller.get("/api/v1/audit/", query)
        assert response.status_code == 200, response.content
        return [entry["action"] for entry in response.json()["data"]]

    assert "loyalty.points.earned" in asked(search="Featherstone")
    assert asked(group="points") == ["loyalty.points.earned"]
    assert asked(ip="192.0.2.7") == ["workspace.till.registered"]
    assert "loyalty.points.earned" in asked(business_id=business.code)
    assert asked(business_id=other_business.code) == []
    soon = datetime.now(tz=UTC) + timedelta(days=1)
    assert asked(after=soon.isoformat()) == []
    assert asked(search="no such thing at all") == []
    entry = caller.get("/api/v1/audit/", {"group": "points"}).json()["data"][0]
    assert (entry["title"], entry["group"], entry["business_id"]) == ("Points added", "points", business.code)
    for wrong in ({"group": "nonsense"}, {"ip": "nowhere"}, {"after": "yesterday"}, {"colour": "red"}):
        assert caller.get("/api/v1/audit/", wrong).status_code == 422


def test_fields_have_names():
    assert all(str(label) for label in FIELDS.values())


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ({"name": ["Old", "New"]}, [("Name", "Old", "New")]),
        ({"before": {"role": "owner", "business": None}, "role": "manager", "business": None, "email": "a@b.c"},
         [("Role", "Owner", "Manager"), ("E-mail", None, "a@b.c")]),
        ({"before": 3, "after": 5}, [("Changed", "3", "5")]),
        ({"changes": {"stock": [None, 4]}, "name": "Mug"}, [("Name", None, "Mug"), ("Stock", "nothing", "4")]),
        ({"after": {"points": 1200, "tier": None}}, [("Points", None, "1,200")]),
        ({"fields": ["name", "email"]}, [("Fields", None, "Name, E-mail")]),
        ({"is_granted": False}, [("Agreed", None, "no")]),
    ],
)  # fmt: skip
def test_data_reads_as_before_and_after(reader, actor, data, read):
    audit.record(actor, "workspace.programme.changed", subject="programme:harbour", data=data)
    [line] = lines_of([AuditEntry.objects.latest("pk")], reader)
    assert [(one.label, one.before, one.text) for one in line.details] == read

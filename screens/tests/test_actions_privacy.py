"""Erasing a person: afterwards nothing anywhere holds their number, name or address, and the ledger still adds up."""

import json
import re
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_q.models import Failure
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import NotFound, PermissionRefused
from customers.actions.consent import record_consent
from customers.actions.customers import create_customer
from customers.actions.events import append
from customers.actions.ingestion import take_in
from customers.actions.merging import merge_customers
from customers.actions.notes import write_note
from customers.actions.orders import cancel_order
from customers.actions.privacy import EMPTY, ImportUnderWay, Traces
from customers.consent import OWN_WORDS
from customers.events import CONSENT_CHANGED
from customers.imports.forgetting import names_person
from customers.ingestion import Arrival, Kind, Person
from customers.models import ConsentRecord, Customer, Event, Identifier, ImportPerson, ImportUndo, Order
from customers.search import search_for
from customers.tests.imports_fixtures import csv_of, import_csv, receive
from loyalty.actions.approvals import ask_for_adjustment
from loyalty.actions.points import (
    add_points,
    adjust_points,
    hold_points,
    redeem_points,
    reverse_transaction,
)
from loyalty.actions.tiers import forget_tier_reasons, set_tier
from loyalty.audit import audit as audit_ledger
from loyalty.models import Account, Hold, LoyaltySettings, Tier, TierChange, Transaction
from loyalty.reports import balance_of
from messaging.actions.outbox import queue_message, send_message
from messaging.actions.pins import set_pin, sign_in_with_pin
from messaging.actions.sign_in import deliver_code, request_code, verify_code
from messaging.models import CustomerPin, CustomerSession, OneTimeCode, OutboundMessage
from screens.actions import export
from screens.actions.export import start_export
from screens.actions.privacy import erase_customer
from workspace.actions.jobs import run_job
from workspace.models import AuditEntry, IdempotencyRecord, Job

PHONE = "+447700900142"
FIRST, LAST, EMAIL, EXTERNAL = "Zephyrine", "Quillfeather", "zeph.quill@example.org", "crm-778899"
TRACES = ["7700900142", "7700 900142", FIRST, LAST, EMAIL, EXTERNAL, "Larkspur", "1987-02-03", "likes oat milk"]
FILE = (
    "77001,85123A,White hanging heart T-light holder,6,2026-01-05 08:26:00,2.55,17850,United Kingdom",
    "77002,85123A,White hanging heart T-light holder,a few,2026-01-05 08:28:00,2.55,17850,United Kingdom",
)


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.CONSOLE_MESSAGES_DIR = tmp_path / "messages"
    return tmp_path


@pytest.fixture
def person(programme, actor):
    values = {
        "first_name": FIRST, "last_name": LAST, "phone": "07700 900142", "email": EMAIL, "external_id": EXTERNAL,
        "address": "14 Larkspur Lane", "city": "Whitby", "region": "Larkspurshire", "postcode": "YO21 1ZZ",
        "country": "GB", "language": "en", "attributes": {"note": "likes oat milk"},
        "birthday": timezone.datetime(1987, 2, 3).date(),
    }  # fmt: skip
    return create_customer(values=values, source="staff", region="GB", actor=actor, now=timezone.now())


def themselves(customer):
    return Actor(kind="customer", id=customer.code, label=str(customer), ip="203.0.113.77")


def live(customer, business, actor):
    """Everything that a customer can leave behind."""
    now = timezone.now()
    call = {"business": business.pk, "customer_id": customer.pk, "actor": actor, "now": now}
    add_points(**call, amount=Decimal(100), key="a")
    add_points(business=business.pk, phone="07700 900142", amount=Decimal(10), key="b", actor=actor, now=now)
    redeem_points(**call, points=20, reason=f"A coffee for {FIRST}", key="c")
    hold_points(**call, points=15, reason=f"Set aside for {FIRST} {LAST}", key="d")
    adjust_points(customer_id=customer.pk, points=5, reason=f"Sorry, {FIRST}", key="e", actor=actor, now=now)
    tier = Tier.objects.get_or_create(name="Gold", rank=1, threshold=1000)[0]
    set_tier(customer_id=customer.pk, tier=tier.code, until=None, reason=f"Kind {FIRST}", actor=actor, now=now)
    for channel in ("sms", "email"):
        record_consent(
            customer=customer, channel=channel, purpose="service", is_granted=True, source="points page",
            wording="portal-service-1", actor=themselves(customer), now=now,
        )  # fmt: skip
    for recipient, channel in ((PHONE, "sms"), (EMAIL, "email")):
        message = queue_message(
            channel=channel, purpose="service", recipient=recipient, customer_id=customer.pk, now=now,
            body=f"Hello {FIRST}", subject=f"For {FIRST}", dedupe_key=f"test:{channel}",
        )  # fmt: skip
        send_message(message.pk)
    queue_message(
        channel="sms", purpose="service", recipient=PHONE, customer_id=customer.pk, body=f"Later, {FIRST}",
        dedupe_key="test:waiting", now=now,
    )  # fmt: skip
    ask_for_adjustment(customer_id=customer.pk, points=9, reason=f"{FIRST} asked", key="f", actor=actor, now=now)
    cancelled = Order.objects.create(customer=customer, business=business, reference="x", placed_at=now, total=9)
    cancel_order(order=cancelled, reason=f"{FIRST} did not come", actor=actor, now=now)
    token = request_code(phone=PHONE, address="203.0.113.77", now=now)
    deliver_code(OneTimeCode.objects.get().pk)
    code = re.search(r"\d{6}", OutboundMessage.objects.latest("pk").body).group()
    verify_code(token=token, code=code, now=now)
    request_code(phone=PHONE, address="203.0.113.77", now=now)
    set_pin(customer=customer, pin="7391", actor=themselves(customer), now=now)
    what_others_said(customer, actor, now, receive(csv_of(*FILE), business))
    IdempotencyRecord.objects.create(
        owner="api:x", endpoint="customers", key="k", request_digest=bytes(range(32)), status=201,
        body={"id": customer.code, "phone": PHONE, "first_name": FIRST},
    )  # fmt: skip
    Job.objects.create(
        kind="test", key="j", lease_until=now, created_by=f"{FIRST} {LAST}", params={"email": EMAIL},
        result={"phone": PHONE}, warnings=[f"{EMAIL} is odd"], message=f"For {EMAIL}", error=f"{PHONE} failed",
    )  # fmt: skip
    LogEntry.objects.create(
        user_id=actor.user_id, content_type=ContentType.objects.get_for_model(Customer), object_id=customer.pk,
        object_repr=f"{FIRST} {LAST}", action_flag=2, change_message=EMAIL,
    )  # fmt: skip
    Failure.objects.create(
        id="f" * 32, name="x", func="x", args=("p_harbour",), started=now, stopped=now, success=False,
        result=f"Key (kind, value)=(phone, {PHONE}) already exists",
    )  # fmt: skip


def what_others_said(customer, actor, now, file):
    """A visitor who became the customer, a note, a consent in words of the shop's own, a duplicate that was merged."""
    visitor = {Kind.ANONYMOUS: f"browser-of-{LAST}"}
    seen = Arrival(Person(identities=visitor), now, event="Seen", message_id="m-1", properties={"asked": f"{FIRST}?"})
    named = Arrival(Person(customer.code, visitor), now, message_id=f"m-{EMAIL}", attributes={"note": "likes oat milk"})
    take_in([seen, named], source="events", actor=actor, now=now)
    write_note(customer_id=customer.pk, text=f"{FIRST} likes oat milk", actor=actor, now=now)
    record_consent(
        customer=customer, channel="email", purpose="marketing", is_granted=True, source="api", wording=OWN_WORDS,
        words=f"I, {FIRST} {LAST}, want offers.", actor=actor, now=now,
    )  # fmt: skip
    values = {"first_name": FIRST, "last_name": LAST, "city": "Larkspur"}
    twin = create_customer(values=values, source="staff", region="GB", actor=actor, now=now)
    overwritten = {"first_name": FIRST, "city": "Larkspur"}
    ImportUndo.objects.create(import_id=file.pk, kind="c", row_id=twin.pk, before=overwritten, after={"city": "Leeds"})
    write_note(customer_id=twin.pk, text=f"Also {FIRST}", actor=actor, now=now)
    merge_customers(survivor_id=customer.pk, duplicate_id=twin.pk, choose={}, actor=actor, now=now)


def dump():
    """Every row of every table of the programme and of public, as text."""
    rows = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('p_harbour', 'public')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} AS t")
            rows += [f"{table}: {text}" for (text,) in cursor.fetchall()]
    return rows


def found_in(rows):
    return [row[:300] for row in rows if any(trace.lower() in row.lower() for trace in TRACES)]


def written_files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def erase(customer, actor, callbacks, now=None):
    with callbacks(execute=True):
        return erase_customer(customer_id=customer.pk, actor=actor, now=now or timezone.now())


@pytest.fixture
def callbacks(django_capture_on_commit_callbacks):
    return django_capture_on_commit_callbacks


def test_nothing_anywhere_names_an_erased_person(person, business, actor, files, callbacks, caplog):
    caplog.set_level("DEBUG")
    live(person, business, actor)
    assert len({row.partition(":")[0] for row in found_in(dump())}) >= 10  # the traces are really there
    assert found_in(path.read_text() for path in written_files(files / "messages"))
    caplog.clear()

    erased = erase(person, actor, callbacks)

    assert found_in(dump()) == []
    assert found_in(path.read_text() for path in written_files(files / "messages")) == []
    lines = [str(record.__dict__) for record in caplog.records if not record.name.startswith(("django", "psycopg"))]
    assert found_in(lines) == []
    assert erased.points == 95
    assert not CustomerSession.objects.exists()
    assert not CustomerPin.objects.exists()
    assert not OneTimeCode.objects.exists()
    assert not ConsentRecord.objects.exists()
    assert not Identifier.objects.exists()
    assert set(OutboundMessage.objects.values_list("recipient", "body", "subject")) == {("", "", "")}
    assert not OutboundMessage.objects.filter(state="queued").exists()


def test_nothing_names_somebody_who_erased_themselves(person, business, actor, callbacks):
    live(person, business, actor)
    erase(person, themselves(person), callbacks)
    assert found_in(dump()) == []
    entry = AuditEntry.objects.get(action="customers.customer.erased")
    assert (entry.subject, entry.actor_label, entry.ip) == (f"customer:{person.code}", "A customer", None)


def test_the_ledger_keeps_its_invariants_and_the_shop_its_figures(person, business, actor, callbacks):
    live(person, business, actor)
    orders = Order.objects.count()
    erase(person, actor, callbacks)
    assert [finding.code for finding in audit_ledger() if not finding.is_kept] == []
    assert Account.objects.values_list("available", "held", "debt").get() == (0, 0, 0)
    assert Hold.objects.get().state == "voided"
    assert Transaction.objects.filter(kind="adjust").latest("pk").points == -95
    assert Order.objects.filter(customer=person).count() == orders == 3
    assert Event.objects.filter(name="customers.customer.erased", customer=person).count() == 1


def test_the_history_of_tiers_stays_without_what_was_written(person, business, actor, callbacks):
    live(person, business, actor)
    with pytest.raises(DatabaseError, match="is not erased"), transaction.atomic():
        forget_tier_reasons(customer_id=person.pk)
    assert TierChange.objects.get().reason == f"Kind {FIRST}"
    erase(person, actor, callbacks)
    change = TierChange.objects.get()
    assert (change.cause, change.reason, change.tier.name) == ("set", "", "Gold")
    with pytest.raises(DatabaseError), transaction.atomic():
        TierChange.objects.update(reason="x")


def test_debt_stays(person, business, actor, callbacks):
    now = timezone.now()
    call = {"business": business.pk, "customer_id": person.pk, "actor": actor, "now": now}
    sale = add_points(**call, amount=Decimal(50), key="a")
    redeem_points(**call, points=30, reason="A coffee", key="b")
    reverse_transaction(transaction=sale.transaction, key="c", actor=actor, now=now)
    assert erase(person, actor, callbacks).debt == 30
    assert Account.objects.get().debt == 30
    assert [finding.code for finding in audit_ledger() if not finding.is_kept] == []


def test_points_that_wait_go_as_well(person, business, actor, callbacks):
    LoyaltySettings.objects.update_or_create(pk=1, defaults={"pending_days": 14})
    now = timezone.now()
    for key, amount in (("a", 50), ("b", 7)):
        add_points(business=business.pk, customer_id=person.pk, amount=Decimal(amount), key=key, actor=actor, now=now)
    assert balance_of(person.pk, now=now).pending == 57
    erase(person, actor, callbacks)
    assert Account.objects.values_list("available", "held", "pending", "debt").get() == (0, 0, 0, 0)
    assert [finding.code for finding in audit_ledger() if not finding.is_kept] == []


def test_search_finds_nothing(person, actor, callbacks, client_of, owner):
    erase(person, actor, callbacks)
    for text in (FIRST, LAST, EMAIL, EXTERNAL, "07700 900142"):
        assert not Customer.objects.filter(search_for(text, country="GB").strict).exists()
    browser = client_of(owner)
    assert browser.get(f"/customers/{person.code}/").status_code == 404
    assert FIRST not in browser.get("/customers/?state=all").content.decode()


def test_whoever_comes_back_is_a_new_customer(person, business, actor, callbacks):
    live(person, business, actor)
    erase(person, actor, callbacks)
    now = timezone.now()
    back = add_points(business=business.pk, phone="07700 900142", amount=Decimal(7), key="z", actor=actor, now=now)
    assert back.is_new
    assert back.customer != person.code
    assert back.balance == 7
    assert balance_of(person.pk, now=now).points == 0


def test_a_key_of_before_is_refused_and_makes_nobody(person, business, actor, callbacks):
    from core.idempotency import IdempotencyKeyReused

    call = {"business": business.pk, "phone": "07700 900142", "amount": Decimal(10), "key": "b", "actor": actor}
    add_points(**call, now=timezone.now())
    erase(person, actor, callbacks)
    with pytest.raises(IdempotencyKeyReused):
        add_points(**call, now=timezone.now())
    assert not Customer.objects.exclude(pk=person.pk).exists()


def test_the_old_pin_opens_nothing_for_the_new_customer(person, business, actor, callbacks):
    from messaging.actions.pins import PinRefused

    live(person, business, actor)
    erase(person, actor, callbacks)
    add_points(business=business.pk, phone=PHONE, amount=Decimal(7), key="z", actor=actor, now=timezone.now())
    with pytest.raises(PinRefused):
        sign_in_with_pin(phone=PHONE, pin="7391", address="203.0.113.5", now=timezone.now())


def test_files_of_imports_that_name_the_person_go_and_others_stay(person, business, actor, callbacks):
    rows = b"Phone,First name,Last name\n07700 900 142,Z,Q\n"
    others = b"Phone,First name,Last name\n07700 900555,Ann,Other\n"
    named, unnamed = receive(rows, business), receive(others, business)
    done = import_csv(csv_of(*FILE), business)
    erase(person, actor, callbacks)
    assert not default_storage.exists(named.path)
    assert not type(named).objects.filter(pk=named.pk).exists()
    assert default_storage.exists(unnamed.path)
    assert default_storage.exists(done.path)


@pytest.mark.parametrize(
    ("line", "is_named"),
    [
        ("1,07700 900142,x", True),
        ("1,+44 (0)7700-900-142,x", True),
        ("1,ZEPH.QUILL@example.org", True),
        ("1,zephyrine quillfeather", True),
        ("1,CRM-778899,x", True),
        ("1,07700,900142,x", False),
        ("1,07700 900143,x", False),
        ("1,crm-7788990,x", False),
        ("1,Zephyrine,Other", False),
    ],
)
def test_who_is_named_by_a_line_of_a_file(line, is_named):
    traces = Traces("x", frozenset([PHONE]), frozenset([EMAIL]), frozenset([EXTERNAL]), f"{FIRST} {LAST}")
    assert names_person(f"a,b\n{line}\n", traces) == is_named


def test_every_personal_field_of_a_customer_is_emptied():
    kept = {
        "id", "code", "state", "source", "created_at", "updated_at", "search_text", "merged_into",
    }  # fmt: skip
    assert {field.name for field in Customer._meta.concrete_fields} - kept == set(EMPTY)


def test_while_a_file_with_the_person_is_imported_they_are_not_erased(person, actor):
    ImportPerson.objects.create(import_id=1, key=f"p:{PHONE}", chunk=0, phone=PHONE)
    with pytest.raises(ImportUnderWay):
        erase_customer(customer_id=person.pk, actor=actor, now=timezone.now())
    person.refresh_from_db()
    assert person.state == "active"
    assert Identifier.objects.count() == 3


def test_events_of_others_lose_what_they_carried(person, actor, callbacks):
    append(
        CONSENT_CHANGED, actor=actor, occurred_at=timezone.now(), customer_id=person.pk, message_id=f"m-{EMAIL}",
        data={"channel": FIRST, "purpose": "x", "is_granted": True},
    )  # fmt: skip
    erase(person, actor, callbacks)
    assert found_in(json.dumps(row, default=str) for row in Event.objects.values()) == []


def test_erasing_twice_is_refused_as_gone(person, actor, callbacks):
    erase(person, actor, callbacks)
    with pytest.raises(NotFound):
        erase_customer(customer_id=person.pk, actor=actor, now=timezone.now())


def test_people_limited_to_one_business_erase_nobody(person, business):
    limited = Actor(kind="user", id="9", label="Jo", business_id=business.pk)
    with pytest.raises(PermissionRefused):
        erase_customer(customer_id=person.pk, actor=limited, now=timezone.now())


def test_the_database_lets_nobody_forget_who_is_not_erased(person):
    from django.db import InternalError, OperationalError, transaction

    with (
        pytest.raises((InternalError, OperationalError), match="is not erased"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT customers_forget(%s::bigint)", [person.pk])


def test_the_same_person_in_the_other_programme_stays(person, actor, other_programme, callbacks):
    with tenant_context(other_programme):
        create_customer(
            values={"first_name": FIRST, "phone": PHONE, "email": EMAIL}, source="staff", region="GB",
            actor=actor, now=timezone.now(),
        )  # fmt: skip
    erase(person, actor, callbacks)
    with tenant_context(other_programme):
        assert Customer.objects.get().first_name == FIRST
        assert Identifier.objects.count() == 2


def test_a_file_for_them_that_is_being_made_leaves_nothing(person, actor, files, callbacks, monkeypatch):
    job = start_export(customer=person, actor=actor, now=timezone.now())
    sections = export.sections

    def erased_meanwhile():
        monkeypatch.setattr(export, "sections", sections)
        erase(person, actor, callbacks)
        return sections()

    monkeypatch.setattr(export, "sections", erased_meanwhile)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.params, job.result) == ("failed", {}, {})
    assert written_files(files / "media") == []

"""A person's data as a file: all of theirs, nothing of anybody else, for a day."""

import io
import json
import zipfile
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import NotFound
from customers.actions.consent import record_consent
from customers.actions.customers import create_customer
from customers.actions.ingestion import take_in
from customers.ingestion import Arrival, Person
from customers.models import Customer, Order, OrderLine
from loyalty.actions.points import add_points
from loyalty.actions.stamps import give_stamps
from loyalty.actions.tiers import set_tier
from loyalty.models import StampCard, Tier
from messaging.actions.outbox import queue_message
from messaging.models import CustomerSession
from screens.actions.export import find_export, open_export, start_export, sweep_exports
from screens.actions.privacy import erase_customer
from workspace.actions.jobs import run_job
from workspace.models import Job


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def make(actor, **values):
    return create_customer(values=values, source="staff", region="GB", actor=actor, now=timezone.now())


@pytest.fixture
def person(programme, actor):
    return make(actor, first_name="Priya", last_name="Shah", phone="07700 900142", email="priya@example.org")


def themselves(customer):
    return Actor(kind="customer", id=customer.code, label=str(customer))


def exported(customer, actor):
    job = start_export(customer=customer, actor=actor, now=timezone.now())
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    with zipfile.ZipFile(io.BytesIO(open_export(job, now=timezone.now()).read())) as archive:
        return json.loads(archive.read("data.json")), archive.read("index.html").decode()


def live(person, business, actor):
    now = timezone.now()
    add_points(
        business=business.pk, customer_id=person.pk, amount=Decimal("12.40"), key="a", reference="R-1", actor=actor,
        now=now,
    )  # fmt: skip
    OrderLine.objects.create(
        order=Order.objects.get(), position=1, title="Oat flat white", quantity=2, unit_price="6.20", total="12.40"
    )
    record_consent(
        customer=person, channel="sms", purpose="service", is_granted=True, source="points page",
        wording="portal-service-1", actor=themselves(person), now=now,
    )  # fmt: skip
    queue_message(
        channel="sms", purpose="service", recipient=person.phone, customer_id=person.pk, body="You have 12 points.",
        dedupe_key="x", now=now,
    )  # fmt: skip
    queue_message(
        channel="sms", purpose="one_time_code", recipient=person.phone, customer_id=person.pk,
        body="424242 is your code", dedupe_key="y", now=now,
    )  # fmt: skip
    tier = Tier.objects.create(name="Gold", rank=1, threshold=1000)
    set_tier(
        customer_id=person.pk, tier=tier.code, until=date(2031, 5, 1), reason="Helped us move", actor=actor, now=now
    )
    card = StampCard.objects.create(name="Coffee card", gives="A free coffee", stamps=5)
    give_stamps(
        card=card.code, customer_id=person.pk, stamps=2, reason="From a paper card", key="s", actor=actor, now=now
    )
    CustomerSession.objects.create(customer=person, token_digest=b"x" * 32, expires_at=now + timedelta(days=1))


def test_everything_of_the_person_is_in_it(person, business, actor):
    live(person, business, actor)
    data, page = exported(person, themselves(person))
    assert data["programme"] == "Harbour"
    assert data["currency"] == "GBP"
    assert data["profile"][0]["email"] == "priya@example.org"
    assert {row["value"] for row in data["identifiers"]} == {"+447700900142", "priya@example.org"}
    assert [(row["points"], row["business"]) for row in data["transactions"]] == [(12, "Quayside")]
    assert data["points"][0]["available"] == 12
    (tier,) = data["tiers"]
    assert {name: tier[name] for name in ("tier", "tier_before", "what", "kept_until", "reason")} == {
        "tier": "Gold", "tier_before": None, "what": "set", "kept_until": "2031-05-01", "reason": "Helped us move",
    }  # fmt: skip
    for shown in ("Your tiers", "Set by hand", "1 May 2031", "Helped us move"):
        assert shown in page
    (stamped,) = data["stamps"]
    assert (stamped["card"], stamped["stamps"], stamped["what"]) == ("Coffee card", 2, "2 stamps")
    for shown in ("Your stamp cards", "From a paper card"):
        assert shown in page
    assert data["orders"][0]["total"] == "12.4000"
    assert data["orders"][0]["lines"][0]["title"] == "Oat flat white"
    assert [(row["text"], row["is_granted"]) for row in data["consents"]] == [("Texts about my points", True)]
    assert [row["text"] for row in data["messages"]] == ["You have 12 points.", ""]
    assert len(data["sessions"]) == 1
    for shown in ("Priya", "Oat flat white", "Quayside", "Texts about my points", "You have 12 points."):
        assert shown in page


def test_nothing_of_staff_or_of_other_people_is_in_it(person, business, actor, owner):
    live(person, business, actor)
    other = make(actor, first_name="Bartholomew", phone="07700 900555")
    add_points(business=business.pk, customer_id=other.pk, amount=Decimal(99), key="o", actor=actor, now=timezone.now())
    data, page = exported(person, themselves(person))
    for text in (json.dumps(data), page):
        assert "Bartholomew" not in text
        assert owner.email not in text
        assert str(owner) not in text
        assert "424242" not in text


def test_what_people_called_themselves_cannot_become_markup(programme, actor):
    person = make(actor, first_name="<script>alert(1)</script>", phone="07700 900142")
    assert "<script>" not in exported(person, actor)[1]


def test_asked_again_at_once_it_is_the_same_file(person, actor):
    now = timezone.now().replace(minute=0)
    first = start_export(customer=person, actor=themselves(person), now=now)
    assert start_export(customer=person, actor=themselves(person), now=now + timedelta(minutes=9)) == first
    assert start_export(customer=person, actor=themselves(person), now=now + timedelta(minutes=11)) != first


def test_staff_and_customer_do_not_share_files_nor_do_two_customers(person, actor):
    job = start_export(customer=person, actor=actor, now=timezone.now())
    other = make(actor, first_name="Joe", phone="07700 900555")
    assert find_export(customer=person, code=job.code, side="staff") == job
    for customer, side in ((person, "customer"), (other, "staff")):
        with pytest.raises(NotFound):
            find_export(customer=customer, code=job.code, side=side)


def test_after_a_day_the_file_is_gone(person, actor):
    exported(person, actor)
    job = Job.objects.get()
    path = job.result["file"]
    later = timezone.now() + timedelta(days=1, minutes=1)
    with pytest.raises(NotFound):
        open_export(job, now=later)
    assert sweep_exports(now=timezone.now()) is not None
    assert default_storage.exists(path)
    assert sweep_exports(now=later) is None
    assert not default_storage.exists(path)


def test_erasing_the_person_deletes_their_files(person, actor):
    exported(person, actor)
    path = Job.objects.get().result["file"]
    erase_customer(customer_id=person.pk, actor=actor, now=timezone.now())
    assert not default_storage.exists(path)
    assert Job.objects.filter(kind="screens.personal_data.export").values_list("params", "result").get() == ({}, {})


def test_somebody_who_was_erased_meanwhile_gets_no_file(person, actor):
    job = start_export(customer=person, actor=actor, now=timezone.now())
    Customer.objects.update(state="erased")
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"


def test_the_same_number_in_the_other_programme_is_another_person(person, business, actor, other_programme):
    live(person, business, actor)
    with tenant_context(other_programme):
        there = make(actor, first_name="Priya", phone="+447700900142")
        data, _page = exported(there, actor)
    assert data["programme"] == "Meadow"
    assert data["transactions"] == []
    assert data["messages"] == []


def test_tables_for_spreadsheets_and_what_other_systems_said(person, business, actor):
    live(person, business, actor)
    now = timezone.now()
    shopper = Person(customer_id=person.code)
    take_in(
        [Arrival(shopper, now, event="=Seen", properties={"sku": "A1", "price": 4.5})],
        source="events", actor=actor, now=now,
    )  # fmt: skip
    job = start_export(customer=person, actor=actor, now=now)
    run_job(job.pk)
    job.refresh_from_db()
    with zipfile.ZipFile(io.BytesIO(open_export(job, now=timezone.now()).read())) as archive:
        sheets = {name for name in archive.namelist() if name.startswith("csv/")}
        assert {"csv/profile.csv", "csv/orders.csv", "csv/orders-lines.csv", "csv/events.csv"} <= sheets
        told = archive.read("csv/events.csv").decode("utf-8-sig").splitlines()
        lines = archive.read("csv/orders-lines.csv").decode("utf-8-sig").splitlines()
        page = archive.read("index.html").decode()
    assert told[0] == "event,properties,at"
    assert told[1].startswith("'=Seen,")
    order = Order.objects.get()
    assert lines[0].startswith("orders,title,quantity")
    assert lines[1].startswith(f"{order.code},Oat flat white,2")
    assert "price: 4.5" in page

"""The programme's settings, its logo, and a person's own profile: what is refused, what is written."""

import struct
import zlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from core.permissions import Role
from core.tenancy import enter
from customers.actions.facts import ROLLUPS
from customers.actions.rollups import rebuild_rollups
from customers.models import DailySales
from customers.tests.test_actions_facts import refund, sale
from loyalty.actions.points import add_points
from programs.models import DueWork, Programme, User
from workspace.actions.settings import CurrencyFrozen, change_programme
from workspace.models import AuditEntry
from workspace.tasks import run_due

SETTINGS = {
    "name": "Harbour and Pine",
    "country": "GB",
    "currency": "GBP",
    "time_zone": "Europe/London",
    "language": "en",
    "colour": "#0f766e",
}


def png(size=(1, 1)):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" + b"\0\0\0" * size[0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def upload(data, name="logo.png"):
    return SimpleUploadedFile(name, data, content_type="image/png")


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


# -- the programme -----------------------------------------------------------------------------------------------------


def test_settings_are_saved_and_seen_at_once(client_of, owner, django_capture_on_commit_callbacks):
    browser = client_of(owner)
    browser.get("/settings/")
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post("/settings/", SETTINGS)
    assert (response.status_code, response.url) == (303, "/settings/")
    page = browser.get("/settings/").content.decode()
    assert page.count("Harbour and Pine") >= 2
    assert "Settings saved" in page
    stored = Programme.objects.get(slug="harbour")
    assert (stored.name, stored.colour) == ("Harbour and Pine", "#0f766e")
    assert Programme.objects.get(slug="meadow").name == "Meadow"
    entry = AuditEntry.objects.get()
    assert entry.action == "workspace.programme.changed"
    assert entry.data == {"name": ["Harbour", "Harbour and Pine"], "colour": ["#2563eb", "#0f766e"]}
    browser.post("/settings/", SETTINGS)
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"currency": "XXX"},
        {"country": "ZZ"},
        {"time_zone": "Mars/Olympus"},
        {"colour": "red"},
        {"colour": "#12345g"},
        {"language": "tlh"},
        {"cors_origins": "*"},
        {"cors_origins": "https://shop.example.com/path"},
        {"cors_origins": "https://ok.example.com\njavascript:alert(1)"},
        {"cors_origins": "\n".join(f"https://shop{number}.example.com" for number in range(21))},
    ],
)
def test_bad_settings_are_422_and_change_nothing(client_of, owner, changes):
    response = client_of(owner).post("/settings/", {**SETTINGS, **changes})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == set(changes)
    assert Programme.objects.get(slug="harbour").name == "Harbour"


def test_origins_are_listed_one_in_each_line(client_of, owner):
    browser, lines = (
        client_of(owner),
        "https://Shop.example.com/\r\n\r\nhttp://localhost:3000\r\nhttps://shop.example.com:443",
    )
    assert browser.post("/settings/", {**SETTINGS, "cors_origins": lines}).status_code == 303
    assert Programme.objects.get(slug="harbour").cors_origins == ["https://shop.example.com", "http://localhost:3000"]
    assert "https://shop.example.com\nhttp://localhost:3000</textarea>" in browser.get("/settings/").content.decode()
    browser.post("/settings/", {**SETTINGS, "cors_origins": ""})
    assert Programme.objects.get(slug="harbour").cors_origins == []


def test_the_currency_is_frozen_after_the_first_sale(client_of, owner, business, actor, now, other_programme, outsider):
    browser = client_of(owner)
    browser.post("/settings/", {**SETTINGS, "currency": "EUR"})
    assert Programme.objects.get(slug="harbour").currency == "EUR"
    assert "Fixed since the first sale" not in browser.get("/settings/").content.decode()
    enter(Programme.objects.get(slug="harbour"))  # as a later request would
    add_points(business=business.pk, phone="07700 900123", amount=Decimal("3"), key="k", actor=actor, now=now)
    assert "Fixed since the first sale" in browser.get("/settings/").content.decode()

    refused = browser.post("/settings/", {**SETTINGS, "name": "Renamed", "currency": "USD"})
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["currency"]
    assert "The currency cannot change after the first sale" in refused.content.decode()
    stored = Programme.objects.get(slug="harbour")
    assert (stored.name, stored.currency) == ("Harbour and Pine", "EUR")
    with pytest.raises(CurrencyFrozen):
        change_programme(programme=stored, changes={"currency": "USD"}, actor=actor, now=now)

    rest = {key: value for key, value in SETTINGS.items() if key != "currency"}  # what a browser sends then
    assert browser.post("/settings/", {**rest, "name": "Renamed"}).status_code == 303
    stored.refresh_from_db()
    assert (stored.name, stored.currency) == ("Renamed", "EUR")

    meadow = client_of(outsider, on=other_programme)
    assert meadow.post("/settings/", {**SETTINGS, "name": "Meadow", "currency": "USD"}).status_code == 303
    assert Programme.objects.get(slug="meadow").currency == "USD", "only the other programme has sold"


def test_imported_refunds_alone_freeze_the_currency_too(client_of, owner, business):
    refund(business, None, "r", "4.00")
    refused = client_of(owner).post("/settings/", {**SETTINGS, "currency": "USD"})
    assert list(refused.context["form"].errors) == ["currency"]


def test_a_new_time_zone_counts_the_days_again(client_of, owner, business, programme, other_programme, now):
    sale(business, None, "1", "5.00", placed_at=datetime(2026, 5, 4, 23, 30, tzinfo=UTC))
    rebuild_rollups(now=now)
    assert DailySales.objects.get().day == date(2026, 5, 5), "half past midnight in London"
    due = DueWork.objects.filter(kind=ROLLUPS)
    due.update(next_due_at=now + timedelta(days=400))

    client_of(owner).post("/settings/", SETTINGS)
    assert not due.filter(next_due_at__lte=timezone.now()).exists(), "the zone is the same"
    client_of(owner).post("/settings/", {**SETTINGS, "time_zone": "America/New_York"})
    assert list(due.filter(next_due_at__lte=timezone.now()).values_list("programme_id", flat=True)) == [programme.pk]
    run_due(ROLLUPS)
    assert DailySales.objects.get().day == date(2026, 5, 4)


def test_a_field_is_checked_when_it_is_left(client_of, owner):
    browser = client_of(owner)
    response = browser.post("/settings/", {**SETTINGS, "name": "", "_check": "name"}, headers={"hx-request": "true"})
    page = response.content.decode()
    assert response.status_code == 200
    assert page.strip().startswith('<div class="field')
    assert 'aria-invalid="true"' in page
    assert "<html" not in page
    assert browser.post("/settings/", {**SETTINGS, "_check": "name"}).status_code == 200
    assert Programme.objects.get(slug="harbour").name == "Harbour"


def test_somebody_limited_to_a_business_does_not_change_the_programme(client_of, make_member, business):
    lead = make_member("lead@example.com", Role.MANAGER, business=business)
    browser = client_of(lead)
    assert browser.get("/settings/").status_code == 200
    assert browser.post("/settings/", SETTINGS).status_code == 403
    assert browser.get("/settings/businesses/new/").status_code == 403
    assert Programme.objects.get(slug="harbour").name == "Harbour"


# -- the logo ----------------------------------------------------------------------------------------------------------


def test_a_logo_is_kept_served_safely_and_not_on_another_host(client_of, owner, programme):
    browser = client_of(owner)
    assert browser.post("/settings/", {**SETTINGS, "logo": upload(png())}).status_code == 303
    stored = Programme.objects.get(pk=programme.pk)
    assert default_storage.exists(f"brand/{stored.logo}")
    response = Client(headers={"host": "harbour.localhost"}).get(stored.logo_url)
    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"".join(response.streaming_content).startswith(b"\x89PNG")  # drawn anew
    assert Client(headers={"host": "meadow.localhost"}).get(stored.logo_url).status_code == 404
    assert browser.post("/settings/logo/remove/").status_code == 303
    assert Programme.objects.get(pk=programme.pk).logo == ""


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "logo.svg"),
        (b"<html><script>alert(1)</script>", "logo.png"),
        (b"GIF89a" + b"\0" * 50, "logo.gif"),
        (png()[:-12], "cut.png"),
        (b"\x89PNG\r\n\x1a\n", "head.png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "cut.jpg"),
        (b"RIFF\xff\xff\x00\x00WEBPVP8 ", "cut.webp"),
        (png() + b"\0" * 600_000, "large.png"),
    ],
)
def test_what_is_no_picture_is_refused_and_not_kept(client_of, owner, data, name, tmp_path):
    response = client_of(owner).post("/settings/", {**SETTINGS, "logo": upload(data, name)})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"logo"}
    assert not list(tmp_path.rglob("*.*"))
    assert Programme.objects.get(slug="harbour").name == "Harbour"


@pytest.mark.parametrize("name", ["..%2f..%2fsecret", "x.png", "0" * 32 + ".svg", "0" * 32 + ".png"])
def test_only_names_that_we_gave_are_served(client_of, programme, name):
    assert client_of(None).get(f"/brand/{name}").status_code == 404


# -- oneself -----------------------------------------------------------------------------------------------------------


def test_a_person_changes_themselves(client_of, cashier):
    browser = client_of(cashier)
    data = {"name": " Sam  Lee ", "language": "en", "theme": "light"}
    response = browser.post("/settings/me/", data)
    assert response.status_code == 303
    assert response.cookies["theme"].value == "light"
    assert response.cookies["django_language"].value == "en"
    stored = User.objects.get(pk=cashier.pk)
    assert (stored.name, stored.language, stored.theme, stored.notifications) == ("Sam Lee", "en", "light", [])
    assert 'data-theme="light"' in browser.get("/settings/me/").content.decode()


def test_who_has_one_settings_page_sees_no_tabs(client_of, cashier, owner):
    assert 'class="tabs' not in client_of(cashier).get("/settings/me/").content.decode()
    assert 'class="tabs' in client_of(owner).get("/settings/me/").content.decode()


@pytest.mark.parametrize(
    "changes", [{"name": ""}, {"theme": "pink"}, {"language": "xx"}, {"notifications": ["everything"]}]
)
def test_a_bad_profile_is_422(client_of, cashier, changes):
    response = client_of(cashier).post("/settings/me/", {"name": "Sam", "language": "", "theme": "dark", **changes})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == set(changes)

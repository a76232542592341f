"""The onboarding form: one programme, clear refusals, and an address that is checked while typing."""

import pytest
from django.db import connection
from django.test import Client
from django_tenants.utils import tenant_context

from core.permissions import Role, permissions_of
from programs import api_limits
from programs.actions.people import create_person
from programs.models import Membership, Programme, User
from screens.onboarding import checklist
from workspace.models import AuditEntry, Business
from workspace.tests.test_views_settings import png, upload

FORM = {
    "name": "Corner",
    "slug": "corner",
    "country": "IE",
    "currency": "EUR",
    "time_zone": "Europe/Dublin",
    "business_name": "Corner shop",
    "category": "bakery",
    "points_per_unit": "2,5",
    "colour": "#0f766e",
    "request_key": "key-1",
}


@pytest.fixture(autouse=True)
def _clean(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    api_limits.forget()


@pytest.fixture
def browser_of_ada(public_client):
    ada = create_person(email="ada@example.com", password="correct horse battery", name="Ada", is_verified=True)
    public_client.force_login(ada)
    return public_client


def test_one_form_makes_a_programme_that_its_owner_can_enter(browser_of_ada):
    page = browser_of_ada.get("/programmes/new/").content.decode()
    assert "gives" in page
    assert "62 points" in page
    response = browser_of_ada.post("/programmes/new/", {**FORM, "logo": upload(png())})
    assert (response.status_code, response.url) == (303, "/enter/corner/")
    programme = Programme.objects.get(slug="corner")
    assert (programme.currency, programme.country, programme.time_zone) == ("EUR", "IE", "Europe/Dublin")
    assert programme.colour == "#0f766e"
    assert programme.logo.endswith(".png")
    assert Membership.objects.get(programme=programme).role == Role.OWNER
    with tenant_context(programme):
        business = Business.objects.get()
        assert (business.name, business.category) == ("Corner shop", "bakery")
        assert str(business.earning_rate) == "2.5"
    assert Client(headers={"host": "corner.localhost"}).get(programme.logo_url).status_code == 200


@pytest.mark.parametrize(("header", "language"), [("de-CH,de;q=0.9", "de"), ("fr,en;q=0.1", "en"), ("tlh", "en")])
def test_customers_are_written_to_in_what_the_browser_of_the_owner_asks_for(browser_of_ada, header, language):
    browser_of_ada.post("/programmes/new/", FORM, headers={"accept-language": header})
    assert Programme.objects.get(slug="corner").language == language


def test_sent_twice_it_is_one_programme(browser_of_ada):
    before = Programme.objects.count()
    first = browser_of_ada.post("/programmes/new/", FORM)
    second = browser_of_ada.post("/programmes/new/", FORM)
    assert first.url == second.url == "/enter/corner/"
    assert Programme.objects.count() == before + 1


def test_without_a_name_the_business_is_called_as_the_programme(browser_of_ada):
    browser_of_ada.post("/programmes/new/", {**FORM, "business_name": ""})
    with tenant_context(Programme.objects.get(slug="corner")):
        assert Business.objects.get().name == "Corner"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slug": "www"}, "reserved"),
        ({"slug": "admin"}, "reserved"),
        ({"slug": "harbour"}, "Another programme has this address"),
        ({"slug": "a"}, "2 to 40"),
        ({"slug": "a--b"}, "2 to 40"),
        ({"slug": "a_b"}, "2 to 40"),
        ({"slug": "1a"}, "2 to 40"),
        ({"slug": "ä-b"}, "2 to 40"),
        ({"slug": "x" * 41}, "at most 40"),
        ({"slug": ""}, "required"),
        ({"name": ""}, "required"),
        ({"country": "ZZ"}, "valid choice"),
        ({"currency": "gbp"}, "valid choice"),
        ({"time_zone": "Mars/Olympus"}, "valid choice"),
        ({"category": "pub"}, "valid choice"),
        ({"points_per_unit": "many"}, "Enter a number"),
        ({"points_per_unit": "-1"}, "between 0"),
        ({"points_per_unit": "NaN"}, "between 0"),
        ({"points_per_unit": "1e9"}, "between 0"),
        ({"points_per_unit": "0.00001"}, "4 digits"),
        ({"colour": "red"}, "#2563eb"),
    ],
)
def test_a_bad_answer_is_422_with_its_reason_and_makes_nothing(browser_of_ada, programme, changes, said):
    connection.set_schema_to_public()
    before = Programme.objects.count()
    response = browser_of_ada.post("/programmes/new/", {**FORM, **changes})
    assert response.status_code == 422
    (field,) = changes
    assert said in " ".join(response.context["form"].errors[field])
    assert set(response.context["form"].errors) == {field}
    assert Programme.objects.count() == before


def test_a_wrong_logo_makes_nothing(browser_of_ada):
    response = browser_of_ada.post("/programmes/new/", {**FORM, "logo": upload(b"<svg/>", "x.svg")})
    assert response.status_code == 422
    assert not Programme.objects.filter(slug="corner").exists()


def check(browser, asked, **values):
    response = browser.post("/programmes/new/", {**FORM, **values, "_check": asked}, headers={"hx-request": "true"})
    assert response.status_code == 200
    return response.content.decode()


def test_an_address_is_checked_while_typing(browser_of_ada, programme):
    connection.set_schema_to_public()
    assert "corner.localhost is free" in check(browser_of_ada, "slug")
    assert "Another programme has this address" in check(browser_of_ada, "slug", slug="harbour")
    assert "reserved" in check(browser_of_ada, "slug", slug="api")
    assert "2 to 40" in check(browser_of_ada, "slug", slug="a b")
    assert not Programme.objects.filter(slug="corner").exists()


def test_a_name_suggests_an_address_and_a_country_its_money(browser_of_ada):
    page = check(browser_of_ada, "name", name="Café Übermut & Söhne", slug="")
    assert 'value="cafe-ubermut-sohne"' in page
    assert "hx-swap-oob" in page
    assert "hx-swap-oob" not in check(browser_of_ada, "name", name="Other", slug="mine")
    page = check(browser_of_ada, "country", country="KE")
    assert '<option value="KES" selected' in page
    assert '<option value="Africa/Nairobi" selected' in page


@pytest.mark.parametrize(
    ("rate", "currency", "said"),
    [("5", "GBP", "62 points"), ("0.1", "EUR", "1 point<"), ("0", "GBP", "0 points"), ("x", "GBP", None)],
)
def test_the_example_speaks_plainly(browser_of_ada, rate, currency, said):
    page = browser_of_ada.get(
        "/programmes/new/example/", {"points_per_unit": rate, "currency": currency}
    ).content.decode()
    assert (said in page) if said else ("gives" not in page)


def test_anonymous_people_log_in_first(public_client):
    for method in (public_client.get, public_client.post):
        response = method("/programmes/new/")
        assert (response.status_code, response.url) == (302, "/login/?next=/programmes/new/")
    assert public_client.get("/programmes/new/example/").status_code == 302
    assert not Programme.objects.filter(slug="corner").exists()


def test_wrong_methods(browser_of_ada):
    assert browser_of_ada.delete("/programmes/new/").status_code == 405
    assert browser_of_ada.post("/programmes/new/example/").status_code == 405


def test_nobody_makes_programmes_without_end(browser_of_ada, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "register": (2, 10**9)}
    for number in range(2):
        made = browser_of_ada.post(
            "/programmes/new/", {**FORM, "slug": f"corner-{number}x", "request_key": f"k{number}"}
        )
        assert made.status_code == 303
    refused = browser_of_ada.post("/programmes/new/", {**FORM, "request_key": "k9"})
    assert refused.status_code == 429
    assert not Programme.objects.filter(slug="corner").exists()


def test_the_checklist_grows_with_what_is_done(programme, owner, business, make_member):
    steps = {step.key: step for step in checklist(programme=programme, permissions=permissions_of("owner")).steps}
    assert {"sale", "team", "brand", "details"} <= set(steps)
    assert not any(step.is_done for step in steps.values())
    make_member("ann@example.com", Role.ANALYST)
    Business.objects.update(address="1 Quay")
    programme.logo = "x.png"
    after = checklist(programme=programme, permissions=permissions_of("owner"))
    done = {step.key for step in after.steps if step.is_done}
    assert done == {"team", "brand", "details"}
    assert 0 < after.percent < 100


def test_the_checklist_shows_only_what_a_role_may_do(programme):
    assert [s.key for s in checklist(programme=programme, permissions=permissions_of("cashier")).steps] == ["sale"]
    nothing = checklist(programme=programme, permissions=permissions_of("analyst"))
    assert (nothing.steps, nothing.percent, nothing.is_done) == ([], 100, True)


def test_the_two_programmes_have_lists_of_their_own(programme, other_programme, owner, outsider, make_member):
    make_member("ann@example.com", Role.ANALYST)
    connection.set_tenant(other_programme)
    steps = checklist(programme=other_programme, permissions=permissions_of("owner")).steps
    assert not any(step.is_done for step in steps)
    assert not AuditEntry.objects.exists()
    assert User.objects.count() == 3

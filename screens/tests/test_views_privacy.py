"""Staff act for a customer: hand out their data, erase them."""

import re

import pytest
from django.utils import timezone

from customers.actions.customers import create_customer
from customers.models import Customer, ImportPerson


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def person(programme, actor):
    values = {"first_name": "Priya", "last_name": "Shah", "phone": "07700 900142"}
    return create_customer(values=values, source="staff", region="GB", actor=actor, now=timezone.now())


@pytest.fixture
def url(person):
    return f"/customers/{person.code}/privacy/"


def test_the_profile_leads_there(client_of, owner, person, url):
    assert f'href="{url}"' in client_of(owner).get(f"/customers/{person.code}/").content.decode()


def test_the_file_is_made_and_handed_out(client_of, owner, url, run_queue):
    browser = client_of(owner)
    where = browser.post(f"{url}export/").headers["Location"]
    run_queue()
    html = browser.get(where).content.decode()
    response = browser.get(re.search(r'href="([^"]+/exports/[^"]+)"', html).group(1))
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/zip")
    part = browser.get(where, headers={"hx-request": "true", "hx-target": "customer-export"}).content.decode()
    assert part.startswith('<div id="customer-export"')


def test_erasing_names_the_consequence_and_wants_a_yes(client_of, owner, person, url):
    browser = client_of(owner)
    assert "Erase Priya Shah for good" in browser.get(url).content.decode()
    refused = browser.post(f"{url}erase/", {})
    assert (refused.status_code, "Tick the box" in refused.content.decode()) == (422, True)
    person.refresh_from_db()
    assert person.state == "active"
    response = browser.post(f"{url}erase/", {"sure": "on"})
    assert (response.status_code, response.headers["Location"]) == (303, "/customers/")
    person.refresh_from_db()
    assert (person.state, person.first_name) == ("erased", "")
    assert browser.get(url).status_code == 404


def test_while_a_file_with_them_is_imported_it_is_refused(client_of, owner, person, url):
    ImportPerson.objects.create(import_id=1, key="p", chunk=0, phone=person.phone)
    response = client_of(owner).post(f"{url}erase/", {"sure": "on"})
    assert (response.status_code, "is being imported" in response.content.decode()) == (409, True)
    assert Customer.objects.get().state == "active"


def test_a_marketer_exports_and_does_not_erase(client_of, marketer, url):
    browser = client_of(marketer)
    page = browser.get(url)
    assert (page.status_code, "for good" in page.content.decode()) == (200, False)
    assert browser.post(f"{url}erase/", {"sure": "on"}).status_code == 403


@pytest.mark.parametrize("role", ["analyst", "cashier"])
def test_others_do_neither(role, request, client_of, url):
    browser = client_of(request.getfixturevalue(role))
    assert browser.get(url).status_code == 403
    assert browser.post(f"{url}export/").status_code == 403
    assert browser.post(f"{url}erase/", {"sure": "on"}).status_code == 403


def test_somebody_of_one_business_does_neither(client_of, make_member, business, person, url):
    from core.permissions import Role

    browser = client_of(make_member("kim@example.com", Role.MANAGER, business=business))
    assert browser.get(url).status_code == 403
    assert browser.post(f"{url}erase/", {"sure": "on"}).status_code == 403
    person.refresh_from_db()
    assert person.state == "active"


def test_the_other_programme_knows_nobody(client_of, outsider, other_programme, url):
    browser = client_of(outsider, on=other_programme)
    assert browser.get(url).status_code == 404
    assert browser.post(f"{url}erase/", {"sure": "on"}).status_code == 404


@pytest.mark.parametrize("path", ["export/", "erase/"])
def test_wrong_methods(path, client_of, owner, url):
    assert client_of(owner).get(f"{url}{path}").status_code == 405

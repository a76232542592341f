"""Export and erasure by API: scopes, programmes, repetition."""

import io
import json
import zipfile

import pytest
from django.utils import timezone

from customers.actions.customers import create_customer
from customers.models import Customer
from workspace.actions.jobs import run_job
from workspace.models import Job


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def person(programme, actor):
    values = {"first_name": "Priya", "phone": "07700 900142"}
    return create_customer(values=values, source="staff", region="GB", actor=actor, now=timezone.now())


def test_export_gives_a_job_and_then_a_file(person, api):
    client = api("customers:export")
    started = client.post(f"/api/v1/customers/{person.code}/export")
    assert started.status_code == 202
    file_url = f"/api/v1/customers/{person.code}/exports/{started.json()['id']}"
    assert client.get(file_url).status_code == 404  # not made yet
    run_job(Job.objects.get().pk)
    response = client.get(file_url)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/zip")
    assert response.headers["Cache-Control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert json.loads(archive.read("data.json"))["profile"][0]["first_name"] == "Priya"


def test_erase_answers_what_was_left_and_the_person_is_gone(person, api):
    client = api("customers:erase", "customers:read")
    response = client.post(f"/api/v1/customers/{person.code}/erase")
    assert (response.status_code, response.json()) == (200, {"id": person.code, "points": 0, "debt": 0})
    assert Customer.objects.get().state == "erased"
    assert client.get(f"/api/v1/customers/{person.code}").status_code == 404
    assert client.post(f"/api/v1/customers/{person.code}/erase").status_code == 404


@pytest.mark.parametrize("act", ["erase", "export"])
def test_another_scope_is_refused(act, person, api):
    response = api("customers:read", "customers:write").post(f"/api/v1/customers/{person.code}/{act}")
    assert response.status_code == 403
    assert Customer.objects.get().state == "active"


@pytest.mark.parametrize("act", ["erase", "export"])
def test_a_key_of_one_business_may_not(act, person, api, business):
    client = api("customers:erase", "customers:export", business=business)
    assert client.post(f"/api/v1/customers/{person.code}/{act}").status_code in (403, 404)
    assert Customer.objects.get().state == "active"


@pytest.mark.parametrize("act", ["erase", "export"])
def test_somebody_unknown(act, programme, api):
    client = api("customers:erase", "customers:export")
    assert client.post(f"/api/v1/customers/23456789abcd/{act}").status_code == 404

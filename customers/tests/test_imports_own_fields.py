"""Columns that become the programme's own fields of customers."""

import pytest
from django.test import Client

from customers.models import AttributeDefinition, Customer, ImportRun
from customers.tests.imports_fixtures import import_csv
from customers.tests.test_imports_run import errors_of
from customers.tests.test_imports_undo import state, undo
from customers.tests.test_views_imports import form_of, upload
from workspace.actions.jobs import run_job
from workspace.models import Job

PEOPLE = b"""\
Email,Shoe size,newsletter since,VIP
ann@example.com,38,05.01.2026,yes
bob@example.com,,,
cy@example.com,big,,no
"""


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def _fields(programme):
    kinds = AttributeDefinition.Kind
    for position, (key, label, kind) in enumerate(
        [
            ("shoe_size", "Shoe size", kinds.NUMBER),
            ("note", "Newsletter since", kinds.TEXT),
            ("vip", "VIP", kinds.YES_NO),
        ]
    ):
        AttributeDefinition.objects.create(key=key, label=label, kind=kind, position=position)


def test_columns_called_as_a_field_are_it_typed_as_it_says(business):
    run = import_csv(PEOPLE, business)
    assert run.mapping == {"email": 0, "attribute:shoe_size": 1, "attribute:note": 2, "attribute:vip": 3}
    assert run.problems == {"attribute": 1}
    assert [row["Email"] for row in errors_of(run)] == ["cy@example.com"]
    ann, bob = Customer.objects.order_by("email")
    assert ann.attributes == {"shoe_size": 38, "note": "05.01.2026", "vip": True}
    assert bob.attributes == {}


def test_keys_of_the_file_are_merged_and_come_back_when_undone(business):
    import_csv(PEOPLE, business)
    Customer.objects.filter(email="ann@example.com").update(attributes={"shoe_size": 37, "other": "x"})
    before = state()
    run = import_csv(b'Email,Shoe size,VIP\nann@example.com,39,\nbob@example.com,,"no"\n', business)
    assert run.counts["customers_updated"] == 2
    ann, bob = Customer.objects.order_by("email")
    assert (ann.attributes, bob.attributes) == ({"shoe_size": 39, "other": "x"}, {"vip": False})
    undo(run)
    assert state() == before


def test_on_the_page_and_by_api(client_of, owner, make_key, business):
    client = client_of(owner)
    upload(client, business, b"Email,Size\nann@example.com,38\n", name="people.csv")
    run = ImportRun.objects.get()
    client.post(f"/customers/imports/{run.code}/start/", form_of(client, run, **{"attribute:shoe_size": "1"}))
    api = Client(headers={"host": "harbour.localhost", "x-api-key": make_key("write").secret})
    rows = [{"email": "bob@example.com", "attribute:vip": True, "attribute:note": 'say "hi"\\\t'}]
    sent = api.post("/api/v1/imports/", {"kind": "customers", "rows": rows}, content_type="application/json")
    assert sent.status_code == 202, sent.text
    for job in Job.objects.unfinished():
        run_job(job.pk)
    ann, bob = Customer.objects.order_by("email")
    assert (ann.attributes, bob.attributes) == ({"shoe_size": 38}, {"vip": True, "note": 'say "hi"\\'})
    unknown = {"kind": "customers", "rows": [{"email": "a@b.co", "attribute:none": 1}]}
    assert api.post("/api/v1/imports/", unknown, content_type="application/json").status_code == 422

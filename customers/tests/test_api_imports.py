"""`POST imports/`, `GET imports/{id}`."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.actor import SYSTEM
from customers.models import Customer, ImportRun, Order
from customers.tests.imports_fixtures import csv_of
from workspace.actions.jobs import request_cancel, run_job
from workspace.models import Job

URL = "/api/v1/imports/"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def api(make_key):
    return Client(headers={"host": "harbour.localhost", "x-api-key": make_key("write").secret})


def send(api, **body):
    return api.post(URL, body, content_type="application/json")


def finish():
    for job in Job.objects.unfinished():
        run_job(job.pk)


def test_rows_are_imported_and_followed(api, business):
    answer = send(api, kind="customers", rows=[{"phone": "07700 900123", "first_name": "Ann"}, {"phone": "12"}])
    assert answer.status_code == 202, answer.text
    assert answer["Location"] == f"{URL}{answer.json()['id']}"
    finish()
    state = api.get(answer["Location"]).json()
    assert (state["phase"], state["state"], state["rows_failed"]) == ("done", "done", 1)
    assert state["problems"] == {"phone": 1}
    assert state["counts"]["customers_created"] == 1
    assert Customer.objects.get().phone == "+447700900123"


def test_the_rows_that_were_refused_are_a_file(make_key, api, business):
    rows = [{"phone": "07700 900123", "first_name": "Ann"}, {"phone": "12", "first_name": "=Bob"}]
    where = send(api, kind="customers", rows=rows)["Location"]
    assert api.get(f"{where}/errors").status_code == 404
    finish()
    answer = api.get(f"{where}/errors")
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "text/csv",
        "private, no-store",
    )
    assert answer["Content-Disposition"] == 'attachment; filename="rows-not-imported.csv"'
    refused = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [(row["Line"], row["phone"], row["first_name"]) for row in refused] == [("3", "12", "'=Bob")]
    reader = Client(headers={"host": "harbour.localhost", "x-api-key": make_key("read").secret})
    assert reader.get(f"{where}/errors").status_code == 403
    fine = send(api, kind="customers", rows=rows[:1])["Location"]
    finish()
    assert api.get(f"{fine}/errors").status_code == 404


def test_a_file_is_imported_once(api, business):
    content = csv_of("1,A,x,2,2026-01-05,2.50,7,UK")
    first, second = (
        api.post(URL, {"file": SimpleUploadedFile("sales.csv", content), "date_order": "ymd"}) for _time in range(2)
    )
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    finish()
    assert Order.objects.count() == ImportRun.objects.count() == 1


def test_a_stopped_import_goes_on_when_it_is_sent_again(api, business, now):
    content = csv_of("1,A,x,2,2026-01-05,2.50,7,UK")

    def post():
        return api.post(URL, {"file": SimpleUploadedFile("sales.csv", content), "date_order": "ymd"})

    first = post()
    request_cancel(job=Job.objects.get(), actor=SYSTEM, now=now)
    again = post()
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (202, first.json()["id"], "queued")
    assert again["Location"] == first["Location"]
    finish()
    assert post().json()["phase"] == "done"
    assert Order.objects.count() == ImportRun.objects.count() == 1


def test_a_mapping_by_the_names_of_the_columns(api, business):
    content = csv_of("1,A,2,2026-01-05,2.50", header="Beleg,Artikel,Menge,Tag,Preis")
    mapping = (
        '{"order_reference": "Beleg", "sku": "Artikel", "quantity": "Menge", "placed_at": "Tag", "unit_price": "Preis"}'
    )
    file = SimpleUploadedFile("sales.csv", content)
    answer = api.post(URL, {"file": file, "kind": "lines", "mapping": mapping})
    assert answer.status_code == 202, answer.text
    finish()
    assert Order.objects.get().reference == "1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "file"),
        ({"rows": [{"phone": "1"}]}, "kind"),
        ({"kind": "customers", "rows": []}, "rows"),
        ({"kind": "customers", "rows": [{"colour": "red"}]}, "rows"),
        ({"kind": "customers", "rows": [{"first_name": "Ann"}]}, "customer_external_id"),
        ({"kind": "lines", "rows": [{"order_reference": "1"}]}, "placed_at"),
        ({"kind": "pets", "rows": [{"phone": "1"}]}, "kind"),
        ({"kind": "customers", "rows": [{"phone": "1"}], "colour": "red"}, "colour"),
        ({"kind": "orders", "rows": [{"order_reference": "1"}], "earn_points": True}, "earn_points"),
        ({"kind": "customers", "rows": [{"phone": "1"}], "business_id": "nothere1"}, "business_id"),
    ],
)
def test_what_cannot_be_imported_is_refused_and_nothing_kept(api, business, body, field):
    answer = send(api, **body)
    assert answer.status_code == 422, answer.text
    assert [error["field"].split(".")[0] for error in answer.json()["errors"]] == [field]
    assert not ImportRun.objects.exists()


def test_a_broken_file_has_its_code(api, business):
    answer = api.post(URL, {"file": SimpleUploadedFile("sales.csv", b'a,b\n1,"2\n')})
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_file")


CUT_OFF = b'--x\r\nContent-Disposition: form-data; name="file"; filename="sales.csv"\r\n\r\nInvoice,Sto'


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (CUT_OFF, "multipart/form-data; boundary=x", 422, "invalid"),
        (b"nothing of a form", "multipart/form-data; boundary=x", 422, "invalid"),
        (CUT_OFF, "multipart/form-data", 400, "malformed"),
        (b"a,b\n1,2\n", "text/csv", 415, "unsupported_media_type"),
        (b"\xff\xfe", "application/json", 400, "malformed"),
        (b"[1]", "application/json", 422, "invalid"),
    ],
)
def test_an_upload_cut_off_or_of_another_type_has_its_code(api, business, body, content_type, status, code):
    answer = api.post(URL, body, content_type=content_type)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["code"] == code, answer.text
    assert not ImportRun.objects.exists()


def test_several_businesses_need_a_choice(api, business, other_business):
    rows = [{"phone": "07700 900123"}]
    assert send(api, kind="customers", rows=rows).json()["errors"][0]["field"] == "business_id"
    assert send(api, kind="customers", rows=rows, business_id=other_business.code).status_code == 202


def test_scope_and_programme(make_key, api, business, other_programme):
    reader = Client(headers={"host": "harbour.localhost", "x-api-key": make_key("read").secret})
    answer = send(api, kind="customers", rows=[{"phone": "07700 900123"}])
    assert send(reader, kind="customers", rows=[{"phone": "1"}]).status_code == 403
    assert reader.get(f"{URL}{answer.json()['id']}").status_code == 403
    assert api.get(f"{URL}aaaaaaaaaaaa").status_code == 404
    foreign = api.get(f"{URL}{answer.json()['id']}", headers={"host": "meadow.localhost"})
    assert foreign.status_code == 401

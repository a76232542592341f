"""The pages of imports: upload, columns, trial, start, result, errors."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.actor import SYSTEM
from customers.actions.stock import create_location
from customers.imports.samples import SAMPLES
from customers.models import Customer, ImportRun, Order, Product
from customers.tests.imports_fixtures import csv_of, import_csv, receive
from customers.tests.sheets import workbook
from workspace.actions.jobs import run_job
from workspace.models import Job

SALES = csv_of("1,A,x,2,2026-01-05 10:00,2.50,7,UK", "2,A,x,two,2026-01-05 10:00,2.50,8,UK")


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def client(client_of, owner):
    return client_of(owner)


def upload(client, business, content=SALES, name="sales.csv"):
    data = {"business": business.pk, "file": SimpleUploadedFile(name, content)}
    return client.post(reverse("customers:import-upload"), data)


def form_of(client, run, **changes):
    page = client.get(reverse("customers:import", args=[run.code]))
    form = page.context["form"]
    return {"kind": form.kind, **{name: form[name].initial or "" for name in form.fields}, **changes}


def finish():
    for job in Job.objects.unfinished():
        run_job(job.pk)


def test_from_upload_to_result(client, business):
    response = upload(client, business)
    run = ImportRun.objects.get()
    assert (response.status_code, response.url) == (303, reverse("customers:import", args=[run.code]))
    page = client.get(response.url)
    assert page.status_code == 200
    assert "sales.csv" in page.text
    assert page.context["preview"][0][0] == "1"

    started = client.post(reverse("customers:import-start", args=[run.code]), form_of(client, run))
    assert started.status_code == 303
    assert "import-job" in client.get(response.url).text
    finish()
    result = client.get(response.url).text
    assert Order.objects.get().reference == "1"
    assert "1 row needs a look" in result
    errors = client.get(reverse("customers:import-errors", args=[run.code]))
    assert errors["Content-Disposition"] == 'attachment; filename="sales-not-imported.csv"'
    assert b"A number cannot be read." in b"".join(errors.streaming_content)
    assert client.get(reverse("customers:imports")).status_code == 200


def test_a_trial_writes_nothing_and_can_be_made_real(client, business):
    upload(client, business)
    trial = ImportRun.objects.get()
    client.post(reverse("customers:import-try", args=[trial.code]), form_of(client, trial))
    finish()
    assert not Customer.objects.exists()
    assert "What the import would do" in client.get(reverse("customers:import", args=[trial.code])).text
    response = client.post(reverse("customers:import-start", args=[trial.code]))
    finish()
    assert response.url != reverse("customers:import", args=[trial.code])
    assert Order.objects.count() == 1


def test_the_same_file_again_is_refused_with_a_word(client, business):
    for _time in range(2):
        upload(client, business)
        run = ImportRun.objects.newest_first().first()
        response = client.post(reverse("customers:import-start", args=[run.code]), form_of(client, run))
        finish()
    assert response.status_code == 422
    assert "imported before" in response.text
    assert Order.objects.count() == 1


def test_the_same_file_again_leads_to_the_import_that_was_stopped(client, business):
    upload(client, business)
    first = ImportRun.objects.get()
    client.post(reverse("customers:import-start", args=[first.code]), form_of(client, first))
    client.post(reverse("customers:import-stop", args=[first.code]))
    upload(client, business)
    run = ImportRun.objects.newest_first().first()
    response = client.post(reverse("customers:import-start", args=[run.code]), form_of(client, run))
    assert (response.status_code, response.url) == (303, reverse("customers:import", args=[first.code]))
    assert ImportRun.objects.get() == first
    assert "Go on" in client.get(response.url).text


def test_a_trial_is_made_real_once(client, business):
    upload(client, business)
    trial = ImportRun.objects.get()
    client.post(reverse("customers:import-try", args=[trial.code]), form_of(client, trial))
    finish()
    answers = [client.post(reverse("customers:import-start", args=[trial.code])) for _press in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].url == answers[1].url
    assert ImportRun.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04", "Excel file is broken"),
        (b"a,b\n1,\x00\n", "not a text file"),
        (b'a,b\n1,"2\n', "never closed"),
        (b"a,b\n", "no rows"),
    ],
)
def test_what_is_no_csv_file_is_refused_beside_the_field(client, business, content, says):
    response = upload(client, business, content)
    assert response.status_code == 422
    assert says in response.text
    assert not ImportRun.objects.exists()


def test_a_file_too_large_is_refused(client, business, monkeypatch):
    monkeypatch.setattr("customers.actions.imports.MAX_FILE_BYTES", 10)
    response = upload(client, business)
    assert response.status_code == 422
    assert "too large" in response.text


def test_a_missing_required_column_is_named(client, business):
    upload(client, business)
    run = ImportRun.objects.get()
    response = client.post(reverse("customers:import-start", args=[run.code]), form_of(client, run, sku=""))
    assert response.status_code == 422
    assert "sku" in response.context["form"].errors
    again = client.post(reverse("customers:import-start", args=[run.code]), form_of(client, run, sku="0"))
    assert again.status_code == 422
    assert not Job.objects.exists()


def test_customers_need_a_column_that_tells_who_they_are(client, business):
    upload(client, business, b"First name,City\nAnn,York\n")
    run = ImportRun.objects.get()
    response = client.post(reverse("customers:import-start", args=[run.code]), form_of(client, run))
    assert response.status_code == 422
    assert "customer number, e-mail or phone" in response.text


def test_a_waiting_import_is_stopped_and_goes_on(client, business):
    upload(client, business)
    run = ImportRun.objects.get()
    client.post(reverse("customers:import-start", args=[run.code]), form_of(client, run))
    client.post(reverse("customers:import-stop", args=[run.code]))
    assert Job.objects.get().state == Job.State.CANCELLED
    assert "Go on" in client.get(reverse("customers:import", args=[run.code])).text
    client.post(reverse("customers:import-start", args=[run.code]))
    finish()
    assert Order.objects.count() == 1


def test_progress_is_the_part_that_htmx_asks_for(client, business):
    run = import_csv(SALES, business)
    here = reverse("customers:import", args=[run.code])
    part = client.get(here, headers={"HX-Request": "true", "HX-Target": "import-status"})
    assert part.text.lstrip().startswith('<div id="import-status"')


@pytest.mark.parametrize("name", ["customers:import", "customers:import-errors"])
def test_another_programme_has_no_such_import(client_of, outsider, other_programme, business, name):
    run = import_csv(SALES, business)
    assert client_of(outsider, on=other_programme).get(reverse(name, args=[run.code])).status_code == 404


def test_roles(client_of, marketer, analyst, cashier, business):
    run = receive(SALES, business)
    here = reverse("customers:import", args=[run.code])
    assert [client_of(user).get(here).status_code for user in (marketer, analyst, cashier)] == [200, 403, 403]
    assert client_of(None).get(here).status_code == 302
    assert client_of(marketer).get(reverse("customers:import-start", args=[run.code])).status_code == 405
    assert client_of(marketer).get(reverse("customers:import", args=["aaaaaaaaaaaa"])).status_code == 404


def test_people_of_one_business_see_its_imports_only(client_of, make_member, business, other_business):
    from core.permissions import Role

    theirs = receive(SALES, other_business)
    marketer = make_member("kim@example.com", Role.MARKETER, business=business)
    client = client_of(marketer)
    assert client.get(reverse("customers:import", args=[theirs.code])).status_code == 404
    assert upload(client, other_business).status_code == 422
    assert upload(client, business).status_code == 303


def test_another_sheet_or_separator_is_chosen_on_the_page(client, business):
    upload(client, business, workbook({"Notes": [["a"], ["b"]], "People": [["Email"], ["a@b.co"]]}), name="people.csv")
    run = ImportRun.objects.get()
    here, read = (reverse(f"customers:{name}", args=[run.code]) for name in ("import", "import-read"))
    page = client.get(here)
    assert "it is an Excel file" in page.text
    assert client.post(read, {"sheet": "People"}).status_code == 303
    assert client.get(here).context["form"]["email"].initial == "0"
    assert client.post(read, {"sheet": "None such"}).status_code == 422
    assert ImportRun.objects.get().sheet == "People"

    upload(client, business, b"Email;Phone\na@b.co;1\n")
    run = ImportRun.objects.newest_first().first()
    read = reverse("customers:import-read", args=[run.code])
    assert run.header == ["Email", "Phone"]
    assert client.post(read, {"encoding": "utf-16-le", "delimiter": ","}).status_code == 422
    assert client.post(read, {"encoding": "cp1250", "delimiter": ","}).status_code == 303
    run.refresh_from_db()
    assert (run.encoding, run.header) == ("cp1250", ["Email;Phone"])


def test_what_the_first_rows_become_is_shown_before_anything_is_written(client, business):
    upload(client, business, SALES + b"C3,A,x,-1,2026-01-06 10:00,2.50,7,UK\n4,A,x,1,2026-01-06 10:00,0,7,UK\n")
    run = ImportRun.objects.get()
    page = client.get(reverse("customers:import", args=[run.code]))
    shown = [(row.line, str(row.text), row.problem) for row in page.context["becomes"]]
    assert shown == [
        (2, "A line of an order", ""), (3, "A number cannot be read.", "number"), (4, "A line of a refund", ""),
        (5, "Left out: nothing was paid", ""),
    ]  # fmt: skip
    price = [str(label) for label in page.context["fields"]].index("Unit price")
    assert page.context["becomes"][0].values[price] == "2.5"
    customers = client.get(reverse("customers:import", args=[run.code]), {"kind": "customers"})
    assert str(customers.context["becomes"][0].text) == "A customer"


def test_the_next_file_with_the_same_columns_is_one_click(client, business):
    header = "Beleg,Artikel,Stk,Tag,Preis"
    upload(client, business, csv_of("1,A,2,05.01.2026,2.50", header=header))
    first = ImportRun.objects.get()
    chosen = {"order_reference": "0", "sku": "1", "quantity": "2", "placed_at": "3", "unit_price": "4"}
    choice = {"kind": "lines", "date_order": "dmy", "refund_prefix": "S", **chosen}
    assert client.post(reverse("customers:import-start", args=[first.code]), choice).status_code == 303
    upload(client, business, csv_of("2,A,2,06.01.2026,2.50", header=header), name="february.csv")
    second = ImportRun.objects.newest_first().first()
    page = client.get(reverse("customers:import", args=[second.code]))
    assert "as in your import of" in page.text
    assert (second.kind, second.mapping, second.options["refund_prefix"]) == (
        "lines", {name: int(at) for name, at in chosen.items()}, "S",
    )  # fmt: skip
    assert (
        client.post(reverse("customers:import-start", args=[second.code]), form_of(client, second)).status_code == 303
    )
    finish()
    assert Order.objects.count() == 2


@pytest.mark.parametrize("kind", ["customers", "orders", "lines", "products", "stock"])
def test_a_file_to_fill_in_can_be_imported_as_it_is(client, business, now, kind):
    page = client.get(reverse("customers:imports"))
    here = f"{reverse('customers:import-sample')}?kind={kind}"
    assert here in page.text
    answer = client.get(here)
    assert answer["Content-Disposition"] == f'attachment; filename="{kind}-sample.csv"'
    if kind == "stock":
        create_location(business_id=business.pk, name="Shop", actor=SYSTEM, now=now)
        import_csv(SAMPLES["products"], business)
    run = import_csv(answer.content, business)
    assert (run.kind, run.rows_failed, run.rows_skipped) == (kind, 0, 0)
    assert set(run.mapping.values()) == set(range(len(run.header)))
    assert client.get(reverse("customers:import-sample"), {"kind": "people"}).status_code == 404


def test_stock_by_page_shows_its_figures_and_how_it_is_undone(client, business, now):
    create_location(business_id=business.pk, name="Shop", actor=SYSTEM, now=now)
    Product.objects.create(sku="M", title="Mug")
    upload(client, business, b"SKU,Place,On hand\nM,Shop,5\nX,Shop,1\n", name="stock.csv")
    run = ImportRun.objects.get()
    here = reverse("customers:import", args=[run.code])
    shown = client.get(here)
    assert [str(row.text) for row in shown.context["becomes"]] == ["A count of a product"] * 2
    assert "date_order" not in shown.context["form"].fields
    client.post(reverse("customers:import-start", args=[run.code]), form_of(client, run))
    finish()
    done = client.get(here)
    assert [(str(label), number) for label, number in done.context["figures"]] == [
        ("Products counted", 1), ("Newly tracked", 1),
    ]  # fmt: skip
    assert "There is no product with this stock code" in done.text
    assert [(str(title), int(rows[0][1])) for title, rows in done.context["rehearsed"]] == [("Goes", 1)]
    assert "the opposite is moved" in done.text
    assert done.context["opens"] == ("Open stock", reverse("stock:list"))


def test_the_list_has_pages_and_asks_as_much_for_many_as_for_few(client, business):
    first = receive(SALES, business)
    here = reverse("customers:imports")
    client.get(here)
    with CaptureQueriesContext(connection) as few:
        client.get(here)
    for number in range(30):
        ImportRun.objects.create(
            kind="lines", business=business, file_name=f"{number}.csv", path="", digest="", delimiter=","
        )
    with CaptureQueriesContext(connection) as many:
        page = client.get(here)
    assert len(many) == len(few)
    assert len(page.context["rows"].rows) == 25
    older = client.get(here + page.context["links"]["next_url"])
    assert older.context["rows"].rows[-1] == first

"""The pages of databases: adding, checking, reading by hand and by themselves, pausing, removing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.errors import InvalidInput
from core.secrets import decrypt
from customers.actions import databases as actions
from customers.databases import sync as sync_module
from customers.databases.errors import AddressProblem, SourceProblem
from customers.databases.sync import marks_of
from customers.models import Customer, DatabaseSync, Order, SyncRun
from customers.tests.databases_fixtures import FILLED, MAPPING, PASSWORD, TABLES
from programs.models import DueWork
from workspace.actions.jobs import run_job
from workspace.jobs import DUE_WORK
from workspace.models import AuditEntry, Job

SILENT = "mysql://reader@127.0.0.1:1/shop?sslmode=disable"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def client(client_of, owner):
    return client_of(owner)


@pytest.fixture
def add(business, now):
    """add(url=…) → a database as the page keeps it."""

    def add(url=SILENT, *, name="shop", password=PASSWORD, mapping=MAPPING, at=business, **intervals):
        return actions.add_database(
            business=at, name=name, url=url, password=password, mapping=mapping, actor=SYSTEM, now=now, **intervals
        )

    return add


def form(business, **changes):
    told = {"business": business.pk, "name": "Web shop", "url": SILENT, "password": PASSWORD, "mapping": MAPPING}
    return {**told, "sales_every": 60, "people_every": 1440, **changes}


def at(name, sync):
    return reverse(f"customers:{name}", args=[sync.code])


def run_jobs():
    for job in Job.objects.unfinished():
        run_job(job.pk)


def test_a_database_is_added_with_its_password_encrypted(client, business):
    answer = client.post(reverse("customers:database-add"), form(business))
    sync = DatabaseSync.objects.get()
    assert (answer.status_code, answer.url) == (303, at("database", sync))
    assert sync.address == "mysql://reader@127.0.0.1:1/shop?sslmode=disable"
    assert PASSWORD not in sync.sealed
    assert PASSWORD in decrypt(sync.sealed)
    assert not any(PASSWORD in str(entry.data) for entry in AuditEntry.objects.all())
    shown = client.get(at("database", sync)).text + client.get(at("database-change", sync)).text
    assert "Not read yet" in shown
    assert "s3cret" not in shown
    assert "Web shop" in client.get(reverse("customers:databases")).text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mapping": "[orders]"}, "[orders] needs either table or query."),
        ({"mapping": MAPPING.replace("[source]", "[source]\nurl = 'x'")}, "Leave out [source] url"),
        ({"url": "sqlite:////etc/shop.db"}, "A file on the server is read by the command import_database only."),
        ({"url": "ftp://db.example.com/x"}, "Write the address as postgresql://"),
        ({"sales_every": 1}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_read_is_not_kept(client, business, changes, message):
    answer = client.post(reverse("customers:database-add"), form(business, **changes))
    assert answer.status_code == 422
    assert message in answer.text
    assert not DatabaseSync.objects.exists()


def test_a_name_is_taken_once_in_a_business(add, other_business):
    add()
    add(at=other_business)
    with pytest.raises(InvalidInput):
        add()
    assert DatabaseSync.objects.count() == 2


@pytest.mark.parametrize("host", ["10.0.0.5", "169.254.169.254", "[::ffff:10.0.0.5]", "0x7f.1"])
def test_an_address_inside_is_never_called(add, settings, host):
    settings.WEBHOOKS_TO_THIS_MACHINE = False
    url = f"postgresql://reader@{host}/shop"
    try:
        sync = add(url)
    except AddressProblem:
        return
    with pytest.raises(SourceProblem) as refused:
        actions.check_database(mapping=MAPPING, address=actions.address_of(sync))
    assert "is not on the internet" in str(refused.value.message)


def test_a_failed_check_says_why(client, add):
    answer = client.post(at("database-check", add()))
    assert answer.status_code == 422
    assert "The check failed" in answer.text
    assert "s3cret" not in answer.text


def test_a_failed_reading_is_told_and_the_next_one_starts(client, add):
    sync = add()
    client.post(at("database-read", sync))
    client.post(at("database-read", sync))
    assert SyncRun.objects.count() == 1
    run_jobs()
    page = client.get(at("database", sync)).text
    assert "127.0.0.1:1/shop" in SyncRun.objects.get().error
    assert "s3cret" not in page + SyncRun.objects.get().error + Job.objects.get().error
    client.post(at("database-read", sync))
    assert SyncRun.objects.count() == 2


def test_a_reading_that_was_stopped_goes_on_unless_the_address_changed(client, add, client_of, cashier):
    sync = add()
    client.post(at("database-read", sync))
    assert client_of(cashier).post(at("database-stop", sync)).status_code == 403
    part = client.post(at("database-stop", sync), headers={"HX-Request": "true", "HX-Target": "database-job"})
    assert (part.headers["HX-Retarget"], Job.objects.get().state) == ("#database-runs", "cancelled")
    assert "The last reading was stopped" in part.text
    client.post(at("database-read", sync), {"sections": SyncRun.objects.get().sections})
    assert (SyncRun.objects.count(), Job.objects.count()) == (1, 2)
    client.post(at("database-stop", sync))
    told = {"url": sync.address.replace("shop", "other"), "mapping": MAPPING, "sales_every": 60, "people_every": 360}
    client.post(at("database-change", sync), told)
    client.post(at("database-read", sync))
    first, second = SyncRun.objects.order_by("pk")
    assert (first.error, bool(first.finished_at)) == ("Stopped. The address was changed since.", True)
    assert second.job.state == "queued"


def test_what_is_due_is_read_by_itself(add, now):
    sync = add(sales_every=60, people_every=1440)
    read = DUE_WORK[actions.SYNCS]
    assert read(now) == now + timedelta(hours=1)
    assert SyncRun.objects.get().sections == ["customers", "orders", "lines", "refunds"]
    run_jobs()
    assert read(now + timedelta(minutes=59)) == now + timedelta(hours=1)
    assert SyncRun.objects.count() == 1
    assert read(now + timedelta(hours=1)) == now + timedelta(hours=2)
    assert SyncRun.objects.latest("pk").sections == ["orders", "lines", "refunds"]
    actions.pause_database(sync=sync, is_paused=True, actor=SYSTEM, now=now)
    assert read(now + timedelta(days=3)) is None
    assert SyncRun.objects.count() == 2
    assert DueWork.objects.filter(kind=actions.SYNCS).exists()


def test_changing_keeps_the_password_for_the_same_account_only(client, add, business):
    sync = add()
    told = {"url": sync.address, "password": "", "mapping": MAPPING, "sales_every": 15, "people_every": 360}
    assert client.post(at("database-change", sync), told).status_code == 303
    sync.refresh_from_db()
    assert (actions.address_of(sync).password, sync.sales_every) == (PASSWORD, 15)
    client.post(at("database-change", sync), {**told, "url": "mysql://reader@db.example.com/shop"})
    sync.refresh_from_db()
    assert actions.address_of(sync).password == ""
    assert client.post(at("database-change", sync), {**told, "mapping": "x"}).status_code == 422


def test_removing_keeps_what_was_read(client, add):
    sync = add()
    Customer.objects.create(first_name="Ana")
    assert client.post(at("database-remove", sync)).status_code == 303
    assert not DatabaseSync.objects.exists()
    assert Customer.objects.exists()


def test_other_businesses_roles_and_methods(client_of, make_member, cashier, add, business, other_business):
    sync = add()
    elsewhere = client_of(make_member("mill@example.com", "manager", business=other_business))
    assert elsewhere.get(at("database", sync)).status_code == 404
    assert elsewhere.post(at("database-read", sync)).status_code == 404
    assert elsewhere.get(reverse("customers:databases")).context["rows"].rows == []
    assert client_of(cashier).get(reverse("customers:databases")).status_code == 403
    assert client_of(cashier).post(at("database-remove", sync)).status_code == 403
    own = client_of(make_member("own@example.com", "manager", business=business))
    assert own.get(at("database", sync)).status_code == 200
    assert elsewhere.get(at("database-read", sync)).status_code in (404, 405)
    assert not SyncRun.objects.exists()


def test_a_row_of_another_programme_opens_nothing(add, other_programme):
    sync = add()
    with tenant_context(other_programme), pytest.raises(SourceProblem):
        actions.address_of(sync)


def test_a_section_that_was_changed_is_read_from_the_beginning(add):
    sync = add()
    mapping = actions.read_mapping(MAPPING)
    sync.marks = {"orders": {"of": mapping.digest("orders"), "at": {"own": 5}}}
    assert marks_of(sync, mapping, "orders") == {"own": 5}
    assert marks_of(sync, actions.read_mapping(MAPPING.replace('"total"', '"sum"')), "orders") == {}


def test_from_the_page_to_orders_with_a_stop_between(client, mysql_shop, business, monkeypatch):
    write = sync_module._write

    def stopping(run, name, *args, **more):
        if name == "orders" and Job.objects.filter(kind=actions.JOB_KIND).count() == 1:
            client.post(at("database-stop", run.sync))
        write(run, name, *args, **more)

    monkeypatch.setattr(sync_module, "_write", stopping)
    monkeypatch.setattr("workspace.actions.jobs.REPORT_SECONDS", 0)
    mysql_shop.run(TABLES)
    mysql_shop.run(FILLED)
    url = mysql_shop.url.replace("s3cret%3A%2F%40word", "").replace(":@", "@") + "?sslmode=disable"
    assert client.post(reverse("customers:database-add"), form(business, url=url)).status_code == 303
    sync = DatabaseSync.objects.get()
    checked = client.post(at("database-check", sync)).text
    assert "ana@example.com" in checked
    client.post(at("database-read", sync))
    assert "database-job" in client.get(at("database", sync)).text
    run_jobs()
    stopped = SyncRun.objects.get()
    assert (stopped.job.state, list(stopped.counts), stopped.finished_at) == ("cancelled", ["customers"], None)
    assert not Order.objects.exists()
    client.post(at("database-read", sync))
    run_jobs()
    assert SyncRun.objects.get().finished_at
    page = client.get(at("database", sync)).text
    assert set(Order.objects.values_list("reference", flat=True)) == {"A-1", "A-4"}
    assert "database-job" not in page
    assert client.get(reverse("customers:imports")).context["rows"].rows == []

"""`database-syncs/` and its runs."""

import pytest
from django.test import Client

from customers.models import DatabaseSync, SyncRun
from customers.tests.databases_fixtures import MAPPING, PASSWORD

URL = "/api/v1/database-syncs/"


@pytest.fixture
def api(make_key):
    return Client(headers={"host": "harbour.localhost", "x-api-key": make_key("write").secret})


def send(api, path, **body):
    return api.post(path, body, content_type="application/json")


def test_a_database_is_added_listed_and_read(api, business):
    told = {"business_id": business.code, "name": "shop", "mapping": MAPPING, "password": PASSWORD}
    made = send(api, URL, url="mysql://reader@db.example.com/shop", **told)
    assert made.status_code == 201, made.text
    assert "s3cret" not in made.text + api.get(URL).text
    assert [one["id"] for one in api.get(URL).json()["data"]] == [made.json()["id"]]
    runs = f"{URL}{made.json()['id']}/runs/"
    first, second = send(api, runs, sections=["orders"]), send(api, runs)
    assert (first.status_code, first.json()["sections"]) == (202, ["orders"])
    assert first.json()["id"] == second.json()["id"]
    assert len(api.get(runs).json()["data"]) == 1


def test_what_cannot_be_read_is_refused_and_keys_of_another_business_see_nothing(
    api, business, other_business, make_key
):
    told = {"business_id": business.code, "name": "shop", "mapping": MAPPING}
    for changes in ({"url": "sqlite:////etc/x.db"}, {"url": "mysql://db.example.com/shop", "mapping": "[x]"}):
        assert send(api, URL, **{**told, **changes}).status_code == 422
    assert not DatabaseSync.objects.exists()
    code = send(api, URL, url="mysql://db.example.com/shop", **told).json()["id"]
    key = make_key("write", business=other_business).secret
    other = Client(headers={"host": "harbour.localhost", "x-api-key": key})
    assert other.get(URL).json()["data"] == []
    assert send(other, f"{URL}{code}/runs/").status_code == 404
    assert not SyncRun.objects.exists()

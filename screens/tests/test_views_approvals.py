"""Points by hand that need a second person, as two people click through them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.utils import timezone

from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.balances import balance_of
from loyalty.models import AdjustmentRequest
from screens.tests.test_views_programme import earn


@pytest.fixture
def limited(actor, customer, business):
    settings = PointSettings(point_value=Decimal("0.01"), approval_above=100)
    change_point_settings(settings=settings, actor=actor, now=timezone.now())
    earn(customer, business, actor)
    return customer


def ask(browser, customer, number):
    path = f"/loyalty/customers/{customer.code}/adjust/"
    key = re.search(r'name="key" value="([^"]+)"', browser.get(path).content.decode())[1]
    return browser.post(path, {"points": number, "reason": "A broken cup", "key": key}, follow=True)


def test_one_asks_and_another_approves(client_of, owner, manager, limited):
    answer = ask(client_of(manager), limited, "500")
    assert "somebody else approves" in answer.content.decode()
    assert balance_of(limited.pk, now=timezone.now()).points == 12
    own = client_of(manager).get("/loyalty/approvals/").content.decode()
    assert "Somebody else decides" in own
    assert "A broken cup" in own
    assert "/approve/" not in own
    request = AdjustmentRequest.objects.get()
    for _click in range(2):
        page = client_of(owner).post(f"/loyalty/approvals/{request.code}/approve/", follow=True)
    assert "approved by" in page.content.decode()
    assert balance_of(limited.pk, now=timezone.now()).points == 512


def test_nobody_approves_their_own_by_hand(client_of, manager, limited):
    ask(client_of(manager), limited, "500")
    code = AdjustmentRequest.objects.get().code
    page = client_of(manager).post(f"/loyalty/approvals/{code}/approve/", follow=True)
    assert "Somebody else decides" in page.content.decode()
    assert AdjustmentRequest.objects.get().state == "waiting"


def test_declined_moves_nothing(client_of, owner, manager, limited):
    ask(client_of(manager), limited, "-500")
    code = AdjustmentRequest.objects.get().code
    page = client_of(owner).post(f"/loyalty/approvals/{code}/decline/", follow=True)
    assert "declined by" in page.content.decode()
    assert balance_of(limited.pk, now=timezone.now()).points == 12


def test_few_points_need_nobody_else(client_of, manager, limited):
    ask(client_of(manager), limited, "100")
    assert balance_of(limited.pk, now=timezone.now()).points == 112
    assert "Nothing waits" in client_of(manager).get("/loyalty/approvals/").content.decode()


def test_another_programmes_request_is_not_there(client_of, owner, limited):
    assert client_of(owner).post("/loyalty/approvals/nothing/approve/").status_code == 404

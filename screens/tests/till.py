"""What a cashier does, for tests of the till."""

from __future__ import annotations

NUMBER = "+447700900142"


def set_up(browser, business, name="Till 1"):
    response = browser.post("/till/device/", {"business": business.code, "name": name})
    assert (response.status_code, response.headers["Location"]) == (303, "/till/")
    return browser


def sell(browser, customer, amount="12.40", key="sale-1"):
    return browser.post(f"/till/customers/{customer.code}/", {"amount": amount, "key": key})


def redeem(browser, customer, points="50", key="redeem-1", reason="A coffee"):
    return browser.post(f"/till/customers/{customer.code}/redeem/", {"points": points, "reason": reason, "key": key})


def code_in(response):
    """The code of the transaction that a redirect after a sale leads to."""
    return response.headers["Location"].split("/")[-2]

"""The till without a network: the browser's own is cut, or a proxy in between drops what the server answers."""

import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from customers.models import Order
from e2e.conftest import DESK, PHONE, TIMEOUT_MS, arrive
from e2e.test_every_page import in_the_servers_database
from e2e.test_till import add_customer, as_a_till, ready_for_a_number
from loyalty.models import Account, Transaction

pytestmark = pytest.mark.e2e

HOLD_THE_LOCK = """new Promise((held) => navigator.locks.request("till-queue", () => {
  held();
  return new Promise((done) => { self.letGo = done; });
}))"""


def until(page, condition):
    """Wait for a condition in JavaScript; the page's policy forbids Playwright's own way, which needs `eval`."""
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)


def offline_till(page, server):
    """A till whose worker has taken over and keeps the page for later."""
    as_a_till(page, server)
    until(page, "navigator.serviceWorker.controller !== null")
    until(page, "tillQueue.fact('shell').then(Boolean)")
    return page


def cut(page):
    page.context.set_offline(True)
    expect(page.locator("[data-connection-text]")).to_contain_text("Offline")


def restore(page):
    page.context.set_offline(False)


def sell_offline(page, amount, *, number="", name=""):
    """From the till's first page, as the worker shows it."""
    page.goto(re.match(r"http://[^/]+", page.url).group() + "/till/")
    number_field = page.get_by_label("Phone number", exact=True)
    expect(number_field).to_be_focused()
    if number:
        page.keyboard.type(number)
        page.keyboard.press("Enter")
    else:
        page.get_by_role("button", name=re.compile(name)).click()
    expect(page.get_by_label("Amount paid")).to_be_focused()
    page.keyboard.type(amount)
    page.get_by_role("button", name="Save, send later").click()
    expect(page.get_by_role("heading", name=re.compile("kept"))).to_be_visible()


def kept(page):
    return page.evaluate("tillQueue.list()")


def until_sent(page):
    until(page, "tillQueue.list().then((sales) => sales.length === 0)")


def booked(server, *phones):
    """[(points, balance), …] of the sales of each number, and whether each has an order."""

    def work(_programme):
        accounts = Account.objects.filter(customer__phone__in=phones)
        entries = Transaction.objects.done().filter(account__in=accounts).order_by("pk")
        orders = Order.objects.filter(customer__phone__in=phones, source="till").count()
        rows = [(one.account.customer.phone, one.points, one.response["balance"]) for one in entries]
        return rows, orders

    return in_the_servers_database(server, work)


def test_three_sales_without_a_network_are_posted_once_each(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    add_customer(page, "07700 900301", "Ruth")
    page.goto(server.url("/till/"))
    ready_for_a_number(page)
    cut(page)
    sell_offline(page, "10", name="Ruth")
    sell_offline(page, "5.50", number="07700 900302")
    sell_offline(page, "7", number="07700 900301")
    expect(page.locator("[data-connection-text]")).to_have_text("Offline, 3 waiting")
    page.reload()
    expect(page.get_by_role("heading", name="Customer’s phone number")).to_be_visible()
    expect(page.locator("[data-waiting-rows] > li")).to_have_count(3)
    expect(page.locator("[data-connection-text]")).to_have_text("Offline, 3 waiting")
    assert booked(server, "+447700900301", "+447700900302") == ([], 0)

    restore(page)
    until_sent(page)
    expect(page.locator("[data-connection-text]")).to_have_text("Online")
    expect(page.get_by_text("3 sales sent")).to_be_visible()
    rows, orders = booked(server, "+447700900301", "+447700900302")
    assert sorted(rows) == [("+447700900301", 7, 17), ("+447700900301", 10, 10), ("+447700900302", 5, 5)]
    assert orders == 3
    assert "900302" not in str(kept(page))
    page.get_by_role("link", name="Back to the till").click()
    ready_for_a_number(page)
    expect(page.get_by_role("region", name="Earlier at this till").get_by_role("listitem")).to_have_count(3)


def test_a_sale_of_the_ordinary_page_is_kept_when_the_network_goes(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    add_customer(page, "07700 900303", "Joe")
    page.keyboard.type("12.40")
    expect(page.get_by_role("button", name="Add 12 points")).to_be_visible()
    cut(page)
    expect(page.get_by_role("button", name="Save, send later")).to_be_visible()
    restore(page)
    expect(page.get_by_role("button", name="Add 12 points")).to_be_visible()
    cut(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="£12.40 kept")).to_be_visible()
    expect(page.locator("[data-saved-who]")).to_have_text("Joe")
    restore(page)
    until_sent(page)
    assert booked(server, "+447700900303") == ([("+447700900303", 12, 12)], 1)


def test_a_kept_sale_can_be_taken_back_before_it_is_sent(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    cut(page)
    sell_offline(page, "12", number="07700 900304")
    page.get_by_role("button", name=re.compile("Take it back")).click()
    expect(page.get_by_role("heading", name="Taken back")).to_be_visible()
    assert kept(page) == []
    restore(page)
    page.get_by_role("link", name="Next customer").click()
    ready_for_a_number(page)
    assert booked(server, "+447700900304") == ([], 0)


def test_redeeming_without_a_network_says_why_not(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    add_customer(page, "07700 900305", "Ada")
    cut(page)
    page.get_by_role("link", name="Redeem points").click()
    expect(page.get_by_text("Points cannot be redeemed without a connection")).to_be_visible()
    expect(page.get_by_role("heading", name="Ada")).to_be_visible()


def test_a_redemption_without_an_answer_is_sent_again_under_the_same_key(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    add_customer(page, "07700 900306", "Bo")
    page.keyboard.type("50")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Redeem").first.click()
    arrive(page, page.get_by_label("Points to redeem"))
    page.get_by_label("Points to redeem").fill("20")
    page.get_by_label("What for").fill("A coffee")
    key = page.locator('input[name="key"]').input_value()
    cut(page)
    page.get_by_role("button", name="Redeem points").click()
    expect(page.get_by_text("No answer to the redemption")).to_be_visible()
    restore(page)
    page.get_by_role("link", name="Try again").click()
    arrive(page, page.get_by_label("Points to redeem"))
    assert page.locator('input[name="key"]').input_value() == key
    page.get_by_role("button", name="Redeem points").click()
    expect(page.get_by_role("heading", name="20 points redeemed")).to_be_visible()


def test_a_session_that_ends_meanwhile_keeps_the_sales_until_somebody_logs_in(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    cut(page)
    sell_offline(page, "8", number="07700 900307")
    page.context.clear_cookies(name="sessionid")
    restore(page)
    expect(page.locator("[data-connection-text]")).to_have_text("1 waiting: log in")
    expect(page.get_by_text("Log in to send what is kept")).to_be_visible()
    assert booked(server, "+447700900307") == ([], 0)
    page.get_by_role("link", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.context.add_cookies([{"name": "sessionid", "value": server.sessions["maya@example.com"], "url": server.url()}])
    page.goto(server.url("/till/"))
    ready_for_a_number(page)
    expect(page.get_by_text("1 sale sent")).to_be_visible()
    assert booked(server, "+447700900307") == ([("+447700900307", 8, 8)], 1)


def test_what_is_refused_waits_for_a_person_who_corrects_it(open_browser, server):
    page = offline_till(open_browser("sam@example.com", size=PHONE), server)
    cut(page)
    sell_offline(page, "9", number="07700 9003")
    sell_offline(page, "4", number="07700 900308")
    restore(page)
    expect(page.locator("[data-connection-text]")).to_have_text("1 sale needs a look")
    row = page.locator("[data-odd-rows] > li")
    expect(row).to_contain_text("This is not a complete phone number. Check the digits.")
    expect(row).to_contain_text("Correct the number.")
    row.get_by_role("button", name="Correct").click()
    page.get_by_label("Phone number", exact=True).fill("07700 900309")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount paid")).to_have_value("9")
    page.keyboard.press("Enter")
    until_sent(page)
    rows, orders = booked(server, "+447700900308", "+447700900309")
    assert (sorted(rows), orders) == ([("+447700900308", 4, 4), ("+447700900309", 9, 9)], 2)


def test_two_tabs_send_each_sale_once(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    other = page.context.new_page()
    as_a_till(other, server)
    cut(page)
    sell_offline(page, "2", number="07700 900312")
    sell_offline(other, "3", number="07700 900312")
    for tab in (page, other):
        expect(tab.locator("[data-connection-text]")).to_have_text("Offline, 2 waiting")
    restore(page)
    until_sent(page)
    for tab in (page, other):
        expect(tab.locator("[data-connection-text]")).to_have_text("Online")
    rows, orders = booked(server, "+447700900312")
    assert (sorted(points for _phone, points, _balance in rows), orders) == ([2, 3], 2)


def test_a_clock_that_fell_back_puts_no_sale_before_the_last_word_of_the_server(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    before = timezone.now()
    page.goto(server.url("/till/"))
    cut(page)
    page.clock.set_system_time("2001-02-03T04:05:06Z")  # its battery is empty
    sell_offline(page, "2", number="07700 900313")
    restore(page)
    until_sent(page)

    def placed_at(_programme):
        return Order.objects.get(customer__phone="+447700900313").placed_at

    assert before <= in_the_servers_database(server, placed_at) <= timezone.now()


def test_a_sale_that_cannot_be_kept_is_told_and_not_passed_over(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    cut(page)
    page.goto(server.url("/till/"))
    page.evaluate("void (IDBObjectStore.prototype.add = () => { throw new DOMException('', 'QuotaExceededError'); })")
    expect(page.get_by_label("Phone number", exact=True)).to_be_focused()
    page.keyboard.type("07700 900314")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount paid")).to_be_focused()
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="This sale was not kept")).to_contain_text("£12.00 · 07700 900314")
    expect(page.get_by_label("Amount paid")).to_have_value("12")
    assert kept(page) == []


def test_a_till_that_was_moved_sends_its_sales_as_what_it_was(open_browser, server):
    page = offline_till(open_browser("maya@example.com"), server)
    cut(page)
    sell_offline(page, "2", number="07700 900315")
    page.evaluate(HOLD_THE_LOCK)  # the worker may be trying just now
    restore(page)  # and nothing is sent while the lock is held
    moving = page.context.new_page()
    moving.goto(server.url("/till/device/"))
    moving.get_by_label("Business").select_option(label="Mill Lane")
    moving.get_by_role("button", name="Start").click()
    ready_for_a_number(moving)
    assert booked(server, "+447700900315") == ([], 0)
    page.evaluate("letGo()")
    until_sent(moving)

    def business(_programme):
        return Order.objects.get(customer__phone="+447700900315").business.name

    assert in_the_servers_database(server, business) == "Quayside"


def test_a_new_version_of_the_worker_takes_the_place_of_the_old_one(open_browser, server):
    page = offline_till(open_browser("sam@example.com"), server)
    page.evaluate("caches.open('till-old').then((cache) => cache.put('/till/kept/', new Response('old')))")
    registration = "navigator.serviceWorker.getRegistration('/till/')"
    page.evaluate(f"{registration}.then((one) => one.unregister())")
    offline_till(page, server)
    until(page, "caches.keys().then((names) => !names.includes('till-old') && names.length === 1)")


# -- an answer that is lost ------------------------------------------------------------------------------------------


class Proxy:
    """Between browser and server: passes everything on, or nothing, or all but the answers to one kind of request."""

    def __init__(self, port: int) -> None:
        self.upstream, self.swallow, self.swallowed, self.is_away = port, b"", 0, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One request a connection: the server is told to close after it."""
        with client, socket.create_connection(("127.0.0.1", self.upstream)) as server:
            request = self._request(client)
            if not request:
                return
            if self.is_away:
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            head, _blank, body = request.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            server.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            answer = b""
            while part := server.recv(65536):
                answer += part
            if self.swallow and request.startswith(self.swallow):
                self.swallowed += 1  # the server has done its work; nobody hears of it
                return
            client.sendall(answer)

    @staticmethod
    def _request(client: socket.socket) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            part = client.recv(65536)
            if not part:
                return b""
            received += part
        head, _blank, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while length and len(body) < int(length.group(1)):
            body += client.recv(65536)
        return head + b"\r\n\r\n" + body

    def url(self, path: str = "/") -> str:
        return f"http://harbour.localhost:{self.port}{path}"


@pytest.fixture
def proxy(server) -> Iterator[Proxy]:
    made = Proxy(server.port)
    yield made
    made.listener.close()


@pytest.fixture
def till_behind_proxy(open_browser, server, proxy):
    page = open_browser(size=DESK)
    page.context.add_cookies([{"name": "sessionid", "value": server.sessions["sam@example.com"], "url": proxy.url()}])
    return offline_till(page, proxy)


def test_offline_resync_does_not_double_points(till_behind_proxy, proxy, server):
    """OCA/pos PR 185: the server counts the sales, the answer is lost, the till sends them again."""
    page = till_behind_proxy
    cut(page)
    sell_offline(page, "6", number="07700 900310")
    sell_offline(page, "3", number="07700 900310")
    proxy.swallow = b"POST /till/queue/"
    restore(page)
    until(page, "tillQueue.list().then((sales) => sales.every((sale) => sale.tried))")
    assert len(kept(page)) == 2
    assert booked(server, "+447700900310")[1] == 2
    proxy.swallow = b""
    until_sent(page)
    rows, orders = booked(server, "+447700900310")
    assert (sorted(rows), orders) == ([("+447700900310", 3, 9), ("+447700900310", 6, 6)], 2)
    assert proxy.swallowed > 0


def test_a_sale_that_was_counted_and_not_answered_is_not_counted_again(till_behind_proxy, proxy, server):
    page = till_behind_proxy
    add_customer(page, "07700 900311", "Cy")
    page.keyboard.type("15")
    proxy.swallow = b"POST /till/customers/"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("kept"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Take it back"))).to_be_hidden()
    proxy.swallow = b""
    until_sent(page)
    assert booked(server, "+447700900311") == ([("+447700900311", 15, 15)], 1)


def test_a_server_that_is_away_behind_its_proxy_is_no_connection_either(till_behind_proxy, proxy, server):
    page = till_behind_proxy
    add_customer(page, "07700 900316", "Di")
    page.keyboard.type("15")
    expect(page.get_by_role("button", name="Add 15 points")).to_be_visible()
    proxy.is_away = True
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="£15.00 kept")).to_be_visible()
    page.get_by_role("link", name="Next customer").click()
    page.get_by_role("button", name=re.compile("Di")).click()
    expect(page.get_by_label("Amount paid")).to_be_focused()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="£2.00 kept")).to_be_visible()
    proxy.is_away = False
    until_sent(page)
    rows, orders = booked(server, "+447700900316")
    assert (rows, orders) == ([("+447700900316", 15, 15), ("+447700900316", 2, 17)], 2)


def test_an_undo_without_an_answer_does_not_claim_that_nothing_happened(till_behind_proxy, proxy, server):
    page = till_behind_proxy
    add_customer(page, "07700 900317", "Ed")
    page.keyboard.type("15")
    page.keyboard.press("Enter")
    arrive(page, page.get_by_role("heading", name="15 points added"))
    proxy.swallow = b"POST /till/undo/"
    page.keyboard.press("u")
    expect(page.get_by_role("alert").filter(has_text="No answer to the undo")).to_be_visible()
    proxy.swallow = b""
    rows, _orders = booked(server, "+447700900317")
    assert [balance for _phone, _points, balance in rows] == [15, 0]

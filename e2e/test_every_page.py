"""Every page that a person can open: no axe violation, no overflow on a phone, no tiny target.

Pages are looked at dark and light by turns; `make browser` looks at each of them in both. The pages come from the
URLconfs, so that a new one is looked at without being listed here.
"""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection, connections
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Error, expect

from config.embedded_postgres import APP_ROLE
from conftest import _connect_to
from core.actor import SYSTEM, Actor
from core.clock import local_day
from customers.actions.attributes import AttributeValues, create_attribute
from customers.actions.bulk import start_bulk, tag_values
from customers.actions.customers import update_customer
from customers.actions.databases import add_database
from customers.actions.duplicates import find_duplicates
from customers.actions.merging import merge_customers
from customers.actions.notes import write_note
from customers.actions.rollups import rebuild_rollups
from customers.actions.saved_views import save_view
from customers.actions.stock import StockLine, change_level, count_stock, create_location
from customers.actions.tags import tag_customer
from customers.bulk import Selection
from customers.models import Customer, Order, Product, StockLevel, SyncRun
from customers.tests.imports_fixtures import csv_of, import_csv, receive
from e2e.conftest import DESK, PHONE
from e2e.test_till import as_a_till
from intelligence.actions.forecasts import forecast_customers
from intelligence.actions.products import count_products
from intelligence.actions.rfm import score_customers
from intelligence.tests.backtests import a_backtest
from intelligence.tests.baskets import basket
from intelligence.tests.findings import changed, keep
from intelligence.tests.test_insights import BUSY, DAYS
from loyalty.access_affiliates import report_token
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_customers import note_number
from loyalty.actions.affiliate_payouts import make_payout
from loyalty.actions.affiliates import AffiliateValues, change_affiliate_settings, create_affiliate
from loyalty.actions.leaving import decide_leaving, finish_leaving
from loyalty.actions.points import add_points, hold_points, redeem_points
from loyalty.actions.rewards import RewardValues, create_reward
from loyalty.actions.rules import RuleValues, create_rule
from loyalty.actions.stamp_cards import CardValues, create_card
from loyalty.actions.stamps import give_stamps
from loyalty.actions.tiers import TierValues, create_tier
from loyalty.tasks import apply_tiers, refresh_facts
from messaging.actions.webhooks import create_endpoint
from programs.actions.people import create_person
from programs.models import JoinRequest, Programme, User
from programs.routes import all_routes
from segments.actions.living import count_everybody
from segments.actions.segments import choose_people, create_segment
from workspace.actions.business_invitations import invite_business
from workspace.actions.join_codes import rotate_join_code
from workspace.models import Business

pytestmark = pytest.mark.e2e

# Not pages: answers to htmx, files, what ends the session, and what libraries draw (the admin, the API docs).
NOT_PAGES = re.compile(
    r"/(admin|api|logout|health|metrics|brand|brand\.css|switcher)(/|$|\.)|\.(csv|pdf|svg)|/enter/|/dev/|/start/"
    r"|/p/(sign-out|code/again)/|/settings/team/.+|/invitations/|/confirm/|/recovery-codes/download"
)
# Fragments that a page loads by itself; they have no shell of their own.
FRAGMENTS = re.compile(r"/(example|preview|match|progress|mapping)/")
AXE = Axe()
EVERYTHING = {"resultTypes": ["violations"]}
SHELL = [[".sidebar"], [".topbar"], [".tabbar"]]  # the same on every page of the staff: a third of what axe looks at
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
THEMES = ("dark", "light")

NEXT_FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"  # charts follow the size
NARROW = {"width": 320, "height": 640}  # a small phone, and a page at 400 %
# Asked without making the page: views that take only POST say so.
READABLE = """async (urls) => {
  const isRead = async (url) => {
    const {headers} = await fetch(url, {method: 'OPTIONS'});
    return (headers.get('allow') || 'GET').includes('GET');
  };
  const read = await Promise.all(urls.map(isRead));
  return urls.filter((_, index) => read[index]);
}"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# WCAG 2.2, 2.5.8: 24 × 24 px, or so far from the next target that a circle of 24 px touches no other, or in a sentence.
SMALL_TARGETS = """() => {
  const targets = [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
    .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.closest('.sr-only, p, dialog'))
    .map((one) => ({one, box: (one.closest('label') || one).getBoundingClientRect()}))
    .filter(({box}) => box.width > 1 && box.height > 1);
  const layer = (one) => one.closest('.tabbar, .topbar');  // bars lie over what scrolls below them
  const isSmall = ({box}) => box.height < 23.5 || box.width < 23.5;
  const reach = (box, x, y) => Math.hypot(
    Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
  return targets.filter((target) => {
    if (!isSmall(target)) return false;
    const x = target.box.left + target.box.width / 2, y = target.box.top + target.box.height / 2;
    return targets.some((other) => other !== target && layer(other.one) === layer(target.one)
      && reach(other.box, x, y) < 12 && !other.one.contains(target.one) && !target.one.contains(other.one));
  }).map(({one, box}) => `${one.textContent.trim().slice(0, 30) || one.name || one.outerHTML.slice(0, 60)} `
    + `${Math.round(box.width)}×${Math.round(box.height)}`);
}"""


def in_the_servers_database(server, work):
    """Run `work` in the programme of the server; a thread of its own, because Playwright owns this one's loop."""
    name = re.search(r"/(regulars_test_\w+)", server.database_url).group(1)
    result = []

    def run() -> None:
        shared = connection.settings_dict["NAME"]
        _connect_to(name, APP_ROLE)
        try:
            connection.set_schema_to_public()
            programme = Programme.objects.get(slug="harbour")
            connection.set_tenant(programme)
            with override_settings(MEDIA_ROOT=server.media):
                result.append(work(programme))
        finally:
            connections.close_all()
            _connect_to(shared, APP_ROLE)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


def a_few_weeks_of_sales(programme) -> dict[str, str]:
    now = timezone.now()
    business = Business.objects.order_by("pk").first()
    values = CardValues(name="Coffee card of the harbour", gives="A free coffee of any size", stamps=2)
    card = create_card(values=values, actor=SYSTEM, now=now)
    for number in range(30):
        posting = add_points(
            business=business.pk, amount=Decimal(5 + number), phone=f"07700 9006{number:02d}",
            reference=f"page-{number}", actor=SYSTEM, now=now,
        )  # fmt: skip
        customer = Customer.objects.get(code=posting.customer)
        values = {"first_name": "Anne-Katherine", "last_name": f"Featherstonehaugh {number}"}
        update_customer(customer_id=customer.pk, values=values, region="GB", actor=SYSTEM, now=now)
    rebuild_rollups(now=now)
    refresh_facts(list(Customer.objects.values_list("pk", flat=True)))
    for _run in range(2):  # the second one has a run before to compare with
        score_customers(now=now)
    a_backtest()
    forecast_customers(now=now + timedelta(days=1))  # the sales of today have ended then
    keep(changed("hours", cells=BUSY, weekdays=DAYS))
    lines = csv_of(
        "900001,85123A,White hanging heart T-light holder,6,2026-01-05 08:26:00,2.55,17850,United Kingdom",
        "900002,85123A,White hanging heart T-light holder,a few,2026-01-05 08:28:00,2.55,17850,United Kingdom",
    )
    imported = import_csv(lines, business)
    received = receive(lines + b"900003,71053,White metal lantern,6,2026-01-06 08:26:00,3.39,17850,France\n", business)
    values = RuleValues(name="Double on coffee", effect="multiply", factor=Decimal(2), categories=["coffee"])
    rule = create_rule(values=values, actor=SYSTEM)
    give_stamps(card=card.code, customer_id=customer.pk, stamps=2, key="page", actor=SYSTEM, now=now)
    tier = create_tier(values=TierValues(name="Best friend", threshold=Decimal(20)), actor=SYSTEM, now=now)
    apply_tiers(now)
    people = list(Customer.objects.filter(last_name__startswith="Feather").exclude(pk=customer.pk).order_by("pk")[:2])
    merge = merge_customers(survivor_id=customer.pk, duplicate_id=people[0].pk, choose={}, actor=SYSTEM, now=now)
    find_duplicates(now=now)
    basket(business, customer, "page-basket", *Product.objects.order_by("pk")[:2], at=now)
    count_products(now=now)
    return {
        "customers": customer.code,
        "twin": people[1].code,
        "merges": merge.code,
        "orders": Order.objects.first().code,
        **some_stock(business, now),
        **what_staff_add(customer, now),
        "businesses": business.code,
        "imports": imported.code,
        "received": received.code,
        "databases": a_database(business, now),
        "done": posting.transaction,
        "undo": posting.transaction,
        "transactions": posting.transaction,
        "rewards": a_reward(customer, business, now),
        "rules": rule.code,
        "tiers": tier.code,
        "stamp-cards": card.code,
        "new": "day",
        "segments": a_segment(customer, now),
        **a_webhook(now),
        **an_affiliate(business, now),
        **who_joins_and_leaves(programme, business, now),
    }


def a_segment(customer, now) -> str:
    """With a group, values to choose, people who are left out, and somebody who was put in by hand."""
    bought = {"type": "condition", "field": "orders", "op": "at_least", "value": 2}
    lines = {"type": "condition", "field": "orders_with", "op": "at_least", "value": 1, "where": [
        {"property": "title", "op": "contains", "value": "lantern"}]}  # fmt: skip
    spent = {"type": "condition", "field": "spent", "op": "between", "value": [5, 500], "window": {
        "type": "last", "count": 90, "unit": "day"}}  # fmt: skip
    tiers = {"type": "condition", "field": "tier", "op": "is_one_of", "value": ["Best friend"]}
    born = {"type": "condition", "field": "birthday", "op": "within", "window": {"type": "calendar", "unit": "month"}}
    document = {
        "version": 1,
        "match": {"type": "all", "of": [spent, {"type": "any", "of": [bought, lines, {"type": "not", "of": tiers}]}]},
        "leave_out": [born],
    }
    segment = create_segment(name="Regulars of the harbour who come by boat", document=document, actor=SYSTEM, now=now)
    count_everybody()
    choose_people(code=segment.code, customers=[customer.pk], is_in=False, actor=SYSTEM, now=now)
    choose_people(code=segment.code, customers=[customer.pk], is_in=True, actor=SYSTEM, now=now)
    return segment.code


def who_joins_and_leaves(programme, business, now) -> dict[str, str]:
    """A join code, an invitation and a request; a business that has left with debts and points."""
    rotate_join_code(programme=programme, actor=SYSTEM, now=now)
    name = "The Fern & Fig Grocery at the Corner of Low Street"
    invite_business(
        programme=programme, name=name, email="hello@fern.example", points_per_unit=Decimal(2), actor=SYSTEM, now=now
    )
    person = create_person(email="ines@example.com", password=None, name="Ines Duarte", is_verified=True)
    asked = JoinRequest.objects.create(
        programme=programme, user=person, name=name, contact_person="Ines Duarte", email="hello@fern.example",
        category="grocery", address="3 Low Street\nBristol", points_per_unit=2, terms={"own": "Be kind. " * 20},
    )  # fmt: skip
    left = Business.objects.create(name="Harbour Books and Maps")
    call = {"phone": "07700 900777", "actor": SYSTEM, "now": now}
    add_points(business=left.pk, amount=Decimal(500), key="left-earn", **call)
    redeem_points(business=business.pk, points=40, reason="Mug", key="left-redeem", **call)
    last_day = local_day(now, programme.zone)
    leaving = decide_leaving(business=left, last_day=last_day, way="paid", actor=SYSTEM, now=now)
    finish_leaving(leaving_id=leaving.pk, now=now + timedelta(days=1))
    return {"requests": asked.code, "final": left.code}


def what_staff_add(customer, now) -> dict[str, str]:
    """Fields, tags, a note, a view of the list, and an act on many; each with as long a name as people give."""
    maya = User.objects.get(email="maya@example.com").pk
    by = {"actor": Actor(kind="user", id=str(maya), label="Maya", user_id=maya), "now": now}
    help_text = "As it was said at the counter when the loyalty card was handed over, or in a letter later"
    label = "Which of our coffees they like best of all"
    values = AttributeValues(label=label, help=help_text, options=["Espresso", "Oat flat white without any sugar"])
    field = create_attribute(values=values, kind="choice", **by)
    names = ["Regular", "Comes with the rowing club on Sundays", "Vegan"]
    tag = tag_customer(customer_id=customer.pk, names=names, **by)[1]
    note = write_note(customer_id=customer.pk, text="Likes the seat by the window.\nAsk about the boat.", **by)
    query = f"tag={tag.code}&sort=-spent&col={field.key}"
    shared = {"is_shared": True, "is_default": False, "may_share": True}
    view = save_view(name="Rowers who have not come for some time", query=query, **shared, **by)
    selection = Selection(ids=[customer.pk])
    run = start_bulk(
        act="tag", values=tag_values("Regular", is_new=False, **by), selection=selection, is_small=True, **by
    )
    return {"fields": field.code, "tags": tag.code, "notes": note.code, "views": view.code, "bulk": run.code}


def a_database(business, now) -> str:
    """A shop whose server does not answer."""
    mapping = '[customers]\ntable = "users"\ncolumns = { email = "email" }'
    url = "mysql://reader@127.0.0.1:1/a_shop_with_a_long_name"
    sync = add_database(business=business, name="The web shop", url=url, mapping=mapping, actor=SYSTEM, now=now)
    SyncRun.objects.create(
        sync=sync, sections=["customers"], finished_at=now, counts={"customers": {"rows": 1200, "failed": 3}}
    )
    return sync.code


def some_stock(business, now) -> dict[str, str]:
    """A place where something has run low."""
    product = Product.objects.first()
    place = create_location(business_id=business.pk, name="The cellar under the shop", actor=SYSTEM, now=now)
    lines = [StockLine(product.pk, Decimal(3))]
    count_stock(location=place, lines=lines, reason="Everything twice", actor=SYSTEM, now=now)
    level = StockLevel.objects.get()
    change_level(code=level.code, low_at=Decimal(5), lead_days=3, target_days=14, actor=SYSTEM)
    return {"products": product.code, "places": place.code, "levels": level.code}


def an_affiliate(business, now) -> dict[str, str]:
    """With a customer who bought, one to be looked at, and a payout."""
    name = "The guide to the harbour and everything around it"
    values = AffiliateValues(name=name, link_code="HARBOUR-GUIDE", percent=Decimal("7.5"), hold_days=0)
    affiliate = create_affiliate(values=values, actor=SYSTEM)
    change_affiliate_settings(website="", daily_review=1, actor=SYSTEM)
    for number in range(2):
        asked = {"phone": f"07700 9007{number:02d}", "actor": SYSTEM, "now": now}
        note_number(link_code=affiliate.link_code, channel="api", **asked)
        posting = add_points(business=business.pk, amount=Decimal(900), key=f"guide-{number}", placed_at=now, **asked)
        settle_orders([Order.objects.get(code=posting.order).pk], now=now)
    payout = make_payout(affiliate=affiliate.code, actor=SYSTEM, now=now)
    return {
        "affiliates": affiliate.code,
        "payouts": payout.code,
        "a": affiliate.link_code.lower(),
        "partner": report_token(affiliate),
    }


def a_webhook(now) -> dict[str, str]:
    """With a delivery that failed, and what was answered."""
    url = "https://a-rather-long-name-of-a-shop.example/hooks/regulars?shop=harbour&environment=production"
    made = create_endpoint(url=url, description="", event_types=[], business=None, actor=SYSTEM, now=now)
    sent = made.endpoint.deliveries.create(
        event_type="customers.order.placed", state="failed", finished_at=now, last_status=500, last_fault="status"
    )
    sent.tries.create(at=now, milliseconds=1234, status=500, fault="status", answer="x" * 400)
    return {"webhooks": made.endpoint.code, "deliveries": sent.code}


def a_reward(customer, business, now) -> str:
    """With a stock, somebody who had it, and a claim."""
    values = RewardValues(name="Bag of beans, 250 g, ground for you", points=3, icon="shopping-bag")
    code = create_reward(values=values, stock=5, actor=SYSTEM).code
    asked = {"customer_id": customer.pk, "reward": code, "actor": SYSTEM, "now": now}
    redeem_points(**asked, business=business.pk, key="page-redeem")
    hold_points(**asked, business=None, key="page-claim")
    return code


def paths(host: str, codes: dict[str, str]) -> list[str]:
    found = []
    for route in all_routes():
        if route.host != host or route.is_admin or NOT_PAGES.search(route.path) or FRAGMENTS.search(route.path):
            continue
        noun = re.search(r"([\w-]+)/<[^>]+>", route.path)
        if noun and noun.group(1) in codes:
            found.append(re.sub(r"<[^>]+>", codes[noun.group(1)], route.path))
        elif "<" not in route.path and "(?" not in route.path:
            found.append(route.path)
    return sorted(set(found))


def opens(page, url: str) -> bool:
    """Whether a GET of the URL is a page of ours."""
    try:
        response = page.goto(url)
    except Error as error:
        # An empty answer such as 405 has no page for the browser to show.
        if "ERR_HTTP_RESPONSE_CODE_FAILURE" not in error.message:
            raise
        return False
    expect(page.locator(".htmx-request")).to_have_count(0)  # what the page fetches; a polled script the CSP refuses
    is_page = response is not None and response.status == 200
    return is_page and "text/html" in response.headers.get("content-type", "")


def faults_of(page, *, known: bool = False, themes: tuple[str, ...] = THEMES) -> list[str]:
    """`known`: what is around the page was looked at with another one of its kind."""
    faults = []
    page.evaluate(AXE.axe_script)
    context = json.dumps({"exclude": SHELL} if known else {"include": [["html"]]})
    for theme in themes:
        rules = EVERYTHING if theme == themes[0] else CONTRAST  # only colours differ
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        for violation in page.evaluate(f"axe.run({context}, {json.dumps(rules)}).then((found) => found.violations)"):
            targets = [str(node["target"]) for node in violation["nodes"][:3]]
            faults.append(f"{theme}: {violation['id']} at {', '.join(targets)}")
    for size in (NARROW, PHONE):
        page.set_viewport_size(size)
        page.evaluate(NEXT_FRAME)
        overflow = page.evaluate(OVERFLOW)
        if overflow > 0:
            faults.append(f"{overflow} px wider than {size['width']} px")
    faults += [f"small target: {target}" for target in page.evaluate(SMALL_TARGETS)]
    page.set_viewport_size(DESK)
    return faults


def look_at(page, urls: list[str], *, both_themes: bool = False) -> tuple[int, dict[str, list[str]]]:
    """How many pages there were, and what is wrong by URL."""
    page.goto(urls[0])
    seen, faults, tab = 0, {}, None
    for url in page.evaluate(READABLE, urls):
        if tab is None:
            tab = page.context.new_page()
            tab.set_viewport_size(DESK)
        if opens(tab, url):
            seen += 1
            themes = THEMES if both_themes or seen == 1 else (THEMES[seen % 2],)
            found = faults_of(tab, known=seen > 1, themes=themes)
            if found:
                faults[url] = found
        else:  # one that showed an error goes on to Chromium's page about it
            tab.close()
            tab = None
    return seen, faults


def pages_of_the_staff(page, server) -> list[str]:
    """Log in as a till too, and fill the programme; the URLs of everything that the staff can open."""
    codes = in_the_servers_database(server, a_few_weeks_of_sales)
    as_a_till(page, server)
    two_nouns = [
        f"/customers/imports/{codes['received']}/",
        f"/customers/{codes['customers']}/merge/{codes['twin']}/",
    ]
    return [server.url(path) for path in [*paths("programme", codes), *two_nouns]]


def test_every_page_of_the_staff(open_browser, server):
    page = open_browser("maya@example.com")
    seen, faults = look_at(page, pages_of_the_staff(page, server))
    assert not faults, json.dumps(faults, indent=1)
    assert seen >= 100


def test_every_page_of_the_public_host(open_browser, server):
    page = open_browser(None)
    seen, faults = look_at(page, [server.url(path, programme="") for path in paths("public", {})])
    assert not faults, json.dumps(faults, indent=1)
    assert seen >= 5


@pytest.mark.parametrize(("path", "status"), [("/nothing/", 404), ("/customers/", 403), ("/till/customers/", 405)])
def test_every_page_that_refuses(path, status, open_browser, server):
    page = open_browser("sam@example.com")
    page.set_viewport_size(DESK)
    response = page.goto(server.url(path))
    assert (response.status, faults_of(page)) == (status, [])
    page.get_by_role("link", name="Go to the start").click()
    expect(page).not_to_have_url(server.url(path))

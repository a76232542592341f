"""Two programmes, each full of a word of its own; nothing of one may ever show in the other.

Every URL and API route is called by every method as every role of one programme, with the other's codes wherever a code
fits; then files, cache, jobs, exports and every log line are searched. The word of the other programme must not appear,
no call may end in a server error, and no row of the other programme may have been written.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.jobs import run_in_programme
from core.logs import ContextFilter
from core.permissions import Role
from customers.actions import imports
from customers.actions.attributes import AttributeValues, create_attribute
from customers.actions.bulk import start_bulk
from customers.actions.consent import record_consent
from customers.actions.customers import create_customer
from customers.actions.databases import add_database
from customers.actions.merging import merge_customers
from customers.actions.notes import write_note
from customers.actions.saved_views import save_view
from customers.actions.stock import StockLine, count_stock, create_location
from customers.actions.tags import tag_customer
from customers.bulk import Selection
from customers.models import Archetype, Order, OrderLine, Product, Refund, StockLevel
from customers.reports.customer_list import CustomerFilters
from intelligence.models import ArchetypeRun
from loyalty.access_affiliates import report_token
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_customers import note_number
from loyalty.actions.affiliate_payouts import make_payout
from loyalty.actions.affiliates import AffiliateValues, create_affiliate
from loyalty.actions.approvals import ask_for_adjustment
from loyalty.actions.points import add_points, hold_points, redeem_points
from loyalty.actions.recommender_settings import set_cross_promotion
from loyalty.actions.referral_settings import ReferralValues, change_referral_settings
from loyalty.actions.referrals import code_of, referrer_of, track_referral
from loyalty.actions.stamps import give_stamps
from loyalty.models import EarningRule, Reward, StampCard, StampReward, Tier
from messaging.actions.outbox import queue_message
from messaging.actions.webhooks import create_endpoint
from messaging.models import InboundMessage, OutboundMessage
from messaging.models_webhooks import WebhookDelivery
from programs.models import JoinRequest, Membership, Programme, User
from programs.routes import all_routes
from segments.actions.living import count_everybody
from segments.actions.segments import create_segment
from workspace.actions import audit
from workspace.actions.api_keys import create_client
from workspace.actions.business_invitations import invite_business
from workspace.actions.jobs import start_job
from workspace.actions.join_codes import rotate_join_code
from workspace.actions.team import invite
from workspace.jobs import DUE_WORK
from workspace.models import Business, Job, TillDevice
from workspace.tasks import run_due

WORDS = {"harbour": "zebraquartz", "meadow": "lynxobsidian"}
PHONES = {"harbour": "+447700900142", "meadow": "+447700900857"}

# These end the session or change the crawler's own password; they are tested where they live.
NOT_CRAWLED = re.compile(r"/(logout|sign-out)/|/api/v1/auth/(?!me)|password/")


@dataclass
class World:
    """A programme, its word, and a code of each thing that a URL may name."""

    programme: Programme
    word: str
    phone: str
    api_key: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)


def make_world(slug: str) -> World:
    connection.set_schema_to_public()
    Programme.objects.filter(slug=slug).update(name=f"Programme {WORDS[slug]}")
    programme = Programme.objects.get(slug=slug)
    world = World(programme, WORDS[slug], PHONES[slug])
    with tenant_context(programme):
        fill(world)
    return world


def fill(world: World) -> None:
    word, now = world.word, timezone.now()
    owner = User.objects.create_user(f"owner@{word}.example", "long enough phrase", name=f"Owner {word}")
    actor = Actor(kind="user", id=str(owner.pk), label=f"Owner {word}", user_id=owner.pk)
    business = Business.objects.create(name=f"Shop {word}", address=f"1 {word} street", contact_person=word)
    for role in Role:
        person = owner
        if role != Role.OWNER:
            email = f"{role}@{word}.example"
            person = User.objects.create_user(email, "long enough phrase", name=f"{role} {word}")
        limited = business.pk if role == Role.CASHIER else None
        member = Membership.objects.create(user=person, programme=world.programme, role=role, business_id=limited)
        world.users[role] = person
        world.codes["membership"] = member.code
    customer = create_customer(
        values={"first_name": word, "phone": world.phone, "email": f"{word}@example.com", "external_id": word},
        source="till", region="GB", actor=actor, now=now,
    )  # fmt: skip
    twin = create_customer(
        values={"first_name": f"Twin {word}", "email": f"twin@{word}.example"}, source="till", region="GB", actor=actor,
        now=now,
    )  # fmt: skip
    merge = merge_customers(survivor_id=customer.pk, duplicate_id=twin.pk, choose={}, actor=actor, now=now)
    earned = add_points(
        business=business.pk, amount=Decimal("80"), phone=world.phone, reference=f"{word}-1", actor=actor, now=now
    )
    redeem_points(
        business=business.pk, points=5, reason=f"Free {word}", phone=world.phone, key=word, actor=actor, now=now
    )
    order = Order.objects.get()
    product = Product.objects.create(sku=word, title=f"Bag of {word}", vendor=word)
    OrderLine.objects.create(
        order=order, position=1, product=product, title=f"Bag of {word}", quantity=1, unit_price=80, total=80
    )
    tag = tag_customer(customer_id=customer.pk, names=[f"Tag {word}"], actor=actor, now=now)[0]
    note = write_note(customer_id=customer.pk, text=f"Likes {word}", actor=actor, now=now)
    view = save_view(
        name=f"View {word}", query="member=yes", is_shared=True, is_default=False, may_share=True, actor=actor, now=now
    )
    bulk = start_bulk(
        act="export", values={}, selection=Selection(filters=CustomerFilters(text=word)), is_small=False, actor=actor,
        now=now,
    )  # fmt: skip
    attribute = create_attribute(
        values=AttributeValues(label=f"Field {word}", options=[word]), kind="choice", actor=actor, now=now
    )
    place = create_location(business_id=business.pk, name=f"Cellar {word}", actor=actor, now=now)
    lines = [StockLine(product.pk, Decimal(3))]
    count_stock(location=place, lines=lines, reason=f"Count {word}", actor=actor, now=now)
    refund = Refund.objects.create(
        business=business, source="till", reference=word, customer=customer, refunded_at=now, total=1, reason=word
    )
    held = hold_points(
        business=business.pk, points=5, reason=f"Later {word}", phone=world.phone, key=f"h-{word}", actor=actor, now=now
    )
    record_consent(
        customer=customer, channel="sms", purpose="service", is_granted=True, source="till",
        wording="till-service-1", actor=actor, now=now,
    )  # fmt: skip
    queue_message(
        channel="sms", purpose="service", recipient=world.phone, body=f"Hello {word}", dedupe_key=word, now=now,
        customer_id=customer.pk,
    )  # fmt: skip
    upload = ContentFile(f"customer number,first name\n{word}-2,{word}\n".encode())
    run = imports.receive_file(
        file=upload, name=f"{word}.csv", kind="customers", business=business, actor=actor, now=now
    )
    database = add_database(
        business=business, name=f"Database {word}", url=f"mysql://{word}@127.0.0.1:1/{word}", actor=actor, now=now,
        mapping=f'[customers]\ntable = "{word}"\ncolumns = {{ email = "{word}" }}',
    )  # fmt: skip
    job = start_job(kind="intelligence.rfm", key=word, actor=actor, now=now)
    issued = create_client(name=f"System {word}", scopes=["admin"], business=None, actor=actor, now=now)
    invitation = invite(
        programme=world.programme,
        email=f"new@{word}.example",
        role=Role.ANALYST,
        business_id=None,
        actor=actor,
        now=now,
    )
    till = TillDevice.objects.create(name=f"Till {word}", business=business, token_digest=word.encode().ljust(32))
    reward = Reward.objects.create(name=f"Free {word}", description=word, points=5)
    rule = EarningRule.objects.create(name=f"Double {word}", effect="multiply", factor=2, categories=[word])
    tier = Tier.objects.create(name=f"Friend {word}", rank=1, threshold=10, benefits=word)
    card = StampCard.objects.create(name=f"Card {word}", gives=f"A free {word}", stamps=3)
    stamped = give_stamps(
        card=card.code, customer_id=customer.pk, stamps=4, reason=f"Paper {word}", key=word, actor=actor, now=now
    )
    asked = ask_for_adjustment(
        customer_id=customer.pk, points=9, reason=f"Sorry {word}", key=word, actor=actor, now=now
    )
    issued_secret = create_endpoint(
        url=f"https://{word}.example/{word}", description=f"Hook {word}", event_types=[], business=None, actor=actor,
        now=now,
    )  # fmt: skip
    sent = WebhookDelivery.objects.create(endpoint=issued_secret.endpoint, event_type="customers.order.placed")
    sent.tries.create(at=now, status=500, fault="status", answer=f"No {word} here")
    change_referral_settings(values=ReferralValues(is_active=True), actor=actor)
    referral = track_referral(
        referrer=referrer_of(phone=world.phone), friend_phone=f"{world.phone[:-2]}77", channel="api", actor=actor,
        now=now,
    )  # fmt: skip
    promotion = set_cross_promotion(
        business="", other=business.code, verdict="always", text=f"Because {word}", actor=actor, now=now
    )
    asking = User.objects.create_user(f"asking@{word}.example", None, name=f"Asking {word}")
    wish = JoinRequest.objects.create(
        programme=world.programme, user=asking, name=f"Wish {word}", contact_person=word, email=f"w@{word}.example",
        category="cafe", points_per_unit=1,
    )  # fmt: skip
    asked_in = invite_business(
        programme=world.programme, name=f"Guest {word}", email=f"guest@{word}.example", points_per_unit=Decimal(1),
        actor=actor, now=now,
    )  # fmt: skip
    rotate_join_code(programme=world.programme, actor=actor, now=now)
    received = InboundMessage.objects.create(
        provider="twilio", provider_id="SM1", sender=world.phone, customer=customer, body=f"No more texts {word}",
        reading="unclear",
    )  # fmt: skip
    partner = create_affiliate(
        values=AffiliateValues(
            name=f"Blog {word}",
            email=f"blog@{word}.example",
            link_code=f"blog-{word}",
            percent=Decimal(10),
            hold_days=0,
        ),
        actor=actor,
    )
    came = note_number(link_code=partner.link_code, phone=f"{world.phone[:-2]}78", channel="api", actor=actor, now=now)
    add_points(
        business=business.code, phone=f"{world.phone[:-2]}78", amount=Decimal(90), key=f"came-{word}", actor=actor,
        now=now,
    )  # fmt: skip
    settle_orders(list(Order.objects.values_list("pk", flat=True)), now=now)
    payout = make_payout(affiliate=partner.code, actor=actor, now=timezone.now() + timedelta(minutes=1))
    audit.record(actor, "workspace.test.noted", subject=word, data={"word": word})
    default_storage.save(f"brand/{word}.png", ContentFile(b"\x89PNG" + word.encode()))
    cache.set("word", word)
    world.api_key = issued.secret
    archetype = Archetype.objects.create(found_name=f"Kind {word}", description=word, place=1, found_at=now)
    found = ArchetypeRun.objects.create(
        kind="asked", started_at=now, finished_at=now, searched_at=now, customers=1, looked_at=1, k=1, because="kept",
        model={"rules": None, "table": []}, found=[{"id": archetype.pk, "name": f"Kind {word}", "customers": 1}],
    )  # fmt: skip
    bought = {"type": "condition", "field": "first_name", "op": "is", "value": word}
    document = {"version": 1, "match": {"type": "all", "of": [bought]}}
    segment = create_segment(name=f"People called {word}", document=document, actor=actor, now=now)
    count_everybody()
    world.codes |= {
        "archetype": archetype.code, "archetype_run": found.code,
        "month": f"{now.astimezone(world.programme.zone):%Y-%m}",
        "report": "businesses",
        "business": business.code, "customer": customer.code, "order": order.code, "product": product.code,
        "refund": refund.code, "place": place.code, "level": StockLevel.objects.get().code,
        "transaction": earned.transaction, "import": run.code, "job": job.code, "till": till.code,
        "client": issued.client.code, "message": OutboundMessage.objects.first().code,
        "received_text": received.code, "claim": held.transaction,
        "invitation": invitation.code, "phone": world.phone, "file": f"{word}.png",
        "reward": reward.code, "rule": rule.code, "request": asked.code, "start": "happy-hour",
        "referral": referral.code, "referral_code": code_of(customer.pk), "tier": tier.code,
        "affiliate": partner.code, "affiliate_link": partner.link_code.lower(), "affiliate_customer": came.code,
        "payout": payout.code, "report_token": report_token(partner),
        "stamp_card": card.code, "stamps": stamped.entry,
        "stamp_reward": StampReward.objects.get().code,
        "join_request": wish.code, "business_invitation": asked_in.code,
        "merge": merge.code, "database": database.code,
        "attribute": attribute.code, "bulk": bulk.code, "view": view.code, "note": note.code, "tag": tag.code,
        "recommender": "co_visits", "promotion": promotion.code,
        "segment": segment.code,
        "webhook": issued_secret.endpoint.code, "webhook_delivery": sent.code,
    }  # fmt: skip


def writes_to(world: World) -> int:
    """How many rows of the programme this transaction has inserted, changed or deleted, taken back or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
            " WHERE schemaname = %s",
            [world.programme.schema_name],
        )
        return int(cursor.fetchone()[0])


# What the last word before a code says about whose code it is.
NOUNS = {
    "recommendations": "phone", "kind": "recommender", "recommendation-rules": "recommender",
    "cross-promotions": "promotion", "other-businesses": "promotion",
    "webhooks": "webhook", "deliveries": "webhook_delivery", "webhook-endpoints": "webhook",
    "webhook-deliveries": "webhook_delivery", "messages": "message", "received": "received_text",
    "received-texts": "received_text",
    "customers": "customer", "merges": "merge", "businesses": "business", "orders": "order", "products": "product",
    "refunds": "refund",
    "places": "place", "stock-locations": "place", "levels": "level", "stock-levels": "level",
    "jobs": "job", "archetypes": "archetype", "of": "archetype", "runs": "archetype_run",
    "databases": "database", "database-syncs": "database", "segments": "segment", "why": "customer",
    "imports": "import", "api-keys": "client", "transactions": "transaction", "done": "transaction",
    "undo": "transaction", "team": "membership", "members": "membership", "invitations": "invitation",
    "claims": "claim", "points": "phone", "brand": "file", "data": "job", "receipt": "transaction",
    "rewards": "reward", "pictures": "file", "rules": "rule", "earning-rules": "rule", "new": "start",
    "adjustment-requests": "request", "approvals": "request", "claim": "claim", "exports": "job",
    "tiers": "tier", "stamp-cards": "stamp_card", "stamp-rewards": "stamp_reward", "stamps": "stamps",
    "requests": "join_request", "join-requests": "join_request", "invited": "business_invitation",
    "business-invitations": "business_invitation",
    "final": "business", "settlement": "month", "reports": "report", "referrals": "referral", "r": "referral_code",
    "affiliates": "affiliate", "payouts": "payout", "people": "affiliate_customer", "a": "affiliate_link",
    "analytics": "report",
    "partner": "report_token", "fields": "attribute", "tags": "tag", "notes": "note", "bulk": "bulk", "views": "view",
    "customer-attributes": "attribute", "customer-views": "view",
}  # fmt: skip


def fillings(path: str, own: World, other: World) -> list[str]:
    """The path with a code of our own, with the same thing of the other programme, and with a code of another kind."""
    if "(?P" in path or "\\" in path:
        return []
    found = re.search(r"([\w-]+)/<[^>]+>", path)
    if not found:
        return [path]
    noun = NOUNS[found.group(1)]  # a new kind of code needs one in both worlds
    codes = [(own.codes[noun], own), (other.codes[noun], other), (other.codes["message"], other)]
    return [
        re.sub(
            r"<[^>]+>",
            code,
            path.replace("<slug:party>", world.codes["business"])
            .replace("<code:payout_id>", world.codes["payout"])
            .replace("/why/<code:customer_id>", f"/why/{world.codes['customer']}")
            .replace("/members/<code:customer_id>", f"/members/{world.codes['customer']}"),
        )
        for code, world in codes
    ]


@pytest.fixture
def worlds(programme, other_programme, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    own, other = make_world("harbour"), make_world("meadow")
    connection.set_tenant(own.programme)
    return own, other


@pytest.fixture
def log_lines():
    """Every record of the crawl as the text and facts that would be written."""
    lines: list[tuple[str, str]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            ContextFilter().filter(record)
            lines.append((record.schema, f"{record.getMessage()} {record.__dict__}"))

    handler = Keep(level=logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


def routes():
    return [r for r in all_routes() if r.host == "programme" and not NOT_CRAWLED.search(r.path) and not r.is_admin]


def call(client: Client, method: str, path: str, **headers):
    """One call in a savepoint, so that a page that writes leaves the next call the same rows."""
    with transaction.atomic():
        if method == "get":
            body = {"data": {"q": "a", "search": "a", "business": "x"}}
        elif path.startswith("/api/"):
            body = {"data": "{}", "content_type": "application/json"}
        else:
            body = {"data": {}}
        response = getattr(client, method)(path, headers=headers, **body)
        text = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    return response, text.decode(errors="replace") + str(dict(response.headers))


def crawl(own: World, other: World, client: Client, **headers) -> int:
    calls = 0
    for route in routes():
        for path in fillings(route.path, own, other):
            for method in sorted({"get", "post", *map(str.lower, route.methods)}):
                connection.set_tenant(own.programme)
                response, text = call(client, method, path, **headers)
                calls += 1
                assert response.status_code < 500, f"{method} {path}: {response.status_code}"
                shown = text.replace(f"{other.word}.png", "")  # a path that names a file may come back in a link
                shown = shown.replace(f"Owner {other.word}", "")  # the outsider's own name, in the corner of the page
                assert other.word not in shown, f"{method} {path} shows the other programme"
                assert other.phone.removeprefix("+44") not in shown.replace(" ", ""), f"{method} {path} shows a number"
    return calls


@pytest.mark.parametrize("role", [*Role, "anonymous", "outsider"])
def test_no_page_shows_the_other_programme(worlds, role, client_of, log_lines):
    own, other = worlds
    before = writes_to(other)
    person = own.users.get(role) or (other.users[Role.OWNER] if role == "outsider" else None)
    client = client_of(person, on=own.programme)
    client.raise_request_exception = False
    assert crawl(own, other, client) > 120
    assert writes_to(other) == before
    assert [line for schema, line in log_lines if schema == own.programme.schema_name and other.word in line] == []
    assert [line for _schema, line in log_lines if own.phone in line or other.phone in line] == []


def test_no_api_route_shows_the_other_programme(worlds, log_lines):
    own, other = worlds
    before, own_before = writes_to(other), writes_to(own)
    client = Client(headers={"host": "harbour.localhost"}, raise_request_exception=False)
    assert crawl(own, other, client, **{"X-API-Key": own.api_key}) > 120
    assert writes_to(other) == before
    assert writes_to(own) > own_before  # or the line above could not fail
    response = client.get("/api/v1/customers/", headers={"X-API-Key": other.api_key})
    assert response.status_code == 401
    assert client.get("/api/v1/customers/", headers={"X-API-Key": own.api_key}).status_code == 200


def test_files_and_cache_belong_to_one_programme(worlds):
    own, other = worlds
    assert cache.get("word") == own.word
    assert default_storage.exists(f"brand/{own.word}.png")
    assert not default_storage.exists(f"brand/{other.word}.png")
    assert own.programme.schema_name in default_storage.path("brand/x.png")


@pytest.mark.parametrize("role", [*Role, "anonymous"])
def test_no_page_of_the_public_host_shows_a_programme_to_who_is_no_member(worlds, role, log_lines):
    own, other = worlds
    client = Client(headers={"host": "localhost"}, raise_request_exception=False)
    connection.set_schema_to_public()
    if role in own.users:
        client.force_login(own.users[role])
    seen = ""
    for route in all_routes():
        if route.host != "public" or route.is_admin or NOT_CRAWLED.search(route.path) or "(?P" in route.path:
            continue
        path = re.sub(r"<[^>]+>", "meadow" if "<slug:slug>" in route.path else other.codes["membership"], route.path)
        connection.set_schema_to_public()
        response, text = call(client, "get", path)
        assert response.status_code < 500, path
        assert other.word not in text, f"{path} shows the other programme"
        seen += text
    assert (own.word in seen) == (role in own.users)


def test_jobs_of_one_programme_leave_the_other_alone(worlds):
    own, other = worlds
    same_number = 10**9  # of a job here and of one there
    for world in worlds:
        with tenant_context(world.programme):
            Job.objects.filter(code=world.codes["job"]).update(id=same_number)
    before = writes_to(other)
    with tenant_context(own.programme):
        for kind in DUE_WORK:
            run_due(kind)
    run_in_programme(own.programme.schema_name, "workspace.actions.jobs.run_job", json.dumps({"job_id": same_number}))
    assert writes_to(other) == before
    with tenant_context(own.programme):
        assert Job.objects.get(pk=same_number).state == Job.State.DONE

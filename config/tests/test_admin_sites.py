"""Both admin sites: every page of every registered model opens, for those who may, and for nobody else."""

import re
from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule

from core.actor import SYSTEM
from core.permissions import Role
from customers.actions.stock import StockLine, create_location, receive_stock
from customers.models import (
    Archetype,
    AttributeDefinition,
    BulkRun,
    ConsentRecord,
    Customer,
    CustomerFacts,
    CustomerTag,
    Event,
    Identifier,
    ImportRun,
    Note,
    Order,
    OrderLine,
    Product,
    Refund,
    RefundLine,
    SavedView,
    Tag,
)
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_customers import note_number
from loyalty.actions.affiliate_payouts import make_payout
from loyalty.actions.affiliates import AffiliateValues, create_affiliate
from loyalty.actions.points import add_points
from loyalty.actions.stamps import give_stamps
from loyalty.actions.tiers import set_tier
from loyalty.models import (
    AdjustmentRequest,
    AffiliateDay,
    AffiliateSettings,
    CoVisit,
    CrossPromotion,
    EarningRate,
    EarningRule,
    FinalLine,
    FinalStatement,
    Leaving,
    LoyaltySettings,
    PointAge,
    PointDay,
    Recommendation,
    RecommenderSettings,
    Referral,
    ReferralCode,
    ReferralSettings,
    Reward,
    SettlementLine,
    SettlementMonth,
    StampCard,
    Tier,
)
from messaging.models import InboundMessage, OutboundMessage, SmsConnection, Suppression
from messaging.models_webhooks import WebhookDelivery, WebhookEndpoint
from programs.actions.api_sessions import open_session
from programs.admin_sites import platform_site, programme_site
from programs.models import (
    BusinessInvitation,
    DueWork,
    Invitation,
    JoinRequest,
    JoinSettings,
    PlatformAuditEntry,
    Programme,
    User,
)
from workspace.actions import audit
from workspace.models import ApiClient, AuditEntry, Job, TillDevice

SECRET = "whsec_marzipan"
MODELS_OF = {site.name: sorted(site._registry, key=lambda m: m._meta.label) for site in (platform_site, programme_site)}


@pytest.fixture
def staff(db):
    person = User.objects.create_superuser("root@example.com", "correct horse battery", name="Root")
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


@pytest.fixture
def platform(public_client, staff):
    public_client.force_login(staff)
    return public_client


@pytest.fixture
def platform_rows(programme, owner, staff, now):
    Invitation.objects.create(
        programme=programme, email="new@example.com", role=Role.ANALYST, token_digest=b"x" * 32, invited_by=owner,
        expires_at=now,
    )  # fmt: skip
    JoinSettings.objects.create(programme=programme, seed="s", code_digest=b"j" * 32, made_at=now)
    BusinessInvitation.objects.create(
        programme=programme, name="Fern", email="i@example.com", points_per_unit=1, token_digest=b"z" * 32,
        expires_at=now,
    )  # fmt: skip
    JoinRequest.objects.create(
        programme=programme, user=owner, name="Fern", contact_person="I", email="i@example.com", category="cafe",
        points_per_unit=1,
    )  # fmt: skip
    DueWork.objects.create(programme=programme, kind="test.kind", next_due_at=now)
    PlatformAuditEntry.objects.create(actor="user:1", actor_label="Root", action="programs.test", programme=programme)
    open_session(user=owner, programme=programme, now=now)
    OrmQ.objects.create(key="regulars", payload="signed", lock=now)
    Failure.objects.create(id="a" * 32, name="one", func="x.y", started=now, stopped=now, success=False, result="boom")
    Schedule.objects.create(name="test", func="x.y")
    connection.set_schema_to_public()


@pytest.fixture
def programme_rows(programme, business, make_key, now):

    key = make_key("write")
    sale = {
        "business_id": business.code,
        "customer_phone_number": "020 7946 0099",
        "amount_spent": "9",
        "order_ref": "s",
    }
    till = Client(headers={"host": "harbour.localhost", "x-api-key": key.secret})
    earned = till.post("/api/v1/transactions/add-points", sale, content_type="application/json")
    assert earned.status_code == 201, earned.content
    claim = {**sale, "points_to_redeem": 5, "reward_description": "Cake"}
    del claim["amount_spent"], claim["order_ref"]
    held = till.post("/api/v1/claims/", claim, content_type="application/json", headers={"idempotency-key": "h"})
    assert held.status_code == 201, held.content
    OutboundMessage.objects.create(
        channel="sms", purpose="one_time_code", recipient="+442079460099", body="482731", dedupe_key="code:1"
    )
    InboundMessage.objects.create(provider="twilio", provider_id="SM1", sender="+442079460099", body="Thanks")
    EarningRate.objects.get_or_create(business=business)
    EarningRule.objects.create(name="Double", effect="multiply", factor=2)
    Reward.objects.create(name="Any coffee", points=50)
    card = StampCard.objects.create(name="Coffee card", gives="A free coffee", stamps=2)
    tier = Tier.objects.create(name="Silver", rank=1, threshold=100)
    member = Customer.objects.get(phone="+442079460099")
    set_tier(customer_id=member.pk, tier=tier.code, until=None, reason="A friend", actor=SYSTEM, now=now)
    AdjustmentRequest.objects.create(customer=member, points=9, reason="Sorry", asked_by="user:1", key="k")
    Referral.objects.create(
        referrer_id=member.pk, friend_phone="+442079460077", channel="api", referrer_points=1, friend_points=1,
        min_spend=0, expires_at=now,
    )  # fmt: skip
    ReferralCode.objects.create(account_id=member.pk, code="ABCD2345")
    ReferralSettings.objects.create()
    _affiliate(business, now)
    give_stamps(card=card.code, customer_id=member.pk, stamps=2, key="stamps", actor=SYSTEM, now=now)
    leaving = Leaving.objects.create(business=business, state="cancelled", last_day=now.date())
    FinalStatement.objects.create(
        leaving=leaving, business=business, business_name="Quayside", last_day=now.date(), point_value=1,
        currency="GBP", way="paid", points=1, amount=1, digest="d", closed_at=now,
    )  # fmt: skip
    FinalLine.objects.create(
        statement_id=leaving.pk, month=now.date(), debtor=business, points=5, amount=1, debtor_name="Quayside"
    )
    _counted(business, now)
    _connected(now)
    audit.record(SYSTEM, "workspace.test.done")
    job = Job.objects.create(kind="test", key="1", lease_until=now)
    TillDevice.objects.create(name="Till", business=business, token_digest=b"y" * 32)
    customer = Customer.objects.create(first_name="Ada", phone="+442079460018")
    Identifier.objects.create(customer=customer, kind="phone", value=customer.phone)
    Archetype.objects.create(found_name="Loyal regulars", place=1, found_at=now)
    CustomerFacts.objects.create(customer=customer)
    Note.objects.create(customer=customer, text="Likes oat milk", author="user:1", author_label="Ada")
    SavedView.objects.create(name="Regulars", query="member=yes")
    BulkRun.objects.create(act="tag", upper_id=1, actor="user:1", actor_label="Ada")
    CustomerTag.objects.create(customer=customer, tag=Tag.objects.create(name="Regular"), actor="user:1")
    AttributeDefinition.objects.create(key="size", label="Size", kind="number")
    product = Product.objects.create(sku="MUG", title="Mug", price=4)
    place = create_location(business_id=business.pk, name="Shop", actor=SYSTEM, now=now)
    receive_stock(location=place, lines=[StockLine(product.pk, Decimal(3))], actor=SYSTEM, now=now)
    order = Order.objects.create(
        business=business, customer=customer, source="api", reference="1", placed_at=now, total=8
    )
    Recommendation.objects.create(
        customer=customer, rule="inactive", is_held=False, channel="api", at_target=False, made_at=now,
        counts_from=now, ends_at=now,
    )  # fmt: skip
    CrossPromotion.objects.create(other=business, verdict="always")
    CoVisit.objects.create(
        business=business, other=business, both=1, here=1, there=1, everybody=1, low=0.2, learned_at=now
    )
    OrderLine.objects.create(order=order, position=1, product=product, quantity=2, unit_price=4, total=8)
    refund = Refund.objects.create(
        business=business, source="api", reference="r1", refunded_at=now, total=4, order=order
    )
    RefundLine.objects.create(refund=refund, position=1, product=product, quantity=1, unit_price=4, total=4)
    Event.objects.create(name="customers.order.placed", customer=customer, business_id=business.pk, occurred_at=now)
    ConsentRecord.objects.create(
        customer=customer, channel="sms", purpose="marketing", is_granted=True, source="till", wording="v1", actor="x:1"
    )
    ImportRun.objects.create(kind="orders", business=business, file_name="a.csv", path="x", digest="d", job=job,
                             encoding="utf-8", delimiter=",")  # fmt: skip


def _affiliate(business, now):
    """One who was clicked, whose customer bought, and who is paid for it."""
    AffiliateSettings.objects.create()
    values = AffiliateValues(name="Blog", link_code="blog", percent=Decimal(10), hold_days=0)
    affiliate = create_affiliate(values=values, actor=SYSTEM)
    AffiliateDay.objects.create(affiliate=affiliate, day=now.date(), clicks=1)
    asked = {"phone": "020 7946 0088", "actor": SYSTEM, "now": now}
    note_number(link_code="blog", channel="api", **asked)
    add_points(business=business.pk, amount=Decimal(50), key="came", placed_at=now, **asked)
    settle_orders(list(Order.objects.values_list("pk", flat=True)), now=now)
    make_payout(affiliate=affiliate.code, actor=SYSTEM, now=now)


def _counted(business, now):
    """What reports and settlement keep."""
    LoyaltySettings.objects.get_or_create(pk=1)
    RecommenderSettings.objects.create(name="inactive")
    PointDay.objects.create(day=now.date(), issuer=business, business=business, flow=PointDay.Flow.values[0], points=3)
    PointAge.objects.create(issuer=business, age=0, outstanding=3)
    month = SettlementMonth.objects.create(
        month=now.date().replace(day=1), point_value=1, currency="GBP", digest="d", actor="user:1", closed_at=now
    )
    SettlementLine.objects.create(month=month, debtor=business, debtor_name="Quayside", points=5, amount=1)


def _connected(now):
    """What sends, with secrets that no page shows, and who gets nothing."""
    Suppression.objects.create(channel="sms", address="+442079460099", reason="stop")
    SmsConnection.objects.create(provider="twilio", sender="+442079460000", sealed=SECRET)
    endpoint = WebhookEndpoint.objects.create(url="https://a.example/hook", secret=SECRET, previous_secret=SECRET)
    WebhookDelivery.objects.create(endpoint=endpoint, event_type="customers.order.placed")


def open_all(client, model, may_add):
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    listing = client.get(base, {"q": "a"})
    assert listing.status_code == 200, listing
    listing = client.get(base)
    assert listing.status_code == 200
    row = model._default_manager.first()
    assert row is not None, f"this test makes no {model._meta.label}"
    from django.contrib.admin.utils import quote

    page = client.get(f"{base}{quote(row.pk)}/change/")
    assert page.status_code == 200, page
    assert client.get(f"{base}add/").status_code == (200 if may_add else 403)
    assert client.post(f"{base}{quote(row.pk)}/delete/", {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()
    return listing, page


@pytest.mark.parametrize("model", MODELS_OF["platform"], ids=lambda m: m._meta.label)
def test_every_platform_page_opens(model, platform, platform_rows):
    open_all(platform, model, may_add=False)
    assert platform.get("/admin/").status_code == 200


@pytest.mark.parametrize("model", MODELS_OF["programme"], ids=lambda m: m._meta.label)
def test_every_programme_page_opens(model, client_of, owner, programme_rows):
    client = client_of(owner)
    listing, page = open_all(client, model, may_add=programme_site._registry[model].may_add)
    assert client.get("/admin/").status_code == 200
    policy = listing.headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval'" in policy
    assert not re.findall(r"""(?:src|href)=["']https?://""", page.content.decode())


@pytest.mark.parametrize(("role", "status"), [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.MARKETER, 403),
                                              (Role.ANALYST, 403), (Role.CASHIER, 403)])  # fmt: skip
def test_the_membership_decides_on_a_programmes_site(client_of, make_member, business, role, status):
    person = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    assert client_of(person).get("/admin/", follow=True).status_code == status


def test_a_manager_of_one_business_and_an_outsider_and_platform_staff_are_refused(
    client_of, make_member, business, outsider, staff
):
    limited = make_member("kit@example.com", Role.MANAGER, business=business)
    for person in (limited, outsider, staff):
        assert client_of(person).get("/admin/", follow=True).status_code == 403


def test_each_site_is_linked_for_those_who_may_open_it(
    client_of, owner, manager, make_member, business, staff, public_client
):
    limited = make_member("kit@example.com", Role.MANAGER, business=business)
    for person, is_linked in ((owner, True), (manager, True), (limited, False)):
        assert ('href="/admin/"' in client_of(person).get("/settings/").content.decode()) is is_linked
    for person, is_linked in ((staff, True), (owner, False)):
        connection.set_schema_to_public()
        public_client.force_login(person)
        assert ('href="/admin/"' in public_client.get("/programmes/").content.decode()) is is_linked


def test_a_superuser_of_the_command_line_gets_in_with_a_code(db, public_client, run_queue, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery")
    call_command("createsuperuser", email="root@example.com", interactive=False, verbosity=0)
    page = public_client.post(
        "/accounts/login/", {"login": "root@example.com", "password": "correct horse battery"}
    ).url
    run_queue()
    code = next(line for line in mail.outbox[0].body.splitlines() if line.isdigit())
    public_client.post(page, {"code": code})
    assert public_client.get("/admin/programs/programme/").status_code == 200


def test_owners_are_refused_on_the_platform_site_and_nobody_gets_a_log_in_form_there(public_client, owner):
    anonymous = public_client.get("/admin/programs/user/", follow=False)
    assert anonymous.status_code == 302
    public_client.force_login(owner)
    assert public_client.get("/admin/", follow=True).status_code == 403
    assert public_client.get("/admin/programs/user/", follow=True).status_code == 403


def test_a_manager_does_not_see_keys(client_of, manager, make_key):
    make_key()
    client = client_of(manager)
    assert client.get("/admin/workspace/apiclient/").status_code == 403
    assert "apiclient" not in client.get("/admin/").content.decode()


def test_a_key_page_shows_the_prefix_and_no_digest(client_of, owner, make_key):
    issued = make_key()
    page = client_of(owner).get(f"/admin/workspace/apiclient/{issued.client.pk}/change/").content.decode()
    assert issued.key.prefix in page
    assert issued.secret not in page
    assert bytes(issued.key.digest).hex() not in page


def test_a_sent_code_is_not_shown(client_of, owner, programme_rows):
    client = client_of(owner)
    base = "/admin/messaging/outboundmessage/"
    pages = [client.get(base), client.get(f"{base}{OutboundMessage.objects.get().pk}/change/")]
    for page in pages:
        assert "+442079460099" in page.content.decode()
        assert "482731" not in page.content.decode()


@pytest.mark.parametrize("model", [SmsConnection, WebhookEndpoint], ids=lambda m: m.__name__)
def test_secrets_of_connections_are_not_shown(model, client_of, owner, programme_rows):
    for page in open_all(client_of(owner), model, may_add=False):
        assert SECRET not in page.content.decode()


def test_changing_a_customer_goes_through_the_action(client_of, owner, programme_rows):
    customer = Customer.objects.get(first_name="Ada")
    url = f"/admin/customers/customer/{customer.pk}/change/"
    empty = dict.fromkeys(programme_site._registry[Customer].editable, "")
    values = {**empty, "first_name": "Ada", "last_name": "King", "phone": "020 7946 0020"}
    inlines = {
        f"{prefix}-{name}": "0"
        for prefix in ("identifiers", "facts", "scores", "archetype")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    }
    answer = client_of(owner).post(url, {**values, **inlines})
    assert answer.status_code == 302, answer.context["errors"]
    customer.refresh_from_db()
    assert (customer.last_name, customer.phone) == ("King", "+442079460020")
    assert Identifier.objects.get(customer=customer).value == "+442079460020"
    assert AuditEntry.objects.filter(action="customers.customer.changed").count() == 1

    refused = client_of(owner).post(url, {**values, **inlines, "phone": "12"}, follow=True)
    assert "not a complete phone number" in refused.content.decode()
    customer.refresh_from_db()
    assert customer.phone == "+442079460020"


def test_stopping_and_revoking_from_lists(client_of, owner, programme_rows):
    client = client_of(owner)
    job, key = Job.objects.get(kind="test"), ApiClient.objects.get()
    client.post("/admin/workspace/job/", {"action": "stop", "_selected_action": [job.pk]})
    client.post("/admin/workspace/apiclient/", {"action": "revoke", "_selected_action": [key.pk]})
    job.refresh_from_db()
    key.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not key.is_active


def test_lists_cost_the_same_for_more_rows(client_of, owner, programme_rows, business):
    client = client_of(owner)

    def queries(path):
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        return len(captured)

    path = "/admin/customers/order/"
    queries(path)
    before = queries(path)
    for number in range(10):
        customer = Customer.objects.create(first_name=f"C{number}")
        Order.objects.create(
            business=business, customer=customer, source="api", reference=f"n{number}", placed_at=timezone.now(),
            total=Decimal(1),
        )  # fmt: skip
    assert queries(path) == before


def test_a_platform_change_is_audited(platform, programme):
    connection.set_schema_to_public()
    inlines = {
        f"{prefix}-{name}": "0"
        for prefix in ("domains", "memberships")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    }
    answer = platform.post(f"/admin/programs/programme/{programme.pk}/change/", {"name": "Harbour Two", **inlines})
    assert answer.status_code == 302, answer.context["errors"]
    changed = Programme.objects.get(pk=programme.pk)
    assert (changed.name, changed.is_active) == ("Harbour Two", False)
    entry = PlatformAuditEntry.objects.latest("id")
    assert (entry.action, entry.data["fields"]) == ("programs.programme.changed", ["is_active", "name"])
    assert (entry.programme, entry.ip) == (programme, "127.0.0.1")


def test_staff_who_are_no_superusers_change_nothing(public_client, programme):
    connection.set_schema_to_public()
    person = User.objects.create_user("help@example.com", "correct horse battery", is_staff=True)
    public_client.force_login(person)
    url = f"/admin/programs/programme/{programme.pk}/change/"
    assert public_client.get(url).status_code == 200
    assert public_client.post(url, {"name": "Hijacked"}).status_code == 403
    assert not Programme.objects.filter(name="Hijacked").exists()

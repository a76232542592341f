"""A walk through all that a customer can see or be sent, in one language: pages, errors, texts, e-mails, files."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from decimal import Decimal

from django.core import mail
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from config.customer_texts import ERROR_PAGES, ROOT
from core.actor import SYSTEM
from core.errors import NotFound
from customers.actions.consent import record_consent
from customers.models import Customer, Event, Identifier, Order
from loyalty.access_affiliates import report_token
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_payouts import make_payout, mark_paid
from loyalty.actions.affiliates import AffiliateValues, change_affiliate, create_affiliate, switch_affiliate
from loyalty.actions.points import (
    add_points,
    adjust_points,
    capture_hold,
    hold_points,
    redeem_points,
    reverse_transaction,
    transfer_points,
)
from loyalty.actions.recommender_settings import RuleValues, change_rule
from loyalty.actions.referral_settings import ReferralValues, change_referral_settings
from loyalty.actions.referrals import code_of, complete_by_hand
from loyalty.actions.settings import PointSettings, change_point_settings, set_earning_rate
from loyalty.actions.stamps import give_stamps, undo_stamps, use_reward
from loyalty.actions.tiers import set_tier
from loyalty.actions.warnings import warn_members
from loyalty.errors import NotEnoughPoints
from loyalty.models import (
    Account,
    AffiliateCustomer,
    CoVisit,
    CrossPromotion,
    Referral,
    Reward,
    StampCard,
    StampReward,
    Tier,
    Transaction,
)
from loyalty.recommenders import RECOMMENDERS
from messaging.actions.outbox import send_message
from messaging.actions.sign_in import deliver_code
from messaging.models import OneTimeCode, OutboundMessage
from screens.actions.points_texts import text_about_points
from screens.actions.receipts import email_receipt, text_receipt
from screens.reports_movements import describe
from workspace.models import Business, Job

NUMBER, OTHER = "+447700900142", "+447700900143"
# What people and shops wrote: it stays as it is in every language.
WRITTEN = (
    "Harbour", "Quayside", "Priya", "Any coffee", "Bag of beans", "Tasting", "Captain", "Mug", "Poster", "Hot or iced",
    "A cup, please", "Coffee card", "A free cup", "Loaf card", "A loaf", "Mate", "A seat",
    "By mistake", "priya@example.org", "favourite", "oat milk", "joe@example.org", "BLOG", "Joe",
    "Kettle", "Mill Lane", "A tenth off",
    "Texts about their points, after each visit",  # what the till's staff read out
)  # fmt: skip


class Tour:
    """Sees pages and keeps them by a name; `seen_urls` are the names of the URLs of the points page."""

    def __init__(self, programme, business, language: str, clock) -> None:
        self.programme, self.business, self.language, self.clock = programme, business, language, clock
        self.seen: dict[str, str] = {}
        self.seen_urls: set[str] = set()
        self.browser = self.new_browser()

    def new_browser(self, **more) -> Client:
        host = {"host": f"{self.programme.slug}.localhost", "accept-language": self.language}
        return Client(headers=host, raise_request_exception=False, **more)

    def look(self, name: str, response) -> str:
        """Keep what came back; gives its text."""
        match = response.wsgi_request.resolver_match
        if match is not None and match.app_names == ["portal"]:
            self.seen_urls.add(match.url_name)
        if response.streaming or response.headers["Content-Type"].startswith("image/"):
            return ""
        html = response.content.decode()
        if html:
            assert name not in self.seen
            self.seen[name] = html
        return html

    def get(self, path: str, name: str = "", **headers) -> str:
        return self.look(name or f"GET {path}", self.browser.get(path, headers=headers or None))

    def post(self, path: str, data=None, name: str = "") -> str:
        """Post, keep what comes back, and the page that it leads to."""
        response = self.browser.post(path, data or {})
        html = self.look(name or f"POST {path} {data}", response)
        if response.status_code == 303:
            return self.get(response.headers["Location"], f"after {name or path}")
        return html

    # -- the walk -----------------------------------------------------------------------------------------------------

    def walk(self, run_queue) -> None:
        self.be_a_stranger()
        self.be_a_new_member()
        self.collect()
        self.look_around()
        self.stamp()
        self.rise()
        self.be_advised()
        self.bring_friends()
        self.follow_a_partner()
        self.claim()
        self.change_the_account()
        self.download(run_queue)
        self.meet_errors()
        self.be_written_to()
        self.leave()

    def be_a_stranger(self) -> None:
        self.get("/p/sign-in/")
        self.get("/p/app.webmanifest")
        self.get("/p/icon-192-any.png")
        self.post("/p/account/language/", {"language": self.language}, "language of a visitor")
        self.post("/p/account/language/", {"language": "tlh"})
        for typed in ("", "123", "call me"):
            self.post("/p/sign-in/", {"phone": typed, "country": "XX"})
        self.browser.get("/p/code/")
        self.get("/p/sign-in/", "without a request for a code")
        for typed in ({}, {"phone": NUMBER}, {"phone": NUMBER, "pin": "12"}, {"phone": NUMBER, "pin": "7391"}):
            self.post("/p/sign-in/pin/", typed)
        self.get("/p/sign-in/pin/")
        self.post("/p/sign-in/", {"phone": OTHER}, "code for a stranger")
        self.post("/p/code/", {"code": "12"})
        for attempt in range(5):
            self.post("/p/code/", {"code": "123456"}, f"wrong code {attempt}")
        self.post("/p/sign-in/", {"phone": OTHER}, "second code")
        self.post("/p/code/again/", name="third code")
        self.post("/p/code/again/", name="fourth code")

    def be_a_new_member(self) -> None:
        self.customer = Customer.objects.create(first_name="Priya", phone=NUMBER, language=self.language)
        Identifier.objects.create(kind="phone", value=NUMBER, customer=self.customer)
        for channel, purpose in (("sms", "service"), ("email", "service")):
            self.agree(self.customer, channel, purpose)
        self.browser = self.new_browser()
        self.browser.post("/p/sign-in/", {"phone": NUMBER})
        self.post("/p/code/", {"code": self.newest_code()}, "signed in")
        self.get("/p/rewards/", "no rewards")

    def agree(self, customer, channel, purpose) -> None:
        record_consent(
            customer=customer, channel=channel, purpose=purpose, is_granted=True, source="till",
            wording="till-service-1", actor=SYSTEM, now=timezone.now(),
        )  # fmt: skip

    def newest_code(self) -> str:
        request = OneTimeCode.objects.latest("pk")
        deliver_code(request.pk)
        return re.search(r"\d{6}", OutboundMessage.objects.get(dedupe_key=f"code:{request.pk}").body).group()

    def collect(self) -> None:
        """Points of every kind, and rewards in every state."""
        now, shop = timezone.now(), self.business.pk
        set_earning_rate(business_id=shop, points_per_unit=Decimal("1.5"), actor=SYSTEM)
        life = PointSettings(point_value=Decimal("0.01"), expiry_months=1, warning_days=30)
        change_point_settings(settings=life, actor=SYSTEM, now=now)
        mine = {"customer_id": self.customer.pk, "actor": SYSTEM, "now": now}
        self.sale = add_points(business=shop, amount=Decimal("1250.30"), key="a", **mine)
        slip = add_points(business=shop, amount=Decimal(10), key="b", **mine)
        reverse_transaction(transaction=slip.transaction, key="c", reason="By mistake", actor=SYSTEM, now=now)
        redeem_points(business=shop, points=50, reason="A cup, please", key="d", **mine)
        adjust_points(points=7, reason="By mistake", key="e", **mine)
        friend = Customer.objects.create(first_name="Joe", phone=OTHER)
        Identifier.objects.create(kind="phone", value=OTHER, customer=friend)
        add_points(business=shop, amount=Decimal(3), key="h", customer_id=friend.pk, actor=SYSTEM, now=now)
        transfer_points(points=5, key="f", recipient_id=friend.pk, **mine)
        tier = Tier.objects.create(name="Captain", rank=9, threshold=100_000)
        self.coffee = Reward.objects.create(
            name="Any coffee", points=350, stock=3, icon="coffee", description="Hot or iced", member_limit=4,
            ends_at=now + timedelta(days=20),
        )  # fmt: skip
        Reward.objects.create(name="Bag of beans", points=9000, business=self.business, position=1)
        Reward.objects.create(name="Tasting", points=1, tier=tier, position=2)
        self.mug = Reward.objects.create(name="Mug", points=1, stock=0, position=3)
        self.poster = Reward.objects.create(name="Poster", points=1, member_limit=1, position=4)
        redeem_points(business=shop, reward=self.poster.code, key="g", **mine)

    def look_around(self) -> None:
        self.get("/p/")
        for shown in ("", "?show=in", "?show=out"):
            self.get(f"/p/history/{shown}")
        self.get("/p/rewards/")
        for reward in Reward.objects.order_by("position"):
            self.get(f"/p/rewards/{reward.code}/", f"reward {reward.name}")
        self.get("/p/till-code/")

    def stamp(self) -> None:
        """A card that fills up, one that is used, one that is undone."""
        self.get("/p/stamps/", "no stamps")
        now, me = timezone.now(), {"customer_id": self.customer.pk, "actor": SYSTEM, "now": timezone.now()}
        card = StampCard.objects.create(name="Coffee card", gives="A free cup", stamps=3, reward_days=9)
        there = StampCard.objects.create(name="Loaf card", gives="A loaf", stamps=2, business=self.business, position=1)
        first = give_stamps(card=card.code, stamps=2, key="first", **me)
        self.get("/p/", "some stamps")
        undo_stamps(entry=first.entry, key="undo", actor=SYSTEM, now=now)
        give_stamps(card=card.code, stamps=7, key="more", **me)
        give_stamps(card=there.code, stamps=2, key="there", **me)
        use_reward(reward=StampReward.objects.first().code, key="use", business=self.business.pk, actor=SYSTEM, now=now)
        self.get("/p/", "full cards")
        self.get("/p/stamps/")

    def rise(self) -> None:
        """To a tier, and to the highest."""
        mate = Tier.objects.create(name="Mate", rank=8, threshold=50_000, factor=2, benefits="A seat")
        for tier, until in (
            (mate, timezone.localdate() + timedelta(days=90)),
            (Tier.objects.get(name="Captain"), None),
        ):
            set_tier(
                customer_id=self.customer.pk, tier=tier.code, until=until, reason="By mistake", actor=SYSTEM,
                now=timezone.now(),
            )  # fmt: skip
            self.get("/p/", f"as {tier.name}")

    def be_advised(self) -> None:
        """Each rule with all that it can say."""
        balance = Account.objects.get(pk=self.customer.pk).available
        other = Business.objects.create(name="Mill Lane")
        for name in RECOMMENDERS:
            change_rule(name=name, values=RuleValues(hold_back=0), actor=SYSTEM)
        reward = Reward.objects.create(name="Kettle", points=balance + 7)
        self.get("/p/", "near a reward")
        Reward.objects.filter(pk=reward.pk).update(points=balance + 1)
        self.get("/p/", "very near a reward")
        for business, text in ((None, ""), (self.business, ""), (self.business, "A tenth off")):
            CrossPromotion.objects.all().delete()
            CrossPromotion.objects.create(business=business, other=other, verdict="always", text=text)
            self.get("/p/", f"another business {business} {text}")
        CrossPromotion.objects.all().delete()
        facts = {"here": 20, "there": 15, "everybody": 30, "low": 0.4, "learned_at": timezone.now()}
        CoVisit.objects.create(business=self.business, other=other, both=12, **facts)
        self.get("/p/", "learned")
        Order.objects.filter(customer=self.customer).update(placed_at=timezone.now() - timedelta(days=60))
        self.get("/p/", "away for a while")
        reward.delete()

    def bring_friends(self) -> None:
        """The offer in all its forms, the link as a friend sees it, and one who came."""
        code, friend = code_of(self.customer.pk), self.new_browser()
        for place, (mine, theirs, least) in enumerate(((200, 50, 5), (200, 0, 0), (0, 50, 0), (1, 1, 5), (5, 1, 0))):
            values = ReferralValues(
                is_active=True, referrer_points=mine, friend_points=theirs, min_spend=Decimal(least), monthly_limit=None
            )
            change_referral_settings(values=values, actor=SYSTEM)
            self.get("/p/", f"offer {place}")
            self.get("/p/refer/", f"to bring friends {place}")
            self.look(f"invited {place}", friend.get(f"/p/r/{code}/"))
        self.post("/p/refer/", {"phone": OTHER})
        self.post("/p/refer/", {"phone": "12"})
        for name, data in (("no number", {"phone": "12"}), ("coming", {"phone": "+447700900144"})):
            self.look(name, friend.post(f"/p/r/{code}/", data))
        self.look("no invitation", friend.get("/p/r/nothing/"))
        complete_by_hand(code=Referral.objects.get().code, actor=SYSTEM, now=timezone.now())

    def follow_a_partner(self) -> None:
        """The link of an affiliate in all its answers, and the report that they read."""
        terms = AffiliateValues(
            name="Joe", link_code="blog", percent=Decimal("7.5"), hold_days=14, month_cap=Decimal(50)
        )
        partner = create_affiliate(values=terms, actor=SYSTEM)
        friend, report = self.new_browser(), f"/p/partner/{report_token(partner)}/"
        self.look("a partner's first report", friend.get(report))
        self.look("through a partner", friend.get("/p/a/blog/"))
        for name, phone in (("no number for a partner", "12"), ("coming through a partner", "+447700900166")):
            self.look(name, friend.post("/p/a/blog/", {"phone": phone}))
        earlier = timezone.now() - timedelta(days=20)
        came = AffiliateCustomer.objects.create(
            affiliate=partner, customer=Customer.objects.get(phone=OTHER), channel="link", state="active",
            created_at=earlier,
        )  # fmt: skip
        bought = {"customer_id": came.customer_id, "actor": SYSTEM, "now": timezone.now()}
        sale = add_points(business=self.business.pk, amount=Decimal(90), key="blog", placed_at=earlier, **bought)
        settle_orders([Order.objects.get(code=sale.order).pk], now=timezone.now())
        payout = make_payout(affiliate=partner.code, actor=SYSTEM, now=timezone.now())
        self.look("a partner's report", friend.get(report))
        mark_paid(code=payout.code, actor=SYSTEM, now=timezone.now())
        two, five = Decimal(2), Decimal(5)
        rules = (
            AffiliateValues(name="Joe", rule="sale", amount=two, min_spend=five, order_cap=two, orders_limit=3),
            AffiliateValues(name="Joe", rule="customer", amount=two, months_limit=1, hold_days=1),
            AffiliateValues(name="Joe", percent=five, orders_limit=1, months_limit=6),
        )
        for place, values in enumerate(rules):
            change_affiliate(code=partner.code, values=values, actor=SYSTEM)
            self.look(f"a partner's rule {place}", friend.get(report))
        switch_affiliate(code=partner.code, state="paused", actor=SYSTEM)
        self.look("a partner who rests", friend.get(report))
        self.look("through nobody", friend.get("/p/a/blog/"))
        self.look("an old report", friend.get("/p/partner/nothing/"))

    def claim(self) -> None:
        now, me = timezone.now(), {"customer_id": self.customer.pk, "actor": SYSTEM}
        claim = f"/p/rewards/{self.coffee.code}/claim/"
        html = self.post(claim, {"key": "one"}, "a claim")
        code = re.search(r"/p/claims/(\w+)/give-back/", html).group(1)
        self.get("/p/", "with a claim")
        self.post(f"/p/claims/{code}/give-back/", name="given back")
        self.get(f"/p/claims/{code}/", "a claim that was given back")
        used = hold_points(business=None, reward=self.coffee.code, key="two", now=now, **me)
        capture_hold(hold=used.transaction, key="three", business=self.business.pk, actor=SYSTEM, now=now)
        self.get(f"/p/claims/{used.transaction}/", "a claim that was used")
        old = hold_points(business=None, reward=self.coffee.code, key="four", minutes=1, now=now, **me)
        self.clock.shift(120)
        self.get(f"/p/claims/{old.transaction}/", "a claim that ran out")
        self.post(claim, {}, "a claim without a key")
        self.post(f"/p/rewards/{self.mug.code}/claim/", {"key": "five"}, "a claim of nothing")
        self.post(f"/p/rewards/{self.poster.code}/claim/", {"key": "six"}, "a claim too many")
        Reward.objects.filter(pk=self.mug.pk).update(is_active=False)
        self.post(f"/p/rewards/{self.mug.code}/claim/", {"key": "seven"}, "a claim of what is over")

    def change_the_account(self) -> None:
        attributes = {"favourite": "oat milk"}
        Customer.objects.update(email="priya@example.org", birthday="1990-03-14", attributes=attributes)
        self.get("/p/account/")
        self.post("/p/account/", {"service": "on", "email_service": "on"}, "consent")
        self.post("/p/account/language/", {"language": self.language}, "language")
        self.get("/p/account/pin/")
        for pin, again in (("", ""), ("12", "12"), ("1234", "1234"), ("7391", "7392"), ("7391", "7391")):
            self.post("/p/account/pin/", {"pin": pin, "again": again})
        self.get("/p/account/pin/", "another PIN")
        self.get("/p/account/", "with a PIN")
        self.post("/p/account/pin/remove/")

    def download(self, run_queue) -> None:
        self.get("/p/data/")
        self.post("/p/data/start/", name="start")
        job = Job.objects.latest("pk")
        run_queue()
        html = self.get(f"/p/data/?job={job.code}", "ready")
        response = self.browser.get(re.search(r'href="(/p/data/[^"?]+)"', html).group(1))
        self.look("file", response)
        with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
            self.seen["index.html"] = archive.read("index.html").decode()
        Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
        self.get(f"/p/data/?job={job.code}", "failed")

    def meet_errors(self) -> None:
        self.get("/p/nowhere/")
        self.get("/p/rewards/none/")
        self.get("/p/claims/none/")
        self.get("/p/account/pin/remove/", "wrong method")
        refused = self.browser.post(f"/p/rewards/{self.mug.code}x/claim/", {"key": "k"}, headers={"hx-request": "true"})
        self.look("refused to a script", refused)
        too_old = self.new_browser(enforce_csrf_checks=True).post("/p/sign-in/", {})
        self.look("too old", too_old)
        with translation.override(self.language):
            for path in sorted(path for pattern in ERROR_PAGES for path in ROOT.glob(pattern)):
                if path.name != "_standalone.html":
                    for error in (NotEnoughPoints(), NotFound()):
                        context = {"error": error, "switch_url": "/"}
                        name = path.relative_to(ROOT / "templates").as_posix()
                        page = render_to_string(name, context, request=RequestFactory().get("/p/"))
                        self.seen[f"{path.name} {error.code}"] = page
            for kind in Transaction.Kind:
                for reason in ("", "By mistake"):
                    for points in (1, -2):
                        row = Transaction(kind=kind, points=points, reason=reason, response={"held": 3, "pending": 3})
                        self.seen[f"{kind} {reason} {points}"] = describe(row, Decimal(3), "GBP")

    def be_written_to(self) -> None:
        now, entry = timezone.now(), Transaction.objects.get(code=self.sale.transaction)
        text_about_points(events=list(Event.objects.filter(name__startswith="loyalty.")), now=now)
        warn_members(now=now + timedelta(days=5))
        text_receipt(entry=entry, now=now)
        mail.outbox.clear()
        send_message(email_receipt(entry=entry, address="joe@example.org", now=now).pk)
        letter = mail.outbox[0]
        self.seen["letter"] = f"{letter.subject}<br>{letter.body}".replace("\n", "<br>")
        self.seen["letter as a page"] = letter.alternatives[0].content
        self.browser.post("/p/delete/")
        self.code_to_delete = self.newest_code()
        for place, body in enumerate(OutboundMessage.objects.order_by("pk").values_list("body", flat=True)):
            self.seen[f"message {place}"] = body.replace("\n", "<br>")

    def leave(self) -> None:
        self.get("/p/delete/")
        self.get("/p/delete/confirm/")
        wrong = f"{(int(self.code_to_delete) + 1) % 10**6:06d}"
        self.post("/p/delete/confirm/", {"code": wrong}, "wrong code to delete")
        self.post("/p/delete/confirm/", {"code": self.code_to_delete}, "deleted")
        self.post("/p/sign-out/", name="sign out without a session")

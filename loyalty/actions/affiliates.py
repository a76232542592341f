"""Affiliates as staff keep them: who they are, their code and rule, if they bring people, the link of their report.

A change holds for sales from then on; what was sold keeps the rule of its day.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.codes import random_code
from core.hosts import origin
from core.money import check_amount
from core.phones import parse_phone
from core.tenancy import active_programme
from loyalty.access_affiliates import get_affiliate, report_token
from loyalty.affiliate_rules import CODE, PERCENT, spelled
from loyalty.errors import AffiliateCodeTaken
from loyalty.models import Affiliate, AffiliateSettings, ReferralCode
from loyalty.models.affiliates import Rule
from loyalty.values import changes_between, check, clean_line, plain_of
from programs.actions.programmes import host_of
from workspace.actions import audit

CODE_LENGTH = 8  # of 31 letters: 40 bits
MAX_DAYS = 366
MAX_AFFILIATES = 500  # a page shows all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class AffiliateValues:
    """What a person decides; see Affiliate. `link_code` empty: one is made, or stays. None is no limit."""

    name: str
    email: str = ""
    phone: str = ""
    website: str = ""
    link_code: str = ""
    rule: str = PERCENT
    percent: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    min_spend: Decimal = Decimal(0)
    orders_limit: int | None = None
    months_limit: int | None = None
    order_cap: Decimal | None = None
    month_cap: Decimal | None = None
    window_days: int = 30
    hold_days: int = 30

    def checked(self) -> AffiliateValues:
        """As they are kept. Raises InvalidInput and InvalidPhone at the first field that is wrong."""
        programme = active_programme()
        name = clean_line(self.name, 120, "name")
        check(bool(name), "name", _("Give the affiliate a name."))
        check(self.rule in Rule.values, "rule", _("Choose one of the rules."))
        is_percent = self.rule == PERCENT
        if is_percent:
            right = self.percent.is_finite() and 0 < self.percent <= 100
            check(right and self.percent == round(self.percent, 2), "percent", _("Enter a percentage up to 100."))
        else:
            check_amount(self.amount, programme.currency, field="amount")
        for field in ("min_spend", "order_cap", "month_cap"):
            amount = getattr(self, field)
            if amount is not None and (amount or field != "min_spend"):
                check_amount(amount, programme.currency, field=field)
        for field, most in (("orders_limit", 1000), ("months_limit", 120)):
            number = getattr(self, field)
            text = _("Enter between 1 and %(most)d, or nothing.") % {"most": most}
            check(number is None or 1 <= number <= most, field, text)
        check(1 <= self.window_days <= MAX_DAYS, "window_days", _("Enter between 1 and 366 days."))
        check(0 <= self.hold_days <= MAX_DAYS, "hold_days", _("Enter up to 366 days."))
        code = spelled(self.link_code)
        check(not code or bool(CODE.fullmatch(code)), "link_code", _("Enter 4 to 24 letters, digits and hyphens."))
        return AffiliateValues(
            name=name,
            email=_checked_email(self.email),
            phone=parse_phone(self.phone, programme.country, field="phone") if self.phone.strip() else "",
            website=checked_website(self.website),
            link_code=code,
            rule=self.rule,
            percent=self.percent if is_percent else Decimal(0),
            amount=Decimal(0) if is_percent else self.amount,
            min_spend=self.min_spend,
            orders_limit=1 if self.rule == Rule.CUSTOMER else self.orders_limit,
            months_limit=self.months_limit,
            order_cap=self.order_cap,
            month_cap=self.month_cap,
            window_days=self.window_days,
            hold_days=self.hold_days,
        )


def create_affiliate(*, values: AffiliateValues, actor: Actor) -> Affiliate:
    """Raises InvalidInput, also when there are MAX_AFFILIATES, AffiliateCodeTaken, and PermissionRefused for people
    limited to one business.
    """
    actor.check_sees_all()
    kept = values.checked()
    text = _("There are as many affiliates as a programme can have. Change one that has ended.")
    check(Affiliate.objects.count() < MAX_AFFILIATES, "name", text)
    with transaction.atomic():
        affiliate = Affiliate(**{**asdict(kept), "link_code": kept.link_code or random_code(CODE_LENGTH)})
        _save(affiliate)
        audit.record(actor, "loyalty.affiliate.created", subject=_subject(affiliate), data={"name": affiliate.name})
    return affiliate


def change_affiliate(*, code: str, values: AffiliateValues, actor: Actor) -> Affiliate:
    """Raises UnknownAffiliate and what `create_affiliate` raises."""
    actor.check_sees_all()
    kept = values.checked()
    with transaction.atomic():
        affiliate = get_affiliate(code, write=True)
        before = plain_of(values_of(affiliate))
        for name, value in asdict(kept).items():
            if name != "link_code" or value:
                setattr(affiliate, name, value)
        changed = changes_between(before, plain_of(values_of(affiliate)))
        if changed:
            _save(affiliate)
            # Who they are is theirs: the log says that it changed.
            said = {field: {} if field in ("email", "phone") else change for field, change in changed.items()}
            audit.record(actor, "loyalty.affiliate.changed", subject=_subject(affiliate), data={"changes": said})
    return affiliate


def switch_affiliate(*, code: str, state: str, actor: Actor) -> Affiliate:
    """Active, paused (nobody new) or ended (no sale earns any more); the same again changes nothing."""
    actor.check_sees_all()
    check(state in Affiliate.State.values, "state", _("Choose one of the states."))
    with transaction.atomic():
        affiliate = get_affiliate(code, write=True)
        if affiliate.state != state:
            before, affiliate.state = affiliate.state, state
            affiliate.save(update_fields=["state"])
            data = {"changes": {"state": {"before": before, "after": state}}}
            audit.record(actor, "loyalty.affiliate.changed", subject=_subject(affiliate), data=data)
    return affiliate


def renew_report_link(*, code: str, actor: Actor) -> Affiliate:
    """End the link of the private report; there is another one."""
    actor.check_sees_all()
    with transaction.atomic():
        affiliate = get_affiliate(code, write=True)
        affiliate.report_version += 1
        affiliate.save(update_fields=["report_version"])
        audit.record(actor, "loyalty.affiliate.link_renewed", subject=_subject(affiliate))
    return affiliate


def affiliate_settings() -> AffiliateSettings:
    """The programme's, or the defaults. One query."""
    return AffiliateSettings.objects.first() or AffiliateSettings()


def change_affiliate_settings(*, website: str, daily_review: int, actor: Actor) -> AffiliateSettings:
    """Where links may lead besides this host, and from how many sign-ups in a day on a person looks first."""
    actor.check_sees_all()
    check(1 <= daily_review <= 1000, "daily_review", _("Enter between 1 and 1,000."))
    after = {"website": checked_website(website), "daily_review": daily_review}
    with transaction.atomic():
        AffiliateSettings.objects.get_or_create(pk=1)
        settings = AffiliateSettings.objects.select_for_update().get(pk=1)
        changed = changes_between({name: getattr(settings, name) for name in after}, after)
        if changed:
            settings.website, settings.daily_review = str(after["website"]), daily_review
            settings.save()
            audit.record(actor, "loyalty.affiliates.changed", subject="affiliates", data={"changes": changed})
    return settings


def values_of(affiliate: Affiliate) -> AffiliateValues:
    return AffiliateValues(**{name: getattr(affiliate, name) for name in AffiliateValues.__dataclass_fields__})


def tracked_link(affiliate: Affiliate) -> str:
    """What the affiliate passes on: a page of this programme's host."""
    return f"{origin(host_of(active_programme().slug))}/p/a/{affiliate.link_code.lower()}/"


def report_link(affiliate: Affiliate) -> str:
    """The affiliate's private report."""
    return f"{origin(host_of(active_programme().slug))}/p/partner/{report_token(affiliate)}/"


def checked_website(text: str) -> str:
    """An https address, without a user, or "". Raises InvalidInput."""
    url = text.strip()
    if not url:
        return ""
    url = url if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", url) else f"https://{url}"
    refusal = _("Enter an address such as https://www.example.com.")
    try:
        URLValidator(schemes=["https"])(url)
        parts = urlsplit(url)
    except (ValidationError, ValueError):
        check(False, "website", refusal)
        raise
    check(len(url) <= 200 and "@" not in parts.netloc, "website", refusal)
    return url


def _checked_email(text: str) -> str:
    email = text.strip()
    if email:
        try:
            EmailValidator()(email)
        except ValidationError:
            check(False, "email", _("Enter a whole e-mail address."))
    return email


def _save(affiliate: Affiliate) -> None:
    if ReferralCode.objects.filter(code=affiliate.link_code).exists():
        raise AffiliateCodeTaken(field="link_code")
    try:
        with transaction.atomic():
            affiliate.save()
    except IntegrityError as clash:
        raise AffiliateCodeTaken(field="link_code") from clash


def _subject(affiliate: Affiliate) -> str:
    return f"affiliate:{affiliate.code}"

"""What the programme gives points for: making, changing, ordering, switching and deleting earning rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput, PermissionRefused
from core.money import MAX_AMOUNT, quantise
from core.tenancy import active_programme
from loyalty.access import get_rule
from loyalty.errors import RuleInUse
from loyalty.models import EarningRule, Tier
from loyalty.rules import MAX_POINTS
from loyalty.values import changes_between, check, clean_line, fields_of, lower_words, place_in, plain_of
from workspace.actions import audit
from workspace.models import Business

MAX_RULES = 200  # each of them is looked at with each sale
MAX_FACTOR = 100
MAX_CATEGORIES = 50
MAX_PRODUCTS = 200
MAX_BIRTHDAY_DAYS = 30
MAX_TIMES = 1000
ACTION_WORD = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_CENT = Decimal("0.01")
NO_SUCH_TIER = _("There is no such tier.")

Trigger, Effect, Per = EarningRule.Trigger, EarningRule.Effect, EarningRule.Per

# Which conditions the ledger looks at, by what sets a rule off. Another one would be a promise that nobody keeps.
CONDITIONS: dict[str, frozenset[str]] = {
    Trigger.SALE: frozenset({
        "business_id", "tier_id", "categories", "products", "min_spend", "weekdays", "from_time", "to_time",
        "starts_on", "ends_on", "is_first_purchase", "birthday_days",
    }),
    Trigger.JOIN: frozenset({"starts_on", "ends_on"}),
    Trigger.BIRTHDAY: frozenset({"business_id", "tier_id", "starts_on", "ends_on"}),
    Trigger.ACTION: frozenset({"business_id", "starts_on", "ends_on"}),
}  # fmt: skip
_OF_LINES = frozenset({"categories", "products", "min_spend"})  # a cap is about the whole sale


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleValues:
    """What a person decides about a rule; see EarningRule for what each field means. Money is the programme's."""

    name: str
    effect: str
    trigger: str = Trigger.SALE
    factor: Decimal | None = None
    points: int | None = None
    stacks: bool = False
    per: str = ""
    per_limit: int | None = None
    action: str = ""
    business_id: int | None = None
    tier_id: int | None = None
    categories: Sequence[str] = ()
    products: Sequence[str] = ()
    min_spend: Decimal = Decimal(0)
    weekdays: Sequence[int] = ()
    from_time: time | None = None
    to_time: time | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    is_first_purchase: bool = False
    birthday_days: int | None = None

    def cleaned(self, currency: str) -> RuleValues:
        """The same, normalised. Raises InvalidInput at the first field that is wrong."""
        check(self.trigger in Trigger.values, "trigger", _("There is no such occasion."))
        check(self.effect in Effect.values, "effect", _("There is no such effect."))
        _check_effect(self)
        _check_times(self)
        _check_conditions(self)
        _check_days(self)
        _check_spend(self, currency)
        name = clean_line(self.name, 80, "name")
        check(bool(name), "name", _("Give the rule a name. Members read it."))
        many = _("These are too many for one rule. Make a second one.")
        return replace(
            self,
            name=name,
            action=self.action.strip().lower(),
            stacks=self.stacks and self.factor is not None and self.factor > 1,
            categories=lower_words(self.categories, most=MAX_CATEGORIES, length=120, field="categories", too_many=many),
            products=lower_words(self.products, most=MAX_PRODUCTS, length=64, field="products", too_many=many),
            weekdays=tuple(sorted(set(self.weekdays))),
        )


def values_of(rule: EarningRule) -> RuleValues:
    """What was decided about a stored rule."""
    values: dict[str, Any] = {}
    for name in RuleValues.__dataclass_fields__:
        value = getattr(rule, name)
        values[name] = tuple(value) if isinstance(value, list) else value
    return RuleValues(**values)


def create_rule(*, values: RuleValues, actor: Actor) -> EarningRule:
    """Make a rule, active at once, the last in the order.

    Raises InvalidInput, also when there are MAX_RULES, and PermissionRefused where the actor is limited to a business.
    """
    values = values.cleaned(active_programme().currency)
    with transaction.atomic():
        _lock_order()
        last = EarningRule.objects.order_by("position", "pk").last()
        if EarningRule.objects.count() >= MAX_RULES:
            raise InvalidInput(_("There are as many rules as a programme can have. Delete one that is over."))
        check_places(values, actor)
        rule = EarningRule.objects.create(**fields_of(values), position=last.position + 1 if last else 0)
        _record(actor, "created", rule, {"after": _plain(values)})
    return rule


def change_rule(*, code: str, values: RuleValues, actor: Actor) -> EarningRule:
    """Change a rule; sales and bonuses from now on go by it, those before keep their points.

    What sets it off and what it does stay: a bonus does not become a multiplier. Raises InvalidInput, NotFound, and
    PermissionRefused for a rule of others.
    """
    values = values.cleaned(active_programme().currency)
    with transaction.atomic():
        rule = get_rule(actor, code, write=True)
        check(values.trigger == rule.trigger, "trigger", _("Make a new rule for another occasion."))
        check(values.effect == rule.effect, "effect", _("Make a new rule for another effect."))
        before = _plain(values_of(rule))
        check_places(values, actor, known_tier_id=rule.tier_id)
        for name, value in fields_of(values).items():
            setattr(rule, name, value)
        rule.save()
        changed = changes_between(before, _plain(values))
        if changed:
            _record(actor, "changed", rule, {"changes": changed})
    return rule


def switch_rule(*, code: str, is_active: bool, actor: Actor) -> EarningRule:
    """Switch a rule on or off. Raises NotFound, and PermissionRefused for a rule of others."""
    with transaction.atomic():
        rule = get_rule(actor, code, write=True)
        if rule.is_active != is_active:
            rule.is_active = is_active
            rule.save(update_fields=["is_active", "updated_at"])
            _record(actor, "switched_on" if is_active else "switched_off", rule)
    return rule


def place_rule(*, code: str, place: int, actor: Actor) -> None:
    """Move a rule to `place` (from 1; beyond the last is last). Of several rules for one action the first one counts.

    The order is the whole programme's. Raises NotFound, and PermissionRefused for people limited to a business.
    """
    if actor.business_id is not None:
        raise PermissionRefused(_("The order holds for all businesses. Ask somebody who sees all of them."))
    with transaction.atomic():
        _lock_order()
        moved = get_rule(actor, code, write=True)
        rules = list(EarningRule.objects.select_for_update().order_by("position", "pk"))
        places = place_in(rules, moved, place)
        if places["after"] != places["before"]:
            _record(actor, "moved", moved, places)


def delete_rule(*, code: str, actor: Actor) -> None:
    """Delete a rule. What sales earned by it stays explained: they carry a copy of it.

    Raises RuleInUse for one that gave a bonus (switch it off instead), NotFound and PermissionRefused.
    """
    with transaction.atomic():
        rule = get_rule(actor, code, write=True)
        if rule.bonuses.exists():
            raise RuleInUse(rule=rule.code)
        _record(actor, "deleted", rule, {"before": _plain(values_of(rule))})
        rule.delete()


# -- checks -----------------------------------------------------------------------------------------------------------


def _check_effect(values: RuleValues) -> None:
    """Each effect has its number, and only a sale can be multiplied or capped."""
    if values.effect != Effect.BONUS:
        check(values.trigger == Trigger.SALE, "effect", _("Only sales can be multiplied or capped: give a bonus."))
    if values.effect == Effect.MULTIPLY:
        factor = values.factor
        check(
            factor is not None and factor.is_finite() and 0 <= factor <= MAX_FACTOR and factor != 1,
            "factor",
            _("Enter how many times the points: 2 doubles them, 0 gives none. Up to 100, and not 1."),
        )
        check(factor is not None and factor == factor.quantize(_CENT), "factor", _("Enter at most 2 digits."))
        check(values.points is None, "points", _("A multiplier gives no fixed points."))
        # "Spend 50 and get fewer points": giving goods back would then give points.
        check(
            factor is None or factor > 1 or not values.min_spend,
            "min_spend",
            _("A rule that lowers points cannot ask for an amount: who spends more would get less."),
        )
        return
    check(values.factor is None, "factor", _("Only a multiplier has a factor."))
    check(
        values.points is not None and 1 <= values.points <= MAX_POINTS, "points", _("Enter whole points, more than 0.")
    )


def _check_times(values: RuleValues) -> None:
    """How much in what time (a cap), or how often (an action)."""
    if values.effect == Effect.CAP:
        check(
            values.per in (Per.SALE, Per.DAY, Per.MONTH), "per", _("Say whether that is for a sale, a day or a month.")
        )
        check(values.per_limit is None, "per_limit", _("A cap counts points, not times."))
    elif values.trigger == Trigger.ACTION:
        check(values.per in ("", Per.DAY, Per.MONTH, Per.EVER), "per", _("Say in what time: a day, a month or ever."))
        check(not values.per_limit or bool(values.per), "per", _("Say in what time a member gets it so often."))
        check(not values.per or values.per_limit is not None, "per_limit", _("Say how often a member gets it."))
        check(
            values.per_limit is None or 1 <= values.per_limit <= MAX_TIMES,
            "per_limit",
            _("Enter a number between 1 and 1,000."),
        )
    else:
        check(not values.per, "per", _("Only caps and actions count in a time."))
        check(values.per_limit is None, "per_limit", _("Only actions count how often."))
    is_named = ACTION_WORD.fullmatch(values.action.strip().lower()) is not None
    if values.trigger == Trigger.ACTION:
        check(is_named, "action", _("Enter one word of small letters, digits and hyphens, such as review."))
    else:
        check(not values.action, "action", _("Only a rule for an action names one."))


def _check_conditions(values: RuleValues) -> None:
    known = CONDITIONS[values.trigger] - (_OF_LINES if values.effect == Effect.CAP else frozenset())
    for name in sorted(CONDITIONS[Trigger.SALE] - known):
        check(
            not _is_set(getattr(values, name)),
            name.removesuffix("_id"),
            _("This condition is not looked at by such a rule."),
        )


def _is_set(value: object) -> bool:
    """Whether a condition holds anybody up; a birthday of 0 days around does, an amount of 0 does not."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value is not None
    return bool(value)


def _check_days(values: RuleValues) -> None:
    check(all(1 <= day <= 7 for day in values.weekdays), "weekdays", _("Days go from 1, Monday, to 7, Sunday."))
    if values.from_time is None or values.to_time is None:
        check(values.to_time is None, "from_time", _("Say from when."))
        check(values.from_time is None, "to_time", _("Say until when."))
    check(
        values.from_time is None or values.from_time != values.to_time,
        "to_time",
        _("Choose an end that is not the start. Before the start is the next day."),
    )
    for name in ("from_time", "to_time"):
        check(getattr(getattr(values, name), "tzinfo", None) is None, name, _("Write the time of day alone."))
    check(
        values.starts_on is None or values.ends_on is None or values.starts_on <= values.ends_on,
        "ends_on",
        _("The last day is before the first."),
    )
    check(
        values.birthday_days is None or 0 <= values.birthday_days <= MAX_BIRTHDAY_DAYS,
        "birthday_days",
        _("Enter a number of days between 0, the day itself, and 30."),
    )


def _check_spend(values: RuleValues, currency: str) -> None:
    spend = values.min_spend
    check(spend.is_finite() and 0 <= spend <= MAX_AMOUNT, "min_spend", _("Enter an amount, or 0 for any."))
    check(spend == quantise(spend, currency), "min_spend", _("The amount has too many digits after the point."))


def check_places(values: RuleValues, actor: Actor, *, known_tier_id: int | None = None) -> None:
    """The business and the tier exist; who is limited to a business makes rules for it alone."""
    if actor.business_id is not None and values.business_id != actor.business_id:
        raise PermissionRefused(_("You can make rules for your own business. Ask somebody who sees all of them."))
    if values.business_id is not None:
        shops = Business.objects.visible_to(actor)
        check(shops.filter(pk=values.business_id).exists(), "business", _("There is no such business."))
    if values.tier_id is not None and values.tier_id != known_tier_id:
        tiers = Tier.objects.filter(pk=values.tier_id, is_active=True)
        check(tiers.exists(), "tier", NO_SUCH_TIER)


# -- rows -------------------------------------------------------------------------------------------------------------


def _lock_order() -> None:
    """Two people who make or move rules at the same time do it one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"rules:{active_programme().schema_name}"]
        )


def _plain(values: RuleValues) -> dict[str, Any]:
    """The values for the audit log: JSON-safe, business and tier by name."""
    plain = plain_of(values)
    business_id, tier_id = plain.pop("business_id"), plain.pop("tier_id")
    plain["business"] = Business.objects.filter(pk=business_id).values_list("code", flat=True).first()
    plain["tier"] = Tier.objects.filter(pk=tier_id).values_list("code", flat=True).first()
    return plain


def _record(actor: Actor, what: str, rule: EarningRule, data: dict[str, Any] | None = None) -> None:
    audit.record(
        actor,
        f"loyalty.rule.{what}",
        subject=f"rule:{rule.code}",
        business_id=rule.business_id,
        data={"name": rule.name, **(data or {})},
    )

"""What waits for a person, on the home page: one cheap query for each kind, and only for those who may act on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.permissions import Perm
from core.presentation import format_money, format_number
from customers.models import ImportRun
from customers.reports.merges import open_pairs
from customers.reports.stock import low_products
from intelligence.reports_analysis import latest_analysis
from intelligence.reports_movement import archetype_movement
from loyalty.reports_leaving import asked_leavings
from messaging.models_webhooks import WebhookEndpoint
from messaging.reports_messages import to_decide
from programs.models import Programme
from workspace.actions.joining import waiting_count
from workspace.models import Job

MOST_COUNTED = 1000
IMPORTS_LOOKED_AT = 100  # the newest; what failed longer ago than RECENT_DAYS is no news
RECENT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Attention:
    """One line: what waits, and the page where it is dealt with."""

    text: str
    href: str
    icon: str
    action: str


def attention(*, programme: Programme, actor: Actor, permissions: Collection[Perm], now: datetime) -> list[Attention]:
    """Every line that applies, the most pressing first; at most eleven queries."""
    lines: list[Attention] = []
    if Perm.BUSINESSES_MANAGE in permissions:
        lines += [*_joining(programme), *_leaving()]
    if Perm.SETTINGS_EDIT in permissions and actor.business_id is None:
        lines += _messages()
    if Perm.KEYS_MANAGE in permissions:
        lines += _webhooks(actor)
    if Perm.IMPORTS_RUN in permissions:
        lines += _imports(actor, now)
    if Perm.ORDERS_VIEW in permissions:
        lines += _low_stock(actor)
    if Perm.CUSTOMERS_MERGE in permissions:
        lines += _duplicates(actor)
    if Perm.INTELLIGENCE_VIEW in permissions and actor.business_id is None:
        lines += [*_insight(programme, now), *_drifted()]
    return lines


def _joining(programme: Programme) -> list[Attention]:
    count = waiting_count(programme)
    text = ngettext(
        "%(shown)s business asks to join your programme.", "%(shown)s businesses ask to join your programme.", count
    )
    return _line(count, text, reverse("joining:page"), "user-plus", _("Decide"))


def _leaving() -> list[Attention]:
    return [
        Attention(
            _("%(name)s asks to leave the programme.") % {"name": leaving.business.name},
            reverse("leaving:page", args=[leaving.business.code]),
            "store",
            _("Decide"),
        )
        for leaving in asked_leavings()
    ]


def _messages() -> list[Attention]:
    waiting = to_decide()
    opt_outs = ngettext(
        "%(shown)s text may ask for no more texts.", "%(shown)s texts may ask for no more texts.", waiting.opt_outs
    )
    unconfirmed = ngettext(
        "%(shown)s message was perhaps sent.", "%(shown)s messages were perhaps sent.", waiting.unconfirmed
    )
    undecided = f"{reverse('messaging:received')}?show=undecided"
    return [
        *_line(waiting.opt_outs, opt_outs, undecided, "message-square-text", _("Decide")),
        *_line(waiting.unconfirmed, unconfirmed, reverse("messaging:unconfirmed"), "message-square-text", _("Decide")),
    ]


def _webhooks(actor: Actor) -> list[Attention]:
    """Those that a person paused wait for nobody."""
    switched_off = WebhookEndpoint.objects.visible_to(actor).filter(is_active=False)
    count = _few(switched_off.exclude(off_because=WebhookEndpoint.Off.PAUSED))
    text = ngettext(
        "%(shown)s webhook was switched off because nothing arrived.",
        "%(shown)s webhooks were switched off because nothing arrived.",
        count,
    )
    return _line(count, text, reverse("webhooks:list"), "send", _("Look"))


def _imports(actor: Actor, now: datetime) -> list[Attention]:
    newest = ImportRun.objects.visible_to(actor).newest_first().values("pk")[:IMPORTS_LOOKED_AT]
    since = now - timedelta(days=RECENT_DAYS)
    count = _few(ImportRun.objects.filter(pk__in=newest, created_at__gte=since, job__state=Job.State.FAILED))
    text = ngettext("%(shown)s import failed.", "%(shown)s imports failed.", count)
    return _line(count, text, reverse("customers:imports"), "upload", _("Look"))


def _low_stock(actor: Actor) -> list[Attention]:
    count = low_products(actor, most=MOST_COUNTED)
    text = ngettext("%(shown)s product runs low.", "%(shown)s products run low.", count)
    return _line(count, text, f"{reverse('stock:list')}?state=low", "layers-3", _("See stock"))


def _duplicates(actor: Actor) -> list[Attention]:
    count = _few(open_pairs(actor))
    text = ngettext(
        "%(shown)s pair of customers may be one person.", "%(shown)s pairs of customers may be one person.", count
    )
    return _line(count, text, reverse("customers:duplicates"), "users", _("Compare"))


def _insight(programme: Programme, now: datetime) -> list[Attention]:
    """The one with the most money, of a look that is not older than a few nights."""
    newest = latest_analysis(programme.currency)
    if newest is None or newest.finished_at < now - timedelta(days=RECENT_DAYS):
        return []
    first = next((one.said for one in newest.told.insights if one.said.money), None)
    if first is None or first.money is None:
        return []
    worth = format_money(first.money, programme.currency, whole=True)
    text = _("%(title)s: about %(worth)s.") % {"title": first.title, "worth": worth}
    return [Attention(text, reverse("intelligence:analysis"), "sparkles", _("See why"))]


def _few(found: QuerySet[Any, Any]) -> int:
    return found[:MOST_COUNTED].count()


def _line(count: int, text: str, href: str, icon: str, action: str) -> list[Attention]:
    shown = f"{format_number(count)}+" if count >= MOST_COUNTED else format_number(count)
    return [Attention(text % {"shown": shown}, href, icon, action)] if count else []


def _drifted() -> list[Attention]:
    """The largest fall from one value tier to a lower one."""
    movement = archetype_movement()
    move = next((one for one in movement.alerts if one.step < 0), None) if movement else None
    if movement is None or move is None or move.before is None:
        return []
    text = ngettext(
        "%(shown)s customer fell from “%(before)s” to “%(after)s”",
        "%(shown)s customers fell from “%(before)s” to “%(after)s”",
        move.customers,
    ) % {"shown": format_number(move.customers), "before": move.before.name, "after": move.after.name}
    query = urlencode({"archetype": move.after.code, "archetype_before": move.before.code})
    return [Attention(text, f"{reverse('customers:list')}?{query}", "shapes", _("Open them"))]

"""Settings, Texts: messages that were perhaps sent, and texts that people sent."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core.keyset import CURSOR, Order, count_up_to_cap, keyset_page
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_number
from core.requests import StaffRequest
from messaging.actions.opt_outs import keep_texts, stop_texts
from messaging.actions.unconfirmed import Decision, settle_unconfirmed
from messaging.forms_messages import SelectionForm
from messaging.models import InboundMessage, OutboundMessage
from messaging.reports_messages import received_lines, unconfirmed_lines
from workspace.settings_tabs import settings_tabs

BY_AGE = Order(["id"])
UNCONFIRMED, RECEIVED = "unconfirmed-list", "received-list"


@require_safe
@requires(Perm.SETTINGS_EDIT)
def unconfirmed(request: StaffRequest) -> HttpResponse:
    """Oldest first: what waits longest is most urgent."""
    request.actor.check_sees_all()
    now = timezone.now()
    found = OutboundMessage.objects.unconfirmed().select_related("customer")
    rows = keyset_page(found, BY_AGE, descending=False, cursor=request.GET.get(CURSOR, ""))
    total = count_up_to_cap(found)
    context = {
        "page": rows.with_rows(unconfirmed_lines(rows.rows, country=request.programme.country, now=now)),
        "total": total,
        "total_to_choose": total.value if total.value > len(rows.rows) else None,  # more than can be ticked
        "seen": now.isoformat(),
        "tabs": settings_tabs(request),
        "choices": [
            {"label": _("Mark as sent"), "icon": "check", "url": reverse("messaging:unconfirmed-sent")},
            {"label": _("Send again"), "icon": "rotate-cw", "url": reverse("messaging:unconfirmed-again")},
            {"label": _("Give up"), "icon": "trash", "url": reverse("messaging:unconfirmed-give-up")},
        ],
        **rows.links(request.GET),
    }
    return page(request, "messaging/unconfirmed_list.html", context, partials={UNCONFIRMED})


@require_POST
@requires(Perm.SETTINGS_EDIT)
def unconfirmed_sent(request: StaffRequest) -> HttpResponse:
    return _settle(request, "sent")


@require_POST
@requires(Perm.SETTINGS_EDIT)
def unconfirmed_give_up(request: StaffRequest) -> HttpResponse:
    return _settle(request, "given_up")


@require_POST
@requires(Perm.SETTINGS_EDIT)
def unconfirmed_again(request: StaffRequest) -> HttpResponse:
    """Asks first, with the number of people who may get something twice."""
    request.actor.check_sees_all()
    chosen, now = _selection(request), timezone.now()
    if chosen.cleaned_data["confirmed"]:
        return _settle(request, "again")
    found = OutboundMessage.objects.unconfirmed().filter(finished_at__lte=chosen.seen_at(now))
    if chosen.codes is not None:
        found = found.filter(code__in=chosen.codes)
    count = found.count()
    if not count:
        return _settle(request, "again")
    context = {
        "count": count,
        "form": chosen,
        "seen": chosen.seen_at(now).isoformat(),
        "tabs": settings_tabs(request),
    }
    return page(request, "messaging/unconfirmed_again.html", context)


@require_safe
@requires(Perm.SETTINGS_EDIT)
def received(request: StaffRequest) -> HttpResponse:
    """Newest first; those that wait for a decision oldest first."""
    request.actor.check_sees_all()
    is_narrowed = request.GET.get("show") == "undecided"
    found = InboundMessage.objects.select_related("customer")
    undecided = InboundMessage.objects.undecided()
    if is_narrowed:
        found = undecided.select_related("customer")
    rows = keyset_page(found, BY_AGE, descending=not is_narrowed, cursor=request.GET.get(CURSOR, ""))
    programme = request.programme
    here = reverse("messaging:received")
    waiting = count_up_to_cap(undecided)
    context = {
        "page": rows.with_rows(
            received_lines(rows.rows, country=programme.country, zone=programme.zone, now=timezone.now())
        ),
        "total": count_up_to_cap(found),
        "is_narrowed": is_narrowed,
        "here": here,
        "views": [
            {"label": _("All"), "url": here, "current": not is_narrowed},
            {"label": _("To decide"), "url": f"{here}?show=undecided", "current": is_narrowed, "count": waiting.value},
        ],
        "tabs": settings_tabs(request),
        **rows.links(request.GET),
    }
    return page(request, "messaging/received_list.html", context, partials={RECEIVED})


@require_POST
@requires(Perm.SETTINGS_EDIT)
def received_stop(request: StaffRequest, text_code: str) -> HttpResponse:
    return _decided(request, stop_texts(code=text_code, actor=request.actor, now=timezone.now()))


@require_POST
@requires(Perm.SETTINGS_EDIT)
def received_keep(request: StaffRequest, text_code: str) -> HttpResponse:
    return _decided(request, keep_texts(code=text_code, actor=request.actor, now=timezone.now()))


def _decided(request: StaffRequest, text: InboundMessage) -> HttpResponse:
    """Says what holds now, which may be what somebody else has decided a moment before."""
    if text.decision == InboundMessage.Decision.STOPPED:
        messages.success(request, _("No texts go to this number any more, until START comes from it."))
    else:
        messages.success(request, _("No opt-out. Offers go to this number as before."))
    more = InboundMessage.objects.undecided().exists()
    return done(request, reverse("messaging:received") + ("?show=undecided" if more else ""))


def _selection(request: StaffRequest) -> SelectionForm:
    form = SelectionForm(request.POST)
    if not form.is_valid():
        raise Http404
    return form


def _settle(request: StaffRequest, decision: Decision) -> HttpResponse:
    chosen, now = _selection(request), timezone.now()
    settled = settle_unconfirmed(
        codes=chosen.codes, decision=decision, seen_at=chosen.seen_at(now), actor=request.actor, now=now
    )
    number = {"n": format_number(settled.done)}
    said = {
        "sent": ngettext("%(n)s message is marked as sent.", "%(n)s messages are marked as sent.", settled.done),
        "again": ngettext("%(n)s message is sent again.", "%(n)s messages are sent again.", settled.done),
        "given_up": ngettext("%(n)s message is given up.", "%(n)s messages are given up.", settled.done),
    }[decision] % number
    words = [said] if settled.done else []
    if settled.too_late:
        late = ngettext(
            "%(n)s message came too late to be sent again.",
            "%(n)s messages came too late to be sent again.",
            settled.too_late,
        )
        words.append(late % {"n": format_number(settled.too_late)})
    if settled.left:
        rest = ngettext("%(n)s message is left.", "%(n)s messages are left.", settled.left)
        words.append(rest % {"n": format_number(settled.left)})
    if not words:
        words.append(_("Nothing was chosen that is not settled already."))
    (messages.success if settled.done else messages.info)(request, " ".join(words))
    return done(request, reverse("messaging:unconfirmed"))

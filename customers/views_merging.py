"""Customers who are one person: found, compared, merged, and two again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import NotFound
from core.keyset import count_up_to_cap, keyset_page
from core.page import done, page
from core.permissions import Perm, requires
from core.phones import display_phone
from core.requests import StaffRequest
from customers.actions.duplicates import keep_apart
from customers.actions.merging import (
    DUPLICATE,
    FIELDS,
    SURVIVOR,
    FieldChoice,
    MergePreview,
    merge_customers,
    preview_merge,
    preview_undo,
    undo_merge,
    why_not_undoable,
)
from customers.models import Customer, CustomerMerge, DuplicatePair
from customers.reports.customer_list import name_and_contact
from customers.reports.merges import PAIRS, found_for, open_pairs, reasons_of, suggestions_for

PROFILE = "screens:profile"
ROWS = 25
LIST = "duplicates-rows"


@require_safe
@requires(Perm.CUSTOMERS_MERGE)
def duplicates(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    pairs = open_pairs(request.actor)
    rows = keyset_page(pairs, PAIRS["score"], descending=True, cursor=request.GET.get("cursor", ""), size=ROWS)
    context = {
        "rows": rows.with_rows([_pair(request, pair) for pair in rows.rows]),
        "links": rows.links(request.GET),
        "count": count_up_to_cap(pairs),
    }
    return page(request, "customers/duplicates.html", context, partials={LIST})


@require_POST
@requires(Perm.CUSTOMERS_MERGE)
def apart(request: StaffRequest) -> HttpResponse:
    first, second = (_get(request, request.POST.get(name, "")) for name in ("first", "second"))
    keep_apart(first_id=first.pk, second_id=second.pk, actor=request.actor, now=timezone.now())
    messages.success(request, _("Two people. They are not suggested again."))
    return done(request, reverse("customers:duplicates"))


@require_safe
@requires(Perm.CUSTOMERS_MERGE)
def find(request: StaffRequest, code: str) -> HttpResponse:
    """Whom to merge with: who was suggested, or a search."""
    request.actor.check_sees_all()
    customer, text = _get(request, code), request.GET.get("q", "")
    country = request.programme.country
    found = found_for(customer, text, actor=request.actor, country=country)
    suggested = [] if text else suggestions_for(customer, actor=request.actor)
    people = [(one, ()) for one in found] + [(one.customer, one.reasons) for one in suggested]
    context = {
        "customer": customer,
        "name": name_and_contact(customer, country)[0],
        "text": text,
        "people": [{"code": one.code, "who": name_and_contact(one, country), "reasons": why} for one, why in people],
    }
    return page(request, "customers/merge_find.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_MERGE)
def compare(request: StaffRequest, code: str, other: str) -> HttpResponse:
    """The preview, and the merge itself; sent twice it is the first one."""
    survivor, duplicate = _get(request, code), _get(request, other, with_merged=request.method == "POST")
    given = request.POST if request.method == "POST" else request.GET
    choose = {field: given[field] for field in FIELDS if given.get(field) in (SURVIVOR, DUPLICATE)}
    both = {"survivor_id": survivor.pk, "duplicate_id": duplicate.pk, "choose": choose}
    if request.method == "POST":
        merge = merge_customers(**both, actor=request.actor, now=timezone.now())  # type: ignore[arg-type]
        messages.success(request, _("One customer now. You can undo this for 30 days."))
        return done(request, reverse(PROFILE, args=[merge.survivor.code]))
    preview = preview_merge(**both, actor=request.actor, now=timezone.now())  # type: ignore[arg-type]
    return page(request, "customers/merge.html", _compared(request, preview))


@require_safe
@requires(Perm.CUSTOMERS_MERGE)
def merged(request: StaffRequest, code: str) -> HttpResponse:
    """What moved, and what an undo would give back now."""
    request.actor.check_sees_all()
    merge = CustomerMerge.objects.select_related("survivor", "duplicate").filter(code=code).first()
    if merge is None:
        raise NotFound
    reason = "" if merge.undone_at else why_not_undoable(merge, merge.survivor, timezone.now())
    context = {
        "merge": merge,
        "name": name_and_contact(merge.survivor, request.programme.country)[0],
        "returning": [] if merge.undone_at or reason else preview_undo(merge),
        "reason": reason,
    }
    return page(request, "customers/merged.html", context)


@require_POST
@requires(Perm.CUSTOMERS_MERGE)
def undo(request: StaffRequest, code: str) -> HttpResponse:
    merge = undo_merge(code=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("Two customers again"))
    return done(request, reverse(PROFILE, args=[merge.duplicate.code]))


def _get(request: StaffRequest, code: str, *, with_merged: bool = False) -> Customer:
    if "\0" in code:
        raise NotFound
    seen = Customer.objects.visible_to(request.actor)
    people = seen.exclude(state=Customer.State.ERASED) if with_merged else seen.known()
    customer = people.filter(code=code).first()
    if customer is None:
        raise NotFound
    return customer


def _pair(request: StaffRequest, pair: DuplicatePair) -> dict[str, object]:
    """Whoever bought more stays, unless somebody decides otherwise."""
    both = sorted((pair.first, pair.second), key=lambda one: (-one.facts.orders_count, one.pk))
    people = [{"code": one.code, "who": name_and_contact(one, request.programme.country)} for one in both]
    return {"people": people, "first": both[0].code, "second": both[1].code, "reasons": reasons_of(pair)}


def _compared(request: StaffRequest, preview: MergePreview) -> dict[str, object]:
    country = request.programme.country
    return {
        "survivor": preview.survivor,
        "duplicate": preview.duplicate,
        "survivor_name": name_and_contact(preview.survivor, country)[0],
        "duplicate_name": name_and_contact(preview.duplicate, country)[0],
        "fields": [
            {
                "name": one.field,
                "label": one.label,
                "chosen": one.chosen,
                "is_conflict": one.is_conflict,
                "sides": [
                    (SURVIVOR, _shown(one, one.survivor, country)),
                    (DUPLICATE, _shown(one, one.duplicate, country)),
                ],
            }
            for one in preview.fields
            if one.survivor or one.duplicate
        ],
        "moving": [one for one in preview.moving if one.duplicate],
    }


def _shown(choice: FieldChoice, value: object, country: str) -> str:
    if not value:
        return ""
    if choice.field == "phone":
        return display_phone(str(value), country)
    if choice.field == "birthday":
        return date_format(value, "j F Y")  # type: ignore[arg-type]
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text}" for name, text in value.items())
    return str(value)

"""One customer: what they bought, what they have, what happened."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core.errors import NotFound
from core.keyset import keyset_page, with_query
from core.page import page
from core.permissions import Perm, requires
from core.phones import display_phone
from core.requests import StaffRequest
from customers.actions.merging import survivor_of
from customers.attributes import shown
from customers.models import AttributeDefinition, Customer, Order
from customers.reports.customer_list import Scope, name_and_contact
from customers.reports.merges import merges_into, suggestions_for
from customers.reports.orders import ORDER_SORTS, order_row
from customers.views import is_part, scope_of
from customers.views_notes import note_card
from customers.views_tags import tag_card
from intelligence.product_words import with_reasons
from intelligence.reports_products import likely_products
from loyalty.actions.recommendations import look_at
from loyalty.models import Transaction
from loyalty.reports import balance_of
from loyalty.reports_stamps import stamps_of_member
from screens import reports_profile as report
from screens.forms_tiers import TierByHandForm
from screens.reports_explanation import CARD_NEEDS, archetype_card
from screens.reports_movements import movement_page
from screens.reports_scores import churn_card, scores_of
from screens.reports_tiers import tier_card
from segments.reports.people import segments_of

HISTORY, EARLIER = "profile-history", "profile-earlier"
TABS = {
    "timeline": gettext_lazy("Timeline"),
    "orders": gettext_lazy("Orders"),
    "points": gettext_lazy("Points"),
    "consent": gettext_lazy("Consent"),
    "details": gettext_lazy("Details"),
}
KINDS = {
    "": gettext_lazy("Everything"),
    "orders": gettext_lazy("Orders"),
    "points": gettext_lazy("Points"),
    "messages": gettext_lazy("Messages"),
    "consent": gettext_lazy("Consent"),
    "notes": gettext_lazy("Notes"),
    "events": gettext_lazy("Other events"),
}
ROWS = 10
LIKELY = 4  # products on the profile


@require_safe
@requires(Perm.CUSTOMERS_VIEW)
def profile(request: StaffRequest, code: str) -> HttpResponse:
    scope = scope_of(request)
    customer = (
        Customer.objects.visible_to(request.actor)
        .known()
        .filter(code=code)
        .select_related("facts", "scores", *CARD_NEEDS)
        .first()
    )
    if customer is None:
        survivor = survivor_of(code, request.actor)
        if survivor is None:
            raise NotFound
        return redirect("screens:profile", survivor.code)
    context = {"customer": customer, **_history(request, customer, scope)}
    if not is_part(request, HISTORY) and not is_part(request, EARLIER):
        context |= _cards(request, customer, scope)
    return page(request, "screens/profile.html", context, partials={HISTORY, EARLIER})


def _history(request: StaffRequest, customer: Customer, scope: Scope) -> dict[str, object]:
    """The chosen tab; the others cost nothing."""
    asked = request.GET.get("tab", "")
    tab = asked if asked in TABS else "timeline"
    context: dict[str, object] = {
        "tab": tab,
        "tabs": [
            {"label": label, "url": f"?tab={key}" if key != "timeline" else "?", "current": key == tab}
            for key, label in TABS.items()
        ],
    }
    cursor, currency = request.GET.get("cursor", ""), request.programme.currency
    if tab == "timeline":
        asked = request.GET.get("kind", "")
        kind = asked if asked in KINDS else ""
        history = report.history(customer, scope, currency, cursor, kind)
        earlier = with_query(request.GET, cursor=history.earlier) if history.earlier else ""
        kinds = [
            {"label": label, "url": f"?kind={key}" if key else "?", "current": key == kind}
            for key, label in KINDS.items()
            if key != "messages" or request.actor.business_id is None
        ]
        context |= {"history": history, "earlier_url": earlier, "kinds": kinds}
    elif tab == "orders":
        own = Order.objects.visible_to(request.actor).filter(customer=customer).select_related("business", "customer")
        rows = keyset_page(own, ORDER_SORTS["placed"], descending=True, cursor=cursor, size=ROWS)
        context |= {
            "rows": rows.with_rows([order_row(row, scope) for row in rows.rows]),
            "links": rows.links(request.GET),
            "order_url": _order_url(request, customer),
        }
    elif tab == "points":
        own_points = Transaction.objects.done().visible_to(request.actor).filter(account_id=customer.pk)
        moved = movement_page(own_points, cursor=cursor, size=ROWS, currency=currency, zone=scope.zone, now=scope.now)
        context |= {"rows": moved, "links": moved.links(request.GET)}
    elif tab == "consent":
        may_edit = Perm.CUSTOMERS_EDIT in request.membership.permissions
        context |= {
            "statements": report.consent_history(customer, scope),
            "consent_url": reverse("screens:consent", args=[customer.code]) if may_edit else "",
        }
    else:
        context |= {"details": _details(customer, scope)}
    return context


def _order_url(request: StaffRequest, customer: Customer) -> str:
    """Where staff enter a sale to this person, who must be active."""
    may = Perm.ORDERS_EDIT in request.membership.permissions and customer.state == Customer.State.ACTIVE
    return f"{reverse('orders:add')}?customer={customer.code}" if may else ""


def _cards(request: StaffRequest, customer: Customer, scope: Scope) -> dict[str, object]:
    currency, may = request.programme.currency, request.membership.permissions
    sees_all = request.actor.business_id is None
    facts = getattr(customer, "facts", None)
    balance = balance_of(customer.pk, now=scope.now)
    expires = ""
    if balance.expires_next_at is not None:
        expires = date_format(balance.expires_next_at.astimezone(scope.zone), "j F Y")
    scores = scores_of(customer, request.actor)
    joined = date_format(balance.joined_at.astimezone(scope.zone), "F Y") if balance.joined_at else ""
    return {
        "name": name_and_contact(customer, scope.country)[0],
        "phone": display_phone(customer.phone, scope.country) if customer.phone else "",
        "joined": joined,
        "values": report.value_strip(customer, scope, currency, scores),
        "churn": churn_card(customer, scores) if scores else None,
        "archetype": archetype_card(customer, request.actor),
        "segments": segments_of(customer, now=scope.now, zone=scope.zone)
        if sees_all and Perm.SEGMENTS_VIEW in may
        else None,
        "why_url": _page("screens:why", customer) if sees_all and Perm.INTELLIGENCE_VIEW in may else "",
        "chart": report.spend_chart(customer, scope, currency),
        "visits": report.visit_map(customer, scope),
        "rfm": report.rfm_card(facts, scope),
        "features_url": _page("intelligence:customer-features", customer)
        if sees_all and Perm.INTELLIGENCE_VIEW in may
        else "",
        "tier": tier_card(customer.pk, now=scope.now, zone=scope.zone),
        "tier_form": TierByHandForm() if sees_all and balance.is_member and Perm.POINTS_ADJUST in may else None,
        "balance": balance,
        "expires": expires,
        "consents": report.consent_lines(customer, scope),
        **tag_card(request, customer),
        **note_card(request, customer),
        **_same_person(request, customer, scope),
        "edit_url": _page("customers:edit", customer) if Perm.CUSTOMERS_EDIT in may else "",
        "privacy_url": _page("screens:privacy", customer) if sees_all and Perm.CUSTOMERS_EXPORT in may else "",
        "add_url": _page("loyalty:customer-add", customer) if Perm.POINTS_WRITE in may else "",
        "redeem_url": _page("loyalty:customer-redeem", customer) if Perm.POINTS_WRITE in may else "",
        "stamps": stamps_of_member(customer.pk, now=scope.now, business_id=request.actor.business_id, with_closed=True),
        "recommendations": look_at(customer.pk, now=scope.now) if Perm.POINTS_VIEW in may else (),
        **_likely(request, customer, scope),
        "stamps_url": _page("stamps:member", customer) if Perm.POINTS_ADJUST in may else "",
        "adjust_url": _page("loyalty:customer-adjust", customer) if Perm.POINTS_ADJUST in may else "",
    }


def _likely(request: StaffRequest, customer: Customer, scope: Scope) -> dict[str, object]:
    """Products, for people who may see what the analysis found."""
    if Perm.INTELLIGENCE_VIEW not in request.membership.permissions:
        return {}
    found = likely_products(
        customer.pk, business_id=request.actor.business_id, zone=scope.zone, now=scope.now, most=LIKELY
    )
    return {"likely": with_reasons(found), "likely_url": _page("intelligence:customer-products", customer)}


def _same_person(request: StaffRequest, customer: Customer, scope: Scope) -> dict[str, object]:
    """Who may be the same person and who was; for people who may merge."""
    if request.actor.business_id is not None or Perm.CUSTOMERS_MERGE not in request.membership.permissions:
        return {}
    return {
        "suggestions": [
            (name_and_contact(found.customer, scope.country)[0], found)
            for found in suggestions_for(customer, actor=request.actor)
        ],
        "merges": merges_into(customer, now=scope.now),
        "merge_url": _page("customers:merge-find", customer),
    }


def _page(name: str, customer: Customer) -> str:
    try:
        return reverse(name, args=[customer.code])
    except NoReverseMatch:
        return ""


def _details(customer: Customer, scope: Scope) -> list[tuple[str, str]]:
    """Every field that is known, and attributes of the shop's own."""
    born, created = customer.birthday, customer.created_at.astimezone(scope.zone)
    known: list[tuple[object, object]] = [
        (_("First name"), customer.first_name),
        (_("Last name"), customer.last_name),
        (_("Phone"), display_phone(customer.phone, scope.country) if customer.phone else ""),
        (_("E-mail"), customer.email),
        (_("External id"), customer.external_id),
        (_("Address"), customer.address),
        (_("Town or city"), " ".join(part for part in (customer.postcode, customer.city) if part)),
        (_("Region"), customer.region),
        (_("Country"), customer.country),
        (_("Birthday"), date_format(born, "j F Y") if born else ""),
        (_("Language"), customer.language),
        (_("Came from"), customer.source),
        (_("Added"), date_format(created, "j F Y, G:i")),
        *_own_fields(customer),
    ]
    return [(str(label), str(value)) for label, value in known if value not in ("", None)]


def _own_fields(customer: Customer) -> list[tuple[str, str]]:
    """Fields of the programme's own in their order, then what came under other keys. One query."""
    defined = list(AttributeDefinition.objects.all())
    others = customer.attributes.keys() - {one.key for one in defined}
    return [
        *((one.label, shown(one, customer.attributes.get(one.key))) for one in defined),
        *((key, shown(None, customer.attributes[key])) for key in sorted(others)),
    ]

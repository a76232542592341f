"""Views of the customer list that people keep: saving the list as it is, renaming, deleting, which one opens first."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import InvalidInput
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions import saved_views as actions
from customers.list_query import list_form, written_down
from customers.models import SavedView
from customers.views import scope_of

LIST = "customers:list"


class SavedViewForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=40)
    shared = forms.BooleanField(
        label=gettext_lazy("Everybody sees it"),
        required=False,
        help_text=gettext_lazy("Otherwise it is yours alone."),
    )
    default = forms.BooleanField(
        label=gettext_lazy("The list opens with it"),
        required=False,
        help_text=gettext_lazy("Of a shared view for everybody who has not chosen one of their own."),
    )

    def __init__(self, *args: Any, may_share: bool, view: SavedView | None = None, **kwargs: Any) -> None:
        if view is not None:
            kwargs["initial"] = {"name": view.name, "default": view.is_default}
        super().__init__(*args, **kwargs)
        if view is not None or not may_share:
            del self.fields["shared"]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_VIEW)
def save(request: StaffRequest) -> HttpResponse:
    """Name the list that the query describes."""
    listed = list_form(request.GET, scope_of(request))
    query, chips = written_down(listed), listed.chips(request.GET, request.programme.currency)
    form = SavedViewForm(request.POST or None, may_share=_shares(request))
    if form.is_valid():
        given = form.cleaned_data
        try:
            view = actions.save_view(
                name=given["name"],
                query=query,
                is_shared=given.get("shared", False),
                is_default=given["default"],
                may_share=_shares(request),
                actor=request.actor,
                now=timezone.now(),
            )
        except InvalidInput as error:
            form.add_error("name", str(error.message))
        else:
            messages.success(request, _("“%(name)s” is over your list now") % {"name": view.name})
            return done(request, f"{reverse(LIST)}?{view.query}")
    context = {"form": form, "chips": chips, "query": query}
    return page(request, "customers/view_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_VIEW)
def change(request: StaffRequest, code: str) -> HttpResponse:
    view = actions.get_view(code, request.actor)
    form = SavedViewForm(request.POST or None, may_share=_shares(request), view=view)
    if form.is_valid():
        given = form.cleaned_data
        try:
            actions.change_view(
                code=code,
                name=given["name"],
                is_default=given["default"],
                may_share=_shares(request),
                actor=request.actor,
            )
        except InvalidInput as error:
            form.add_error("name", str(error.message))
        else:
            messages.success(request, _("Saved"))
            return done(request, f"{reverse(LIST)}?{view.query}")
    query = QueryDict(view.query)
    chips = list_form(query, scope_of(request)).chips(query, request.programme.currency)
    context = {"form": form, "chips": chips, "query": view.query, "view": view}
    return page(request, "customers/view_form.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.CUSTOMERS_VIEW)
def delete(request: StaffRequest, code: str) -> HttpResponse:
    actions.delete_view(code=code, may_share=_shares(request), actor=request.actor)
    messages.success(request, _("The view is deleted"))
    return done(request, f"{reverse(LIST)}?view=everyone")


def _shares(request: StaffRequest) -> bool:
    return Perm.CUSTOMERS_EDIT in request.membership.permissions and request.actor.business_id is None

"""The catalogue of rewards for staff: what points buy, how often it is taken, how many are left, who claimed it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from core.errors import InvalidInput
from core.middleware import takes_body
from core.page import done, page
from core.permissions import Perm, open_to_all, requires
from core.requests import StaffRequest
from loyalty import pictures
from loyalty.access_rewards import get_reward, may_change
from loyalty.actions import rewards as actions
from loyalty.actions.points import void_hold
from loyalty.models import Reward
from loyalty.reports_rewards import Taken, catalogue, live_claims, redemptions_of, staff_reward, times_taken
from screens import reports_rewards
from screens.forms_rewards import ChangeForm, PreviewForm, RewardForm, StockForm
from screens.reports_movements import movements
from workspace.models import Business


@require_safe
@open_to_all  # the points page shows it to everybody; its name is its content
def picture(request: HttpRequest, name: str) -> FileResponse:
    return pictures.picture_response(name)


@require_safe
@requires(Perm.PROGRAMME_VIEW)
def rewards(request: StaffRequest) -> HttpResponse:
    rows = catalogue(actor=request.actor, now=timezone.now(), zone=request.programme.zone)
    context = {
        "rows": reports_rewards.rows(rows, may_edit=_may_edit(request), actor=request.actor),
        "archived": sum(row.state == "archived" for row in rows),
        "suggestions": reports_rewards.suggestions(request.programme.currency),
        "may_edit": _may_edit(request),
        "may_order": _may_edit(request) and request.actor.business_id is None,
    }
    return page(request, "screens/rewards/reward_list.html", context)


@takes_body(pictures.MAX_BODY_BYTES)
@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def create(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        given = PreviewForm(request.GET)
        given.is_valid()  # a suggestion of the list; nonsense suggests nothing
        suggested = {name: text for name, text in given.cleaned_data.items() if text}
        return _form_page(request, _form(request, suggested=suggested))
    form = _form(request)

    def act() -> Reward:
        return actions.create_reward(values=form.values(), stock=form.cleaned_data["stock"], actor=request.actor)

    return _save(request, form, act, _("%(name)s is offered from now on"))


@takes_body(pictures.MAX_BODY_BYTES)
@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def change(request: StaffRequest, code: str) -> HttpResponse:
    reward = get_reward(request.actor, code)
    form = _form(request, reward)
    if request.method != "POST":
        return _form_page(request, form, reward)
    return _save(
        request,
        form,
        lambda: actions.change_reward(code=reward.code, values=form.values(), actor=request.actor),
        _("%(name)s is saved"),
        reward,
    )


@require_GET
@requires(Perm.PROGRAMME_VIEW)
def preview(request: StaffRequest) -> HttpResponse:
    """How members will see what is typed so far. Writes nothing."""
    form = PreviewForm(request.GET)
    form.is_valid()
    card = reports_rewards.preview_card(form.cleaned_data, request.programme.currency)
    return page(request, "screens/rewards/_preview.html", {"card": card})


@require_safe
@requires(Perm.PROGRAMME_VIEW)
def detail(request: StaffRequest, code: str) -> HttpResponse:
    return _detail_page(request, get_reward(request.actor, code))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def stock_set(request: StaffRequest, code: str) -> HttpResponse:
    reward = get_reward(request.actor, code)
    form = StockForm(request.POST)
    return _restock(
        request,
        reward,
        form,
        lambda: actions.set_stock(code=reward.code, stock=form.cleaned_data["stock"], actor=request.actor),
        "stock_form",
    )


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def stock_change(request: StaffRequest, code: str) -> HttpResponse:
    reward = get_reward(request.actor, code)
    form = ChangeForm(request.POST)
    return _restock(
        request,
        reward,
        form,
        lambda: actions.add_stock(code=reward.code, number=form.cleaned_data["change"], actor=request.actor),
        "change_form",
    )


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def archive(request: StaffRequest, code: str) -> HttpResponse:
    reward = actions.switch_reward(code=code, is_active=False, actor=request.actor)
    messages.success(request, _("%(name)s is archived. Codes that members hold stay good.") % {"name": reward.name})
    return done(request, reverse("rewards:list"))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def restore(request: StaffRequest, code: str) -> HttpResponse:
    reward = actions.switch_reward(code=code, is_active=True, actor=request.actor)
    messages.success(request, _("%(name)s is offered again") % {"name": reward.name})
    return done(request, reverse("rewards:detail", args=[reward.code]))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def picture_remove(request: StaffRequest, code: str) -> HttpResponse:
    reward = actions.remove_picture(code=code, actor=request.actor)
    return done(request, reverse("rewards:change", args=[reward.code]))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def place(request: StaffRequest, code: str) -> HttpResponse:
    """Move a reward in the order of members; `place` counts from 1."""
    wanted = request.POST.get("place", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= 4:
        actions.place_reward(code=code, place=int(wanted), actor=request.actor)
    return done(request, reverse("rewards:list"))


@require_POST
@requires(Perm.POINTS_WRITE)
def claim_void(request: StaffRequest, code: str, mark: str) -> HttpResponse:
    """Give a member's claim back. `mark` tells the claims of a reward apart without saying the code of one."""
    reward, now = get_reward(request.actor, code), timezone.now()
    held = live_claims(reward, actor=request.actor, now=now)
    claim = next((one for one in held if reports_rewards.mark_of(one) == mark), None)
    if claim is None:
        messages.info(request, _("That claim is over already."))
    else:
        void_hold(hold=claim.code, key=f"void:{claim.code}", actor=request.actor, source="page", now=now)
        messages.success(request, _("The claim is over and its points are back."))
    return done(request, reverse("rewards:detail", args=[reward.code]))


# -- what they share --------------------------------------------------------------------------------------------------


def _may_edit(request: StaffRequest) -> bool:
    return Perm.PROGRAMME_EDIT in request.membership.permissions


def _form(
    request: StaffRequest, reward: Reward | None = None, suggested: Mapping[str, object] | None = None
) -> RewardForm:
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    return RewardForm(
        *data,
        businesses=Business.objects.active().visible_to(request.actor).order_by("name"),
        sees_all=request.actor.business_id is None,
        zone=request.programme.zone,
        reward=reward,
        suggested=suggested,
    )


def _form_page(
    request: StaffRequest, form: RewardForm, reward: Reward | None = None, status: int = 200
) -> HttpResponse:
    typed = {name: form[name].value() for name in ("name", "points", "icon")}
    shown = PreviewForm({name: value for name, value in typed.items() if value})
    shown.is_valid()
    card = reports_rewards.preview_card(shown.cleaned_data, request.programme.currency, reward)
    return page(
        request, "screens/rewards/reward_form.html", {"form": form, "reward": reward, "card": card}, status=status
    )


def _save(
    request: StaffRequest, form: RewardForm, act: Callable[[], Reward], said: str, reward: Reward | None = None
) -> HttpResponse:
    """Keep the form's values and its picture. A picture that cannot be kept stops nothing else from being kept."""
    if not form.is_valid():
        return _form_page(request, form, reward, status=422)
    upload = form.cleaned_data["image"]
    try:
        data = pictures.check_picture(upload.read(pictures.MAX_BYTES + 1)) if upload else b""
        saved = act()
        if data:
            actions.set_picture(code=saved.code, data=data, actor=request.actor)
    except InvalidInput as error:
        place = RewardForm.PLACES.get(error.field, error.field)
        form.add_error(place if place in form.fields else None, str(error.message))
        return _form_page(request, form, reward, status=422)
    messages.success(request, said % {"name": saved.name})
    return done(request, reverse("rewards:detail", args=[saved.code]))


def _restock(
    request: StaffRequest, reward: Reward, form: forms.Form, act: Callable[[], Reward], shown_as: str
) -> HttpResponse:
    if form.is_valid():
        try:
            act()
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
    if not form.is_valid():
        reward.refresh_from_db()
        return _detail_page(request, reward, status=422, **{shown_as: form})
    messages.success(request, _("The stock is saved."))
    return done(request, reverse("rewards:detail", args=[reward.code]))


def _detail_page(request: StaffRequest, reward: Reward, status: int = 200, **shown: object) -> HttpResponse:
    now, zone = timezone.now(), request.programme.zone
    taken = times_taken(actor=request.actor, now=now, zone=zone).get(reward.pk, Taken())
    found = redemptions_of(reward, actor=request.actor)
    context = {
        "row": reports_rewards.row(staff_reward(reward, taken, now)),
        "facts": reports_rewards.facts(reward, request.programme),
        "lately": movements(found, currency=request.programme.currency, zone=zone, now=now),
        "claims": reports_rewards.claims(live_claims(reward, actor=request.actor, now=now), zone=zone, now=now),
        "may_edit": _may_edit(request) and may_change(request.actor, reward),
        "may_void": Perm.POINTS_WRITE in request.membership.permissions,
        "stock_form": StockForm(initial={"stock": reward.stock}),
        "change_form": ChangeForm(),
        **shown,
    }
    return page(request, "screens/rewards/reward_detail.html", context, status=status)

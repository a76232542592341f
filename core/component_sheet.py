"""Development only: every component in every state on one page, to look at, and for the accessibility tests."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from core.charts import Chart, Series
from core.figures import make_delta
from core.page import page
from core.permissions import open_to_all

WEEK = [1240, 1310, 1420, 1415, 1630, 1880, 1700, 1320, 1310, 1470, 1490, 1610, 1990, 1920]
BEFORE = [1090, 1140, 1240, 1290, 1400, 1650, 1540, 1200, 1180, 1330, 1360, 1410, 1730, 1690]
EARNED = [480, 520, 560, 580, 610, 720, 660, 500, 560, 600, 610, 630, 740, 700]
SPENT = [-320, -310, -330, -390, -360, -500, -480, -300, -340, -410, -470, -330, -560, -510]


class SampleForm(forms.Form):
    """A form with each kind of widget; bound and wrong in the sheet, so that each shows its error too."""

    name = forms.CharField(label=_("Shop name"), max_length=20, help_text=_("As it stands over the door."))
    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=forms.EmailInput(attrs={"placeholder": "sam@example.com"})
    )
    rate = forms.DecimalField(
        label=_("Points per £1"),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_("100 points are worth £1, so members get 5% back."),
    )
    spend = forms.DecimalField(label=_("Minimum spend"), widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    category = forms.ChoiceField(label=_("Category"), choices=[("cafe", _("Café")), ("bakery", _("Bakery"))])
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    rounding = forms.ChoiceField(
        label=_("Rounding"), choices=[("down", _("Down")), ("near", _("To the nearest"))], widget=forms.RadioSelect
    )
    texts = forms.BooleanField(label=_("Send texts"), help_text=_("Only to people who agreed."))
    live = forms.BooleanField(
        label=_("Rule is on"), required=False, widget=forms.CheckboxInput(attrs={"role": "switch"})
    )
    country = forms.ChoiceField(label=_("Country"), choices=[("GB", "+44 UK"), ("IE", "+353 IE")])
    code = forms.CharField(label=_("6-digit code"))
    phone = forms.CharField(label=_("Phone number"), widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}))

    def clean_code(self) -> str:
        raise forms.ValidationError(_("That code didn’t match. Check the newest text; 4 tries left."))

    def clean_phone(self) -> str:
        raise forms.ValidationError(_("Two digits are missing. UK mobiles have 10 after +44."))

    def clean(self) -> dict[str, Any]:
        raise forms.ValidationError(_("This shop is already in the programme."))


@open_to_all  # 404 outside development, and it shows sample values only
def component_sheet(request: HttpRequest) -> HttpResponse:
    if not getattr(settings, "DEVELOPMENT", settings.DEBUG):
        raise Http404
    if getattr(request, "htmx", None):
        return HttpResponse(status=204)  # the sample job polls, and its buttons post: nothing changes
    theme = request.GET.get("theme", "")
    context = {
        "theme": theme if theme in ("dark", "light") else request.COOKIES.get("theme", ""),
        "form": SampleForm(
            initial={
                "name": "Quayside",
                "rate": 5,
                "spend": "3.00",
                "rounding": "down",
                "live": True,
                "category": "cafe",
                "code": "4827",
            }
        ),
        "wrong": SampleForm(
            {
                "wrong-name": "Harbour and Pine at the Quayside",
                "wrong-email": "sam@",
                "wrong-rate": "five",
                "wrong-category": "pub",
                "wrong-code": "4827",
                "wrong-country": "GB",
                "wrong-phone": "7700 900 1",
            },
            prefix="wrong",
        ),
        "options": [("", _("All shops")), ("1", "Quayside"), ("2", "Mill Lane")],
        "ranges": [
            {"label": _("7 days"), "url": "?days=7"},
            {"label": _("30 days"), "url": "?days=30", "current": True},
            {"label": _("90 days"), "url": "?days=90"},
        ],
        "tabs": [
            {"label": _("Everyone"), "url": "?view=all", "current": True, "count": 8914},
            {"label": _("Members"), "url": "?view=members", "count": 7206},
            {"label": _("New this week"), "url": "?view=new", "count": 61},
        ],
        "menu": [
            {"label": _("Open profile"), "url": "#", "icon": "user-round"},
            {"label": _("Give points"), "opens": "sheet-dialog", "icon": "circle-plus"},
            {"label": _("Delete"), "opens": "sheet-confirm", "icon": "trash", "danger": True},
        ],
        "bulk": [
            {"label": _("Give points"), "icon": "circle-plus", "name": "act", "value": "points"},
            {"label": _("Export"), "icon": "download", "name": "act", "value": "export"},
        ],
        "week": WEEK,
        "up": make_delta(48260, 42940),
        "calm": make_delta(412800, 397700, good="none"),
        "parts": [
            ("Champions", 38, "1"),
            ("Loyal", 19, "2"),
            ("New", 21, "3"),
            ("At risk", 12, "4"),
            ("Others", 10, "muted"),
        ],
        "rows": [
            {
                "name": "Elif Demir",
                "phone": "07700 900 187",
                "spent": "1206.40",
                "points": 2410,
                "risk": 9,
                "tone": "success",
                "word": "Low 9%",
            },
            {
                "name": "Ruth Hagen",
                "phone": "07700 900 405",
                "spent": "611.25",
                "points": 980,
                "risk": 47,
                "tone": "warning",
                "word": "Rising 47%",
            },
            {
                "name": "Joe Whitlock",
                "phone": "07700 900 118",
                "spent": "520.15",
                "points": 96,
                "risk": 72,
                "tone": "danger",
                "word": "High 72%",
            },
        ],
        "pages": [
            {"number": 1, "url": "?page=1", "current": True},
            {"number": 2, "url": "?page=2"},
            {},
            {"number": 32, "url": "?page=32"},
        ],
        "page_obj": Paginator(range(318), 25).get_page(request.GET.get("page")),
        "chart": _sample_chart(),
    }
    return page(request, "core/component_sheet.html", context)


def _sample_chart() -> Chart:
    first = date(2025, 11, 5)
    days = [date_format(first + timedelta(days=offset), "j M") for offset in range(len(WEEK))]
    return Chart(
        id="sheet-chart",
        title=str(_("Revenue and points")),
        finding=str(
            _("Member revenue was between £1,240 and £1,990 a day, above the two weeks before on all 14 days.")
        ),
        labels=days,
        currency="GBP",
        axis_title=str(_("Day")),
        series=[
            Series(str(_("Members")), WEEK, tone="1", shape="area", unit="money"),
            Series(str(_("2 weeks before")), BEFORE, tone="muted", shape="dashed", unit="money"),
            Series(str(_("Points earned")), EARNED, tone="3", shape="bar", panel=1, stacked=True),
            Series(str(_("Points spent")), SPENT, tone="2", shape="bar", panel=1, stacked=True),
        ],
    )

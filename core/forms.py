"""Forms that tell a person about a field when they leave it, before they send the form.

The page's form works without JavaScript. With it, each field asks the form's own URL to check it alone; nothing is
written by that request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

SELECTED = SafeString(" selected")
CHECK = "_check"  # the name of the field to check, sent beside the form's values


class LongSelect(forms.Select):
    """A select with hundreds of options. Django renders a template for each: 200 ms for the world's time zones."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        chosen = set(self.format_value(value))
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, SELECTED if str(key) in chosen else "", label) for key, label in self.choices),
        )
        return format_html(
            '<select name="{}"{}>{}</select>', name, flatatt(self.build_attrs(self.attrs, attrs)), options
        )


class LiveForm(forms.Form):
    """A form whose fields are checked on leaving them, at `check_url`."""

    unchecked: frozenset[str] = frozenset()  # fields that no server could judge alone, such as files
    suffixes: Mapping[str, str] = {}  # what stands behind a field's input

    def __init__(self, *args: Any, check_url: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= self.extra_fields()
        for name, field in self.fields.items():
            kind = getattr(field.widget, "input_type", "")
            if not check_url or name in self.unchecked or kind in ("checkbox", "radio", "file", "hidden", "color"):
                continue
            field.widget.attrs.update(
                {
                    "data-check": "",
                    "hx-post": check_url,
                    "hx-trigger": "change",
                    "hx-target": f"#field-{self.add_prefix(name)}",
                    "hx-swap": "outerHTML",
                    "hx-include": "closest form",
                    "hx-vals": json.dumps({CHECK: name}),
                    "hx-encoding": "application/x-www-form-urlencoded",
                }
            )

    def extra_fields(self) -> Mapping[str, forms.Field]:
        """Fields that are known when the form is made, beside those of the class."""
        return {}


def field_check(request: HttpRequest, form: forms.Form, *, hint: str = "") -> HttpResponse | None:
    """The answer to a field's own question, or None when the request sends the whole form.

    `hint` takes the place of the field's own, for good news such as "is free".
    """
    name = request.POST.get(CHECK, "")
    if name not in form.fields:
        return None
    bound = form[name]
    return render(
        request,
        "components/_field.html",
        {"field": bound, "hint": hint, "suffix": getattr(form, "suffixes", {}).get(name, "")},
    )

from __future__ import annotations

from typing import Any

from allauth.socialaccount import forms as social
from allauth.socialaccount.models import SocialAccount
from django import forms

from programs.models import User
from programs.ways_in import LastWayIn, is_google_the_only_way


class DisconnectForm(social.DisconnectForm):  # type: ignore[misc]
    """Takes away one Google account, unless nothing else opens the account here. A passkey is something else."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = forms.Form.clean(self) or {}
        user: User = self.request.user
        account: SocialAccount | None = cleaned.get("account")
        if account is not None and is_google_the_only_way(user):
            raise forms.ValidationError(LastWayIn.message)
        return cleaned

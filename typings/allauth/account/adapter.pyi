from typing import Any

from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.utils.functional import Promise

class DefaultAccountAdapter:
    error_messages: dict[str, str | Promise]
    def is_safe_url(self, url: str | None) -> bool: ...
    def get_password_change_redirect_url(self, request: HttpRequest) -> str: ...
    def get_login_redirect_url(self, request: HttpRequest) -> str: ...
    def get_signup_redirect_url(self, request: HttpRequest) -> str: ...
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None: ...
    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage: ...

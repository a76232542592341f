from __future__ import annotations

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from messaging import audit_words_webhooks, checks, checks_webhooks, tasks, tasks_webhooks  # noqa: F401

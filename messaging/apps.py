from __future__ import annotations

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from messaging import (  # noqa: F401
            audit_words_webhooks,
            checks,
            checks_webhooks,
            merging_rules,
            tasks,
            tasks_webhooks,
        )

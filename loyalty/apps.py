from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    verbose_name = _("Points")

    def ready(self) -> None:
        from loyalty import events, merging_rules, text_commands  # noqa: F401  (registers them)

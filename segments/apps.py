from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    name = "segments"

    def ready(self) -> None:
        from segments import badges, customer_lists, events, merging_rules  # noqa: F401  (registers them)

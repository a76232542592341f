from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class WorkspaceConfig(AppConfig):
    name = "workspace"
    verbose_name = _("Workspace")

    def ready(self) -> None:
        # Job handlers and due work register themselves in each app's tasks.py.
        autodiscover_modules("tasks")
        # Acts and subjects of the audit log, in each app's audit_words.py.
        autodiscover_modules("audit_words")

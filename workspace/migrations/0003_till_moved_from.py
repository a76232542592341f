"""A browser that becomes another till remembers which one it was."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspace", "0002_drop_admin_log_references")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="tilldevice",
            name="moved_from",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workspace.tilldevice",
            ),
        ),
    ]

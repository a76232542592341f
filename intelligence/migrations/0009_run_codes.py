from typing import Any

from django.db import migrations, models

import core.codes


def give_codes(apps: Any, _schema_editor: Any) -> None:
    for run in apps.get_model("intelligence", "ArchetypeRun").objects.only("pk"):
        run.code = core.codes.public_code()
        run.save(update_fields=["code"])


class Migration(migrations.Migration):
    dependencies = [("intelligence", "0008_shows_products")]

    operations = [
        migrations.AddField("archetyperun", "code", models.CharField(max_length=16, null=True)),
        migrations.RunPython(give_codes, migrations.RunPython.noop),
        migrations.AlterField(
            "archetyperun",
            "code",
            models.CharField(default=core.codes.public_code, editable=False, max_length=16, unique=True),
        ),
    ]

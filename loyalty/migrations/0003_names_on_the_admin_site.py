"""The plural of "entry" is not "entrys"."""

from django.db import migrations

NAMES = {
    "earningrate": ("earning rate", "earning rates"),
    "entry": ("entry", "entries"),
    "hold": ("points set aside", "points set aside"),
    "lot": ("lot", "lots"),
}


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0002_ledger_functions")]

    operations = [
        migrations.AlterModelOptions(name=model, options={"verbose_name": one, "verbose_name_plural": many})
        for model, (one, many) in NAMES.items()
    ]

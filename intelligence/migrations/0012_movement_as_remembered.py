from django.db import migrations


class Migration(migrations.Migration):
    """What weekly runs told was since a day that members no longer know: it is told again from the next run on."""

    dependencies = [
        ("intelligence", "0011_run_named_by"),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE intelligence_archetyperun SET moves_since = NULL WHERE moves_since <> next_moves_since",
            migrations.RunSQL.noop,
        ),
    ]

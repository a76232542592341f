from django.db import migrations


class Migration(migrations.Migration):
    """Until now `earlier` was the last weekly run, from which the next one tells movement."""

    dependencies = [
        ("customers", "0047_archetype_next_earlier"),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE customers_customerarchetype SET next_earlier_id = earlier_id WHERE earlier_id IS NOT NULL",
            migrations.RunSQL.noop,
        ),
    ]

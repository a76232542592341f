from django.db import migrations


class Migration(migrations.Migration):
    """Points of maps named their customers, also those who were erased since; nobody read it."""

    dependencies = [
        ("intelligence", "0012_movement_as_remembered"),
    ]

    operations = [
        migrations.RunSQL(
            """
            UPDATE intelligence_archetyperun SET people = jsonb_set(people, '{points}', (
                SELECT jsonb_agg(point.value - 3 ORDER BY point.place)
                FROM jsonb_array_elements(people -> 'points') WITH ORDINALITY AS point (value, place)
            )) WHERE jsonb_array_length(people -> 'points') > 0
            """,
            migrations.RunSQL.noop,
        ),
    ]

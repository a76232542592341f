"""Events that others send: their names, how long they are kept, visitors whose owner is not known yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0023_bulk_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventPolicy",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("keep_days", models.PositiveIntegerField(default=730)),
            ],
        ),
        migrations.CreateModel(
            name="TrackedName",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("count", models.BigIntegerField(default=0)),
                ("properties", models.JSONField(default=dict)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name="event",
            name="event_newest",
        ),
        migrations.AddField(
            model_name="customer",
            name="said_at",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="event",
            name="anonymous_id",
            field=models.CharField(max_length=120, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="tracked",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AlterField(
            model_name="identifier",
            name="kind",
            field=models.CharField(
                choices=[
                    ("phone", "Phone"),
                    ("email", "E-mail"),
                    ("external", "External id"),
                    ("anonymous", "Visitor id"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.OrderBy(models.F("occurred_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("tracked", "")),
                name="event_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.F("name"),
                models.F("tracked"),
                models.F("occurred_at"),
                models.F("customer"),
                name="event_windows",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.F("received_at"), condition=models.Q(("tracked", ""), _negated=True), name="event_to_forget"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.F("anonymous_id"),
                condition=models.Q(("anonymous_id__isnull", False), ("customer__isnull", True)),
                name="event_of_visitor",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedname",
            index=models.Index(
                models.OrderBy(models.F("last_at"), descending=True), models.F("name"), name="tracked_name_newest"
            ),
        ),
    ]

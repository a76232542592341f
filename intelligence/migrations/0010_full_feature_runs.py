from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("intelligence", "0009_run_codes"),
    ]

    operations = [
        migrations.AddField(
            model_name="featurerun",
            name="full_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="featurerun",
            name="rollups_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="featurerun",
            name="zone",
            field=models.CharField(blank=True, db_default="", max_length=64),
        ),
    ]

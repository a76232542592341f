"""When a business left the programme."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workspace", "0004_audit_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="business",
            name="left_on",
            field=models.DateField(blank=True, null=True, verbose_name="left the programme on"),
        ),
    ]

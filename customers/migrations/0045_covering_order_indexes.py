from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0044_scores_by_risk_gone"),
        ("workspace", "0005_business_left"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="orderline", name="order_line_position"),
        migrations.RemoveIndex(model_name="order", name="order_by_customer"),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                F("customer"),
                F("placed_at").desc(),
                name="order_by_customer",
                include=("id", "status", "total", "channel", "business"),
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.UniqueConstraint(
                fields=("order", "position"), include=("product", "quantity"), name="order_line_position"
            ),
        ),
    ]

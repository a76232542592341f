"""Made the ledger's SQL functions, which 0011 makes now: they name tables that are younger than this."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0004_rules_rewards_tiers"), ("customers", "0007_sale_lines")]

    operations = []

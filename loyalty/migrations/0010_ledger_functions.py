"""Made the ledger's SQL functions, which 0011 makes now, once."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0009_stamp_cards"), ("customers", "0008_tier_facts")]

    operations = []

"""The ledger's SQL functions came with this migration. 0011 replaces all of them; the files say what holds now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial"), ("customers", "0002_sale_functions")]

    operations = []

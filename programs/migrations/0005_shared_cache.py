"""The cache of a deployment without Redis: shared by its processes, and not worth the WAL.

The table of Django's DatabaseCache, as `createcachetable` would make it.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("programs", "0004_email_code")]

    operations = [
        migrations.RunSQL(
            [
                "CREATE UNLOGGED TABLE programs_cache"
                " (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL)",
                "CREATE INDEX programs_cache_by_expiry ON programs_cache (expires)",
            ],
            "DROP TABLE programs_cache",
        ),
    ]

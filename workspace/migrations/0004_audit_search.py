"""The audit log answers by act and by business at any size, and finds words in what was written beside an act.

Most entries are about points: found by time at once, and without words. The indexes by act and by word leave them out,
so that a sale does not pay for them.
"""

from typing import ClassVar

from django.db import migrations, models

BUT_POINTS = "WHERE action NOT LIKE 'loyalty.points.%'"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspace", "0003_till_moved_from")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["business_id", "-at", "-id"], name="audit_by_business"),
        ),
        migrations.RunSQL(
            f"CREATE INDEX audit_by_action ON workspace_auditentry (action, at DESC, id DESC) {BUT_POINTS}",
            "DROP INDEX audit_by_action",
        ),
        migrations.RunSQL(
            "CREATE INDEX audit_words ON workspace_auditentry"
            f" USING gin (upper(data::text) public.gin_trgm_ops) {BUT_POINTS}",
            "DROP INDEX audit_words",
        ),
    ]

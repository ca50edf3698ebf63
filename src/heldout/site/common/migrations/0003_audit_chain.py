from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from heldout.site.common.audit import chain


def chain_what_is_there(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    chain(apps.get_model("common", "AuditEntry").objects.order_by("id"))


class Migration(migrations.Migration):
    dependencies = [("common", "0002_pools_and_gates")]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="previous",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditentry",
            name="digest",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(chain_what_is_there, migrations.RunPython.noop),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("challenges", "0004_news")]

    operations = [
        migrations.AddField(
            model_name="revision",
            name="notes",
            field=models.JSONField(blank=True, default=list),
        ),
    ]

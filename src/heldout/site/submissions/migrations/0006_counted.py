from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('submissions', '0005_alerts'),
    ]

    operations = [
        migrations.AddField(
            model_name='submission',
            name='counted_mailbox',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddField(
            model_name='submission',
            name='counted_zone',
            field=models.CharField(blank=True, default='', max_length=60),
        ),
    ]

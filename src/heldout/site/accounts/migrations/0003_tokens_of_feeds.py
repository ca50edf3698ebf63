from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_scopes_of_tokens")]

    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="scope",
            field=models.CharField(
                choices=[
                    ("feed", "Read the feeds of what I may see"),
                    ("read", "Read what I may see"),
                    ("submit", "Read, take part and submit"),
                    ("organise", "Everything I may do, organising too"),
                ],
                default="organise",
                max_length=8,
            ),
        ),
    ]

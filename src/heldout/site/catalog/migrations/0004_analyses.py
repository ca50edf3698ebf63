import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

ROLES = [(1, "public"), (2, "participant"), (3, "organiser")]
STATES = [
    ("waiting", "Waiting"),
    ("working", "Being worked on"),
    ("done", "Done"),
    ("refused", "Refused"),
    ("failed", "Failed"),
]


def _id() -> tuple[str, models.Field]:  # type: ignore[type-arg]
    field = models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )
    return "id", field


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_documents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Analysis",
            fields=[
                _id(),
                (
                    "kind",
                    models.CharField(
                        choices=[("statistics", "Statistics"), ("leaks", "Leaks")], max_length=12
                    ),
                ),
                ("role", models.PositiveSmallIntegerField(choices=ROLES)),
                ("made_from", models.CharField(max_length=80)),
                ("options", models.JSONField(blank=True, default=dict)),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=10)),
                ("stage", models.CharField(blank=True, default="", max_length=200)),
                ("done", models.PositiveBigIntegerField(default=0)),
                ("total", models.PositiveBigIntegerField(default=0)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.TextField(blank=True, default="")),
                ("folder", models.CharField(blank=True, default="", max_length=200)),
                ("summary", models.JSONField(blank=True, default=dict)),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="analyses",
                        to="catalog.datarevision",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "analyses",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("revision", "kind", "role"), name="one_analysis"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LeakVerdict",
            fields=[
                _id(),
                ("key", models.CharField(max_length=64)),
                ("first_split", models.TextField()),
                ("first", models.TextField()),
                ("second_split", models.TextField()),
                ("second", models.TextField()),
                ("is_leak", models.BooleanField()),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="leak_verdicts",
                        to="catalog.dataset",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dataset", "key"), name="one_verdict_per_pair"
                    )
                ],
            },
        ),
    ]

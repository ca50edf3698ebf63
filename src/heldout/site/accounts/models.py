from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

HANDLE = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9_-]{1,38}$",
    "Use 2 to 39 letters, digits, hyphens or underscores; begin with a letter or digit.",
)

HANDLES = [HANDLE]


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. They sign in by e-mail, which nobody else sees; others see `handle` and `name`."""

    email = models.EmailField("e-mail address", unique=True)
    handle = models.CharField(
        "public name",
        max_length=39,
        unique=True,
        validators=[HANDLE],
        help_text="Shown on leaderboards. Letters, digits, hyphens and underscores.",
    )
    name = models.CharField("full name", max_length=120, blank=True, default="")
    may_organise = models.BooleanField("may create challenges", default=False)
    is_staff = models.BooleanField("site staff", default=False)
    is_active = models.BooleanField("may sign in", default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["handle"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_account_per_email",
                violation_error_message="There is an account with this e-mail address already.",
            ),
            models.UniqueConstraint(
                Lower("handle"),
                name="one_account_per_handle",
                violation_error_message="This public name is taken.",
            ),
        ]

    def __str__(self) -> str:
        return self.handle

    def get_full_name(self) -> str:
        return self.name or self.handle

    def get_short_name(self) -> str:
        return self.handle


class Scope(models.TextChoices):
    """What a token may do; each includes the one before."""

    FEED = "feed", "Read the feeds of what I may see"
    READ = "read", "Read what I may see"
    SUBMIT = "submit", "Read, take part and submit"
    ORGANISE = "organise", "Everything I may do, organising too"

    def includes(self, other: Scope) -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(other)


class ApiToken(models.Model):
    """A key to the API. Only its hash is kept, so it is shown once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=8, choices=Scope, default=Scope.ORGANISE)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class SignInLink(models.Model):
    """A link that signs its owner in, once and for a short time. Only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user_id}"

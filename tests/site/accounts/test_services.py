from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from heldout.site.accounts.models import ApiToken, SignInLink, User
from heldout.site.accounts.services import (
    create_sign_in_link,
    create_token,
    create_user,
    free_handle,
    is_verified,
    peek_sign_in_link,
    person,
    revoke_token,
    use_sign_in_link,
    user_of_token,
)


def test_a_revoked_token_is_nobodys(outsider):
    token, secret = create_token(user=outsider, name="laptop", now=timezone.now())
    revoke_token(token=token, by=outsider, now=timezone.now())
    assert user_of_token(secret, now=timezone.now()) is None


def test_the_token_of_a_closed_account_is_nobodys(outsider):
    _, secret = create_token(user=outsider, name="laptop", now=timezone.now())
    User.objects.filter(pk=outsider.pk).update(is_active=False)
    assert user_of_token(secret, now=timezone.now()) is None


def test_only_the_hash_of_a_token_is_kept(outsider):
    token, secret = create_token(user=outsider, name="laptop", now=timezone.now())
    kept = [str(value) for value in ApiToken.objects.filter(pk=token.pk).values()[0].values()]
    assert not any(secret in value for value in kept)
    assert secret.startswith(token.prefix)
    assert len(token.prefix) < 12


def test_a_tokens_last_use_is_noted(outsider):
    now = timezone.now()
    _, secret = create_token(user=outsider, name="laptop", now=now)
    assert user_of_token(secret, now=now).user == outsider
    assert ApiToken.objects.get().last_used_at == now


def test_a_sign_in_link_works_once(outsider):
    secret = create_sign_in_link(user=outsider, now=timezone.now())
    assert use_sign_in_link(secret, now=timezone.now()) == outsider
    assert use_sign_in_link(secret, now=timezone.now()) is None


def test_a_sign_in_link_expires(outsider):
    secret = create_sign_in_link(user=outsider, now=timezone.now())
    assert use_sign_in_link(secret, now=timezone.now() + timedelta(hours=2)) is None


def test_looking_at_a_sign_in_link_does_not_use_it_up(outsider):
    secret = create_sign_in_link(user=outsider, now=timezone.now())
    assert peek_sign_in_link(secret, now=timezone.now()) == outsider
    assert use_sign_in_link(secret, now=timezone.now()) == outsider
    assert SignInLink.objects.filter(digest__contains=secret).count() == 0


@pytest.mark.parametrize("email", ["outsider@example.org", "OUTSIDER@Example.ORG"])
def test_an_address_has_one_account_however_it_is_written(email, outsider):
    with pytest.raises(IntegrityError), transaction.atomic():
        create_user(email=email, handle="another")
    assert person(email=email) == outsider


def test_a_public_name_is_taken_in_every_spelling(outsider):
    with pytest.raises(IntegrityError), transaction.atomic():
        create_user(email="x@example.org", handle="Outsider")


def test_an_account_made_for_somebody_cannot_be_signed_in_to_with_a_password():
    user = person(email="new.person@example.org")
    assert not user.has_usable_password()
    assert not is_verified(user)


def test_a_public_name_is_made_of_the_address_and_free(outsider):
    assert free_handle("outsider@elsewhere.org") == "outsider-2"
    assert free_handle("ä@elsewhere.org") == "person"

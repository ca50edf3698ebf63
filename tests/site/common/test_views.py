import pytest
from django.core.exceptions import PermissionDenied
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.views.defaults import bad_request, permission_denied, server_error


def test_every_component_has_its_place_on_the_page_of_patterns(client):
    html = client.get("/-/patterns").content.decode()
    for part in ("colours", "type", "numbers", "buttons", "status", "forms", "tables", "plots"):
        assert f'id="{part}"' in html


def test_an_unknown_address_has_a_page(client):
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()


@pytest.mark.parametrize("name", ["429.html", "403_csrf.html"])
def test_refusals_have_pages_that_need_no_context(name):
    assert "<h1>" in render_to_string(name)


def test_errors_have_pages(rf: RequestFactory, outsider):
    request = rf.get("/")
    request.user = outsider
    assert b"not understood" in bad_request(request, ValueError()).content
    assert b"a reason" in permission_denied(request, PermissionDenied("a reason")).content
    assert b"Something went wrong here" in server_error(request).content


def test_a_form_without_its_token_is_refused_in_words():
    from django.test import Client

    answer = Client(enforce_csrf_checks=True).post("/accounts/login/")
    assert answer.status_code == 403
    assert "The form was too old" in answer.content.decode()


def test_the_browsers_own_question_for_an_icon_is_answered(client):
    assert client.get("/favicon.ico").headers["Location"].endswith("logo.svg")

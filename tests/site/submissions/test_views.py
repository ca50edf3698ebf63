import re
from html import unescape

import pytest
from django.urls import reverse

from heldout.site.challenges.models import Challenge, Phase
from heldout.site.common.models import Job, JobState
from heldout.site.submissions import views
from heldout.site.submissions.models import Board, Status, Submission

BOARD = "/challenges/cats/leaderboard/"


def text(answer):
    return re.sub(r"[ \n]+", " ", answer.content.decode())


def detail(submission):
    return reverse("submissions:detail", args=[submission.pk])


@pytest.fixture
def board(participant, rival, scored):
    """A leaderboard of two: the rival is ahead, far beyond chance."""
    scored(participant, 20)
    scored(rival, 55)


def test_an_empty_leaderboard_says_what_opens_it(client, challenge):
    assert "Nobody is ranked yet" in text(client.get(f"{BOARD}?phase=dev"))


def test_the_leaderboard_tells_ranks_intervals_and_who_is_behind(client, board):
    html = text(client.get(f"{BOARD}?phase=dev"))
    assert "91.7\u202f%" in html
    assert "behind the first beyond chance" in html
    assert "Do not compare these intervals by eye" in html
    assert html.index("rival") < html.index("participant")


def test_the_own_row_and_baselines_are_marked_in_words(signed_in, participant, rival, board):
    rival.memberships.get().entrant.__class__.objects.filter(name="rival").update(baseline=True)
    html = text(signed_in(participant).get(f"{BOARD}?phase=dev"))
    assert html.count('<tr class="own ') == 1
    assert ">You</span>" in html


def test_one_leaderboard_is_made_for_all_and_marks_each_readers_row(
    client, signed_in, participant, rival, board, monkeypatch
):
    pages = {who: text(signed_in(who).get(f"{BOARD}?phase=dev")) for who in (participant, rival)}
    monkeypatch.setattr(views, "_board_context", None)  # Nothing is made anew.
    pages[None] = text(client.get(f"{BOARD}?phase=dev"))
    assert [page.count(">You</span>") for page in pages.values()] == [1, 1, 0]
    for who in (participant, rival):
        own = pages[who].partition('<tr class="own ')[2].partition("</tr>")[0]
        assert who.handle in own


def test_another_metric_is_shown_in_its_own_order(client, board):
    html = text(client.get(f"{BOARD}?phase=dev&metric=balanced-accuracy/balanced-accuracy"))
    assert "In the order of Balanced accuracy; ranks are by Accuracy." in html


def test_what_a_phase_does_not_reveal_is_nowhere_on_its_leaderboard(
    client, challenge, participant, scored
):
    scored(participant, 30, phase=challenge.phases.get(key="plain"))
    html = text(client.get(f"{BOARD}?phase=plain"))
    assert "50.0\u202f%" in html
    assert "<svg role=" not in html
    assert "Interval" not in html
    assert "Against the first" not in html


def test_a_phase_that_reveals_nothing_shows_no_rows(client, challenge, participant, scored):
    scored(participant, 30, phase=challenge.phases.get(key="silent"))
    html = text(client.get(f"{BOARD}?phase=silent"))
    assert "Scores are kept back" in html
    assert "50.0" not in html


def test_a_board_for_organisers_is_no_page_for_others(client, signed_in, challenge, organiser):
    assert client.get(f"{BOARD}?phase=insiders").status_code == 404
    assert signed_in(organiser).get(f"{BOARD}?phase=insiders").status_code == 200


def test_a_challenge_whose_boards_are_all_hidden_says_so(client, challenge):
    challenge.phases.update(leaderboard="organisers")
    assert "shown to its participants or organisers only" in text(client.get(BOARD))


def test_an_unchanged_leaderboard_is_not_sent_again(client, board):
    first = client.get(f"{BOARD}?phase=dev")
    again = client.get(f"{BOARD}?phase=dev", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_new_result_and_another_reader_get_a_page_of_their_own(
    client, signed_in, participant, rival, board, scored
):
    first = client.get(f"{BOARD}?phase=dev").headers["ETag"]
    other = signed_in(participant).get(f"{BOARD}?phase=dev", headers={"If-None-Match": first})
    assert other.status_code == 200
    scored(rival, 59)
    later = client.get(f"{BOARD}?phase=dev", headers={"If-None-Match": first})
    assert later.status_code == 200


def test_a_leaderboard_that_is_being_counted_says_so_and_asks_again(
    client, participant, board, hand_in, challenge
):
    challenge.phases.filter(key="dev").update(board_version=99)
    answer = client.get(f"{BOARD}?phase=dev")
    assert "Newer results are being counted in." in text(answer)
    assert "hx-get" in text(answer)
    assert not answer.has_header("ETag")


def test_the_list_asks_again_only_while_something_is_unfinished(
    signed_in, participant, hand_in, scored
):
    client = signed_in(participant)
    hand_in(participant)
    assert "hx-get" in text(client.get("/challenges/cats/submissions/"))
    scored(participant)
    assert "hx-get" not in text(client.get("/challenges/cats/submissions/"))


def test_the_list_shows_a_score_only_where_the_phase_reveals_it(
    signed_in, challenge, participant, scored
):
    scored(participant, 33, phase=challenge.phases.get(key="silent"))
    html = text(signed_in(participant).get("/challenges/cats/submissions/"))
    assert "Scored" in html
    assert "55.0" not in html


def test_the_page_of_a_submission_shows_all_that_is_revealed(signed_in, participant, scored):
    html = text(signed_in(participant).get(detail(scored(participant, 30))))
    assert "50.0\u202f%" in html
    assert "By light" in html
    assert "By class" in html
    assert "Wilson interval" in html
    assert "wilson" not in html
    assert html.count("<svg role=") == 6  # A group, the classes and the confusion, for two widths.


def test_the_page_of_a_submission_hides_what_the_phase_does(
    signed_in, challenge, participant, organiser, scored
):
    submission = scored(participant, 30, phase=challenge.phases.get(key="plain"))
    html = text(signed_in(participant).get(detail(submission)))
    assert "50.0\u202f%" in html
    assert "<svg role=" not in html
    assert "Wilson interval" not in html
    assert "By light" in text(signed_in(organiser).get(detail(submission)))


def test_a_problem_of_the_whole_file_names_it_as_its_entrant_did(signed_in, participant, scored):
    submission = scored(participant, content=b"example_id,prediction\ne000,cat\n")
    Submission.objects.update(filename="second try.csv")
    html = text(signed_in(participant).get(detail(submission)))
    assert '<span class="place">second try.csv</span>' in html
    assert "predictions.csv" not in html


def test_all_problems_of_a_refused_file_are_listed(signed_in, participant, scored):
    content = b"example_id,prediction\ne000,catt\ne001,cat\nnobody,dog\n"
    submission = scored(participant, content=content)
    html = text(signed_in(participant).get(detail(submission)))
    assert submission.status == Status.REFUSED
    assert "did you mean" in html.lower()
    assert "nobody" in html
    assert "does not count against the limits" in html


@pytest.mark.parametrize("path", ["", "withdraw/"])
def test_a_foreign_submission_is_not_there(
    client, signed_in, participant, rival, outsider, scored, path
):
    address = detail(scored(participant)) + path
    for person in (rival, outsider):
        assert signed_in(person).get(address).status_code == 404
    assert client.get(address).headers["Location"].startswith("/accounts/login/")


def test_a_submission_is_withdrawn_by_post_only(signed_in, participant, scored):
    client, submission = signed_in(participant), scored(participant)
    address = reverse("submissions:withdraw", args=[submission.pk])
    assert "Withdraw predictions.csv?" in text(client.get(address))
    submission.refresh_from_db()
    assert submission.status == Status.SCORED
    assert "on no leaderboard" in text(client.post(address, follow=True))
    submission.refresh_from_db()
    assert submission.status == Status.WITHDRAWN


def test_an_organiser_sees_a_submission_and_cannot_withdraw_it(
    signed_in, organiser, participant, scored
):
    client, submission = signed_in(organiser), scored(participant)
    assert client.get(detail(submission)).status_code == 200
    address = reverse("submissions:withdraw", args=[submission.pk])
    assert client.post(address).status_code == 403


def test_everybodys_submissions_are_the_organisers_to_see(
    client, signed_in, organiser, participant, rival, scored
):
    address = "/challenges/cats/organise/submissions/"
    scored(participant)
    scored(rival, content=b"example_id\n")
    assert signed_in(participant).get(address).status_code == 403
    assert client.get(address).status_code == 302
    everything = signed_in(organiser).get(address).context["rows"]
    refused = signed_in(organiser).get(f"{address}?status=refused").context["rows"]
    assert [row["submission"].entrant.name for row in everything] == ["rival", "participant"]
    assert [row["submission"].entrant.name for row in refused] == ["rival"]


def test_a_deleted_filter_value_shows_everything(signed_in, organiser, participant, scored):
    scored(participant)
    address = "/challenges/cats/organise/submissions/?status=nonsense&page=zzz"
    assert len(signed_in(organiser).get(address).context["rows"]) == 1


def test_a_list_asks_the_database_the_same_however_long_it_is(
    signed_in, organiser, participant, rival, scored, django_assert_max_num_queries
):
    for right in (20, 30, 40):
        scored(participant, right)
        scored(rival, right)
    client = signed_in(organiser)
    with django_assert_max_num_queries(30):
        client.get("/challenges/cats/organise/submissions/")


def test_the_leaderboard_asks_the_database_the_same_however_many_are_ranked(
    client,
    challenge: Challenge,
    participant,
    board,
    enter_as,
    scored,
    django_assert_max_num_queries,
):
    for handle in ("third", "fourth", "fifth"):
        scored(enter_as(handle), 25)
    with django_assert_max_num_queries(25):
        client.get(f"{BOARD}?phase=dev")


def test_a_phone_is_told_beside_the_name_who_is_behind_the_first(client, board):
    html = text(client.get(f"{BOARD}?phase=dev"))
    assert '<span class="note-text small-screen">behind the first</span>' in html


def test_a_result_without_intervals_does_not_speak_of_them(
    signed_in, challenge, participant, scored
):
    submission = scored(participant, 30, phase=challenge.phases.get(key="plain"))
    html = text(signed_in(participant).get(detail(submission)))
    assert "50.0\u202f%" in html
    assert "Interval" not in html


def test_an_organiser_has_a_failed_submission_scored_again(
    signed_in, organiser, participant, outsider, scored
):
    submission = scored(participant, 30)
    address = reverse("submissions:rescore", args=[submission.pk])
    assert "Score again" not in text(signed_in(organiser).get(detail(submission)))
    Submission.objects.update(status=Status.FAILED)
    Job.objects.filter(kind="evaluate").update(state=JobState.DEAD)
    assert "Score again" in text(signed_in(organiser).get(detail(submission)))
    assert "Score again" not in text(signed_in(participant).get(detail(submission)))
    assert signed_in(participant).post(address).status_code == 403
    assert signed_in(outsider).post(address).status_code == 404
    assert signed_in(organiser).get(address).status_code == 405
    assert signed_in(organiser).post(address).status_code == 302
    submission.refresh_from_db()
    assert submission.status == Status.QUEUED


def test_a_submission_shows_its_classes_and_whom_it_takes_for_whom(signed_in, participant, scored):
    html = text(signed_in(participant).get(detail(scored(participant, 45))))
    assert "Precision and recall of each class" in html
    assert "The most frequent confusions" in html
    assert "Worst:" in html
    assert "Rates of error by group" in html
    rates = html.partition("Rates of error by group")[2].partition("</table>")[0]
    assert [head for head in ("True positive rate", "Predicted share") if head not in rates] == []
    rows = re.findall(r'<th scope="row">(.*?)</th> <td>(.*?)</td>', rates)
    assert rows
    assert len(rows) == len(set(rows))  # One row for a class, with all its rates.
    assert 'aria-labelledby="plot-' in html


def test_a_phase_that_does_not_reveal_confusion_shows_none(
    signed_in, challenge, participant, scored
):
    submission = scored(participant, 45, phase=challenge.phases.get(key="plain"))
    html = text(signed_in(participant).get(detail(submission)))
    for word in ("confusion", "Precision", "Worst:", "Rates of error"):
        assert word not in html


def test_organisers_see_the_details_of_a_phase_that_reveals_nothing(
    signed_in, challenge, participant, organiser, scored
):
    submission = scored(participant, 45, phase=challenge.phases.get(key="silent"))
    assert "The most frequent confusions" in text(signed_in(organiser).get(detail(submission)))


def chart_of(client, which="ranks"):
    """What the page fetches as its chart."""
    found = re.search(
        rf'hx-get="([^"]*/leaderboard/{which}/[^"]*)"', text(client.get(f"{BOARD}?phase=dev"))
    )
    return unescape(found[1])


def test_a_chart_comes_after_its_page_which_keeps_its_place(client, board):
    page = text(client.get(f"{BOARD}?phase=dev"))
    place = re.search(r'viewBox="(0 0 680 \d+)"', page)[1]
    part = text(client.get(chart_of(client), headers={"hx-request": "true"}))
    assert place in part
    assert part.count('role="img"') == 2
    assert "<html" not in part


def test_without_a_script_a_chart_is_a_page_of_its_own(client, board):
    page = text(client.get(chart_of(client)))
    assert "<html" in page
    assert page.count('role="img"') == 2


def test_how_the_top_moved_is_drawn_when_it_is_asked_for(client, participant, rival, scored):
    scored(participant, 20)
    scored(rival, 40)
    part = text(client.get(chart_of(client, "lead"), headers={"hx-request": "true"}))
    assert "How the top Accuracy moved" in part


def test_a_chart_shows_no_more_than_its_page(
    client, signed_in, challenge, organiser, participant, scored
):
    scored(participant, 20, phase=challenge.phases.get(key="plain"))
    chart = "/challenges/cats/leaderboard/ranks/"
    assert "nothing to draw" in text(client.get(f"{chart}?phase=plain"))
    assert client.get(f"{chart}?phase=insiders").status_code == 404
    assert signed_in(organiser).get(f"{chart}?phase=insiders").status_code == 200


def test_while_results_come_in_the_chart_of_a_moment_ago_is_shown(client, board, participant):
    address = chart_of(client)
    before = text(client.get(address))
    board_row = Board.objects.get(phase__key="dev")
    board_row.rows[0]["entrant"] = "renamed"
    board_row.version += 1
    board_row.save()
    Phase.objects.filter(key="dev").update(board_version=board_row.version + 1)
    assert text(client.get(address)) == before
    Phase.objects.filter(key="dev").update(board_version=board_row.ranges_version)
    assert "renamed" in text(client.get(address))

from __future__ import annotations

from django.urls import path

from heldout.site.challenges import disqualifying_views, news_views, organising, team_views, views

app_name = "challenges"
_own = "challenges/<slug:slug>/"
urlpatterns = [
    path("", views.listing, name="list"),
    path("new/", organising.new, name="new"),
    path("news.atom", news_views.site_feed, name="site-feed"),
    path(_own, views.overview, name="overview"),
    path(f"{_own}data/", views.data, name="data"),
    path(f"{_own}data/media/<int:revision_id>/<path:name>", views.media, name="media"),
    path(f"{_own}rules/", views.rules, name="rules"),
    path(f"{_own}news/", news_views.listing, name="news"),
    path(f"{_own}news/mail/", news_views.want_mail, name="want-mail"),
    path(f"{_own}news.atom", news_views.feed, name="news-feed"),
    path(f"{_own}winners/", news_views.winners_page, name="winners"),
    path(f"{_own}team/", team_views.team, name="team"),
    path(f"{_own}team/join/<str:secret>/", team_views.join, name="team-join"),
    path(f"{_own}team/offers/<int:offer_id>/", team_views.answer, name="team-offer"),
    path(f"{_own}team/members/<int:member_id>/off/", team_views.leave, name="team-leave"),
    path(f"{_own}team/members/<int:member_id>/lead/", team_views.lead, name="team-lead"),
    path(f"{_own}organise/", organising.organise, name="organise"),
    path(f"{_own}organise/phases/<slug:key>/", organising.edit_phase, name="edit-phase"),
    path(f"{_own}organise/news/", news_views.write, name="write-news"),
    path(
        f"{_own}organise/news/<int:announcement_id>/retract/",
        news_views.retract,
        name="retract-news",
    ),
    path(f"{_own}organise/winners/", news_views.name_winners, name="name-winners"),
    path(
        f"{_own}organise/people/invitations/<int:invitation_id>/withdraw/",
        organising.uninvite,
        name="uninvite",
    ),
    path(f"{_own}organise/people/", organising.people, name="people"),
    path(
        f"{_own}organise/people/<int:organiser_id>/remove/",
        organising.remove_organiser,
        name="remove-organiser",
    ),
    path(
        f"{_own}organise/disqualifications/",
        disqualifying_views.disqualifications,
        name="disqualifications",
    ),
    path(
        f"{_own}organise/disqualifications/<int:number>/",
        disqualifying_views.reinstate,
        name="reinstate",
    ),
    path(f"{_own}organise/revision/", organising.new_revision, name="new-revision"),
]

"""Stamp cards for staff, included at `/loyalty/stamp-cards/`."""

from django.urls import path

from screens import views_stamps as views

app_name = "stamps"
urlpatterns = [
    path("", views.cards, name="list"),
    path("start/", views.start, name="start"),
    path("new/", views.create, name="create"),
    path("preview/", views.preview, name="preview"),
    path("customers/<slug:code>/", views.member, name="member"),
    path("customers/<slug:code>/full-cards/<slug:reward>/use/", views.use, name="use"),
    path("<slug:code>/", views.change, name="card"),
    path("<slug:code>/archive/", views.archive, name="archive"),
    path("<slug:code>/restore/", views.restore, name="restore"),
    path("<slug:code>/delete/", views.delete, name="delete"),
    path("<slug:code>/place/", views.place, name="place"),
]

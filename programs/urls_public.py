from django.urls import path

from programs import views_dev
from programs import views_public as views

app_name = "programs"
urlpatterns = [
    path("", views.welcome, name="welcome"),
    path("login/", views.login, name="login"),
    path("start/", views.start, name="start"),
    path("programmes/", views.programmes, name="programmes"),
    path("enter/<slug:slug>/", views.enter, name="enter"),
    path("dev/mail/", views_dev.dev_mail, name="dev-mail"),
]

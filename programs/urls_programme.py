from django.urls import path

from programs import views_programme as views

app_name = "programs"
urlpatterns = [
    path("login/", views.login, name="login"),
    path("enter/", views.enter, name="enter"),
    path("logout/", views.logout, name="logout"),
    path("switcher/", views.switcher, name="switcher"),
    path("brand/<str:name>", views.brand, name="brand"),
]

"""Businesses that join the programme, for its owners, included at `/settings/businesses/joining/`."""

from django.urls import path

from screens import views_joining as views

app_name = "joining"
urlpatterns = [
    path("", views.joining_page, name="page"),
    path("code/", views.code_change, name="code-change"),
    path("code/rotate/", views.code_rotate, name="code-rotate"),
    path("invited/", views.invite, name="invite"),
    path("invited/<slug:code>/renew/", views.invitation_renew, name="invitation-renew"),
    path("invited/<slug:code>/revoke/", views.invitation_revoke, name="invitation-revoke"),
    path("requests/<slug:code>/", views.request_page, name="request"),
    path("requests/<slug:code>/approve/", views.approve, name="approve"),
    path("requests/<slug:code>/decline/", views.decline, name="decline"),
]

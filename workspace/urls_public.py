from django.urls import path

from workspace import views_invitation

app_name = "invitations"
urlpatterns = [path("invitations/<str:token>/", views_invitation.accept, name="accept")]

from django.urls import path

from screens import api

urlpatterns = [path("auth/register-business", api.RegisterBusinessView.as_view(), name="auth-register-business")]

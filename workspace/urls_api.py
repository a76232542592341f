from django.urls import path

from workspace import api_account, api_keys, api_programme, api_team, api_work

urlpatterns = [
    path("auth/me", api_account.MeView.as_view(), name="auth-me"),
    path("auth/logout", api_account.LogoutView.as_view(), name="auth-logout"),
    path("me/preferences", api_account.PreferencesView.as_view(), name="me-preferences"),
    path("api-keys/", api_keys.ClientsView.as_view(), name="api-keys"),
    path("api-keys/<code:client_id>", api_keys.ClientView.as_view(), name="api-key"),
    path("api-keys/<code:client_id>/rotate", api_keys.RotateView.as_view(), name="api-key-rotate"),
    path("businesses/", api_programme.BusinessesView.as_view(), name="businesses"),
    path("businesses/<code:business_id>", api_programme.BusinessView.as_view(), name="business"),
    path("members/", api_team.MembersView.as_view(), name="members"),
    path("members/<code:member_id>", api_team.MemberView.as_view(), name="member"),
    path("invitations/", api_team.InvitationsView.as_view(), name="invitations"),
    path("invitations/<code:invitation_id>", api_team.InvitationView.as_view(), name="invitation"),
    path("invitations/<code:invitation_id>/renew", api_team.InvitationRenewView.as_view(), name="invitation-renew"),
    path("settings/", api_programme.SettingsView.as_view(), name="settings"),
    path("jobs/", api_work.JobsView.as_view(), name="jobs"),
    path("jobs/<code:job_id>", api_work.JobView.as_view(), name="job"),
    path("jobs/<code:job_id>/cancel", api_work.JobCancelView.as_view(), name="job-cancel"),
    path("audit/", api_work.AuditView.as_view(), name="audit"),
]

from django.urls import path

from workspace import views_audit, views_businesses, views_keys, views_settings, views_team

app_name = "workspace"
urlpatterns = [
    path("settings/", views_settings.programme_settings, name="settings"),
    path("settings/logo/remove/", views_settings.logo_remove, name="logo-remove"),
    path("settings/api-keys/", views_keys.api_keys, name="api-keys"),
    path("settings/api-keys/new/", views_keys.api_key_new, name="api-key-new"),
    path("settings/api-keys/<code:client_code>/rotate/", views_keys.api_key_rotate, name="api-key-rotate"),
    path("settings/api-keys/<code:client_code>/revoke/", views_keys.api_key_revoke, name="api-key-revoke"),
    path("settings/audit/", views_audit.audit_log, name="audit"),
    path("settings/audit/entries.csv", views_audit.audit_export, name="audit-export"),
    path("settings/me/", views_settings.me, name="me"),
    path("settings/businesses/", views_businesses.business_list, name="business-list"),
    path("settings/businesses/new/", views_businesses.business_new, name="business-new"),
    path("settings/businesses/<slug:code>/", views_businesses.business_edit, name="business-edit"),
    path("settings/businesses/<slug:code>/close/", views_businesses.business_close, name="business-close"),
    path("settings/businesses/<slug:code>/reopen/", views_businesses.business_reopen, name="business-reopen"),
    path("settings/team/", views_team.team_page, name="team"),
    path("settings/team/invitations/", views_team.invitation_new, name="invitation-new"),
    path("settings/team/invitations/<slug:code>/renew/", views_team.invitation_renew, name="invitation-renew"),
    path("settings/team/invitations/<slug:code>/revoke/", views_team.invitation_revoke, name="invitation-revoke"),
    path("settings/team/<slug:code>/", views_team.member_change, name="member-change"),
    path("settings/team/<slug:code>/remove/", views_team.member_remove, name="member-remove"),
]

"""One permission table, and no URL or API route without a row in it."""

from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import override

from core.permissions import (
    API,
    CUSTOMER,
    MEMBER,
    OPEN,
    ROLE_PERMISSIONS,
    SCOPE_PRESETS,
    SIGNED_IN,
    Perm,
    Role,
    permissions_of,
)
from programs.access import LIBRARY_ACCESS
from programs.routes import all_routes, permissions_markdown

WORDS = {OPEN, SIGNED_IN, MEMBER, CUSTOMER, API}
ROUTES = all_routes()


def test_every_route_says_what_it_asks_for():
    silent = [f"{r.host} {r.path} ({r.name or r.view})" for r in ROUTES if r.access is None]
    assert silent == [], "decorate these views (core.permissions), or give a library's view a row (programs.access)"


def test_what_a_route_asks_for_is_in_the_table():
    strange = [r for r in ROUTES if not isinstance(r.access, Perm) and r.access not in WORDS and r.access is not None]
    assert strange == []


def test_every_act_of_the_api_names_a_permission_for_each_method():
    acts = [r for r in ROUTES if r.access == API]
    assert acts
    known = {*Perm.values, MEMBER}
    for route in acts:
        assert route.methods, f"{route.path} ({route.view}) has no `required`"
        assert set(route.methods.values()) <= known, route


def test_permissions_of_a_programme_are_asked_for_on_its_host_only():
    """On the public host there is no membership: a Perm there would refuse everybody."""
    assert [r.path for r in ROUTES if r.host == "public" and isinstance(r.access, Perm)] == []


def test_open_routes_are_few_and_known():
    """A new open page is a decision: add it here with the reason in the view."""
    entrance = {name for name, access in LIBRARY_ACCESS.items() if access == OPEN}
    apps = (
        "core.health.",
        "core.brand.",
        "core.component_sheet.",
        "core.error_views.",
        "core.metrics.",
        "config.api_docs.",
        "messaging.views.dev_messages",
        "messaging.",
        "programs.api.",
        "programs.views_dev.dev_mail",
        "programs.views_google.",
        "programs.views_passkeys.LoginPasskey",
        "programs.views_public.",
        "programs.views_programme.",
        "screens.api.JoinCodeView",
        "screens.api.JoinStateView",
        "screens.api.RegisterBusinessView",
        "screens.views_join.ask",
        "screens.views_join.enter_code",
        "screens.views_rewards.picture",
        "workspace.views_invitation.accept",
    )
    unknown = [
        r
        for r in ROUTES
        if r.access == OPEN
        and not r.is_admin
        and r.view not in entrance
        and not r.view.startswith(apps)
        # The admin sites' own pages check for themselves.
        and not r.path.startswith("/admin/")
    ]
    assert unknown == []


def test_no_library_row_is_left_behind():
    assert set(LIBRARY_ACCESS) - {route.view for route in ROUTES} == set()


def test_every_permission_is_somebodys_and_every_role_has_some():
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert frozenset().union(*ROLE_PERMISSIONS.values()) == frozenset(Perm)
    assert ROLE_PERMISSIONS[Role.OWNER] == frozenset(Perm)


def test_the_roles_as_they_are_promised():
    assert ROLE_PERMISSIONS[Role.OWNER] - ROLE_PERMISSIONS[Role.MANAGER] == {
        Perm.KEYS_MANAGE, Perm.SETTLEMENT_CLOSE, Perm.BUSINESSES_MANAGE,
    }  # fmt: skip
    assert all(perm.value.endswith(":read") for perm in ROLE_PERMISSIONS[Role.ANALYST])
    assert ROLE_PERMISSIONS[Role.CASHIER] == {Perm.TILL_USE, Perm.POINTS_WRITE}
    assert ROLE_PERMISSIONS[Role.ANALYST] <= ROLE_PERMISSIONS[Role.MARKETER] <= ROLE_PERMISSIONS[Role.MANAGER]


def test_scopes_of_keys_grow_from_read_to_admin():
    assert SCOPE_PRESETS["read"] < SCOPE_PRESETS["write"] < SCOPE_PRESETS["admin"]
    assert Perm.TILL_USE not in SCOPE_PRESETS["admin"]


def test_a_word_that_is_no_role_raises():
    with pytest.raises(ValueError, match="king"):
        permissions_of("king")


def test_the_permissions_page_of_the_docs_is_current():
    with override("en"):
        expected = permissions_markdown()
    written = (Path(settings.BASE_DIR) / "docs" / "permissions.md").read_text()
    assert written == expected, "run `manage.py permissions_doc`"

"""What the tests of the settings share."""

import pytest
from django_tenants.utils import tenant_context

from programs.models import Invitation, Membership
from workspace.models import Business


@pytest.fixture
def foreign(other_programme, outsider):
    """The other programme's ids."""
    with tenant_context(other_programme):
        business = Business.objects.create(name="Meadow Inn")
    invitation = Invitation.objects.create(
        programme=other_programme,
        email="other@example.com",
        role="analyst",
        token_digest=b"y" * 32,
        expires_at="2030-01-01T00:00Z",
    )
    return {
        "business": business.code,
        "member": Membership.objects.get(user=outsider).code,
        "invitation": invitation.code,
    }

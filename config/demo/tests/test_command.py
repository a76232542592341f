"""`manage.py demo` beside programmes that are real."""

import pytest
from django.core.management import CommandError, call_command

from config.demo.log_ins import OWNER
from programs.models import Membership, Programme


def test_a_real_programme_of_the_same_name_is_left_alone(programme):
    Programme.objects.filter(pk=programme.pk).update(slug="coffee")
    with pytest.raises(CommandError, match="coffee"):
        call_command("demo", only="coffee")
    assert not Membership.objects.filter(programme=programme, user__email=OWNER).exists()

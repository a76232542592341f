from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput


class TooManyCodes(DomainError):
    """A cap is reached. Says nothing about whether the number is known: requests count alike."""

    code = "too_many_codes"
    status = 429
    message = _("Too many codes have been asked for. Wait a few minutes and try again.")

    def __init__(self, cap: str, group: str = "") -> None:
        self.cap, self.group = cap, group  # `group`: the prefix, dial code or address that is capped
        super().__init__(cap=cap)


class TooManyTries(TooManyCodes):
    """So many wrong codes for one number that no code helps any more today: whoever types them is guessing."""

    code = "too_many_tries"
    message = _("Too many wrong codes were typed for this number. Try again tomorrow, or ask at the till.")


class CodeDead(DomainError):
    """The request is used, run out, tried too often or not this browser's: only a new code helps."""

    code = "code_dead"
    status = 409
    message = _("This code does not work any more. Ask for a new one.")


class WrongCode(DomainError):
    code = "wrong_code"
    status = 422
    message = _("That code did not match. Check the newest text.")

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left
        super().__init__(tries_left=tries_left)


class NoTextProvider(DomainError):
    """Said to staff."""

    code = "no_text_provider"
    message = _("Choose a provider of texts first, and switch it on.")


class UnknownProvider(InvalidInput):
    code = "unknown_provider"
    message = _("There is no such provider of texts.")


class UnfitSetting(InvalidInput):
    """A setting of a provider's account that cannot be right; `field` names it."""

    code = "unfit_setting"

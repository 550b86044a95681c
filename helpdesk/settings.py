"""All settings. What a deployment may choose stands on top, from the environment or ``.env``."""

from pathlib import Path
from urllib.parse import urlsplit

from helpdesk import broker, csp, unfold
from helpdesk.embedded import Cluster
from helpdesk.environment import Environment
from helpdesk.folders import kept_secret, writable

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment.of_process(BASE_DIR / ".env")

# --- Chosen by the environment -----------------------------------------------------------------

# Unset: a desk on this machine, which needs no secrets. False: production, which refuses to start
# without them. True: for developers, with tracebacks in the browser.
DEBUG = env.flag("DEBUG", default=False)
PRODUCTION = bool(env.text("DEBUG")) and not DEBUG
if PRODUCTION:
    env.require(
        {
            "SECRET_KEY": "50 random characters that sign links and sessions",
            "ALLOWED_HOSTS": "the host names of the site, separated by commas",
            "PUBLIC_BASE_URL": "the address customers use, such as https://help.example.com",
            "DATABASE_URL": "postgres://user:password@host:5432/name",
            "CELERY_BROKER_URL": "amqp://... (RabbitMQ) or redis://...",
            "EMAIL_URL": "smtp+tls://user:password@host:587",
        }
    )
# Everything that the product writes when nothing else is named: database, mail, attachments.
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
# Signs sessions and ticket links; whoever has it can forge them.
SECRET_KEY = env.text("SECRET_KEY") or (
    "unset" if PRODUCTION else kept_secret(VAR_DIR / "secret_key")
)
# Former secret keys, separated by commas, that still verify links sent before a change of keys.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
# Where customers reach the site: the beginning of every link in a mail.
PUBLIC_BASE_URL = env.base_url("PUBLIC_BASE_URL", "http://127.0.0.1:8000")
PUBLIC_BASE_URL_GIVEN = bool(env.text("PUBLIC_BASE_URL"))
# Host names that the site answers to, separated by commas.
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if PRODUCTION else "127.0.0.1,localhost,[::1]")
# True when a proxy in front always sets X-Forwarded-Proto itself; false distrusts that header.
TRUST_FORWARDED_PROTO = env.flag("TRUST_FORWARDED_PROTO", default=False)
# How many proxies of ours stand in front, each of which adds its caller to X-Forwarded-For.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0, least=0)
# A PostgreSQL (15 or newer); unset, an embedded one under VAR_DIR.
EMBEDDED_DATABASE = None if env.text("DATABASE_URL") else Cluster(VAR_DIR / "postgres")
DATABASE = env.database("DATABASE_URL", EMBEDDED_DATABASE.url() if EMBEDDED_DATABASE else "")
# RabbitMQ or Redis; unset, files under VAR_DIR, for one machine.
CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", "filesystem://localhost")
# The queue there: desks that share a broker need one each.
CELERY_TASK_DEFAULT_QUEUE = env.text("CELERY_QUEUE", "helpdesk")
# The mail server, or anymail+postmark:// and the like for a provider that django-anymail knows;
# unset, each mail becomes a file under VAR_DIR/mail.
EMAIL = env.email("EMAIL_URL", "filemail://")
# What django-anymail wants to know of the provider, as ANYMAIL_POSTMARK_SERVER_TOKEN and the like.
ANYMAIL: dict[str, object] = {**env.below("ANYMAIL_")}
# user:password, as the provider has it in the addresses of our webhooks below /anymail/; several,
# separated by commas, while it changes. Unset, there are no webhooks.
ANYMAIL_WEBHOOK_SECRET = ANYMAIL["WEBHOOK_SECRET"] = env.logins("ANYMAIL_WEBHOOK_SECRET")
# The sender of every mail.
DEFAULT_FROM_EMAIL = env.address("DEFAULT_FROM_EMAIL", "Helpdesk <support@example.com>")
# Who is told, beside the people on the ticket, when a promise is broken.
ESCALATION_ADDRESS = env.address("ESCALATION_ADDRESS", "escalations@example.com")
# The name in page titles and mails.
BRAND_NAME = env.text("BRAND_NAME", "Helpdesk")
# The accent of the customers' pages, as #1d5c63, on light and on dark ground; unset, our own teal.
# One that could not be read there is darkened or lightened until it can; dark ground, when only the
# first is set, gets what is made of it.
BRAND_COLOR = env.color("BRAND_COLOR", "")
BRAND_COLOR_DARK = env.color("BRAND_COLOR_DARK", "")
# A file with the logo (SVG, PNG or WebP), shown in place of the name.
BRAND_LOGO = env.picture("BRAND_LOGO")
# Where customers reach people: addresses for mail beside those of the mailboxes, and a telephone.
SUPPORT_EMAIL = env.text("SUPPORT_EMAIL")
SUPPORT_PHONE = env.text("SUPPORT_PHONE")
# For so many days the link in a mail opens its ticket without signing in.
TICKET_LINK_DAYS = env.number("TICKET_LINK_DAYS", 90)
# For so many days after a solution its customer may take the ticket up again.
REOPEN_DAYS = env.number("REOPEN_DAYS", 14)
# Tickets are handed to agents whom the desk saw within so many minutes; 0: to all not away.
PRESENT_MINUTES = env.number("PRESENT_MINUTES", 60)
# The beginning of a ticket's reference, as in HD-123.
TICKET_PREFIX = env.text("TICKET_PREFIX", "HD")
# True shows every ticket to every agent; false those of the agent's teams (tickets.models.sight).
AGENTS_SEE_ALL = env.flag("AGENTS_SEE_ALL", default=False)
# True asks staff for a code beside their password (tickets.factors); production does.
STAFF_SECOND_FACTOR = env.flag("STAFF_SECOND_FACTOR", default=PRODUCTION)
# The largest file that a customer or an agent may attach, in bytes.
MAX_ATTACHMENT_BYTES = env.number("MAX_ATTACHMENT_BYTES", 10 * 1024 * 1024)
# Files of one message that are more bytes together are not sent by mail, only shown.
MAX_MAIL_ATTACHMENT_BYTES = env.number("MAX_MAIL_ATTACHMENT_BYTES", 15 * 1024 * 1024)
# How many files one message may carry.
MAX_ATTACHMENTS = env.number("MAX_ATTACHMENTS", 10)
# The largest e-mail that is fetched; of a larger one the headers alone, and a notice. In bytes.
MAX_MAIL_BYTES = env.number("MAX_MAIL_BYTES", 30 * 1024 * 1024)
# The longest message, in characters.
MAX_MESSAGE_CHARS = env.number("MAX_MESSAGE_CHARS", 100_000)
# After so many seconds a delivery whose worker has died is sent again: above Celery's time limit,
# or a slow worker that still lives would lose its lease.
DELIVERY_LEASE_SECONDS = env.number("DELIVERY_LEASE_SECONDS", 360)
# What is written to standard error: DEBUG, INFO, WARNING or ERROR.
LOG_LEVEL = env.log_level("LOG_LEVEL", "INFO")

env.refuse()

# --- Applications ------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_celery_beat",
    "helpdesk.apps.HelpdeskConfig",
    "sla.apps.SlaConfig",
    "tickets.apps.TicketsConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Before everything that asks who it is.
    "tickets.admin.factor.gate.SecondFactorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tickets.portal.locale.PortalLocaleMiddleware",
    "tickets.admin.zones.AgentTimeZoneMiddleware",
    "tickets.admin.seen.SeenMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "helpdesk.csp.AdminContentSecurityPolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"
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
                "tickets.portal.context.brand",
                "tickets.portal.context.reader",
            ],
        },
    },
]

# --- Data --------------------------------------------------------------------------------------

DATABASES = {
    "default": {
        **DATABASE,
        # Connections are kept for a minute per thread: web and workers fork, so no pool is shared.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **DATABASE.get("OPTIONS", {})},
    }
}
# Rate limits and figures that may be some minutes old: seen by every process, lost without harm.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEDIA_ROOT = VAR_DIR / "attachments"  # Served by views that ask who may see them, never by URL.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# Above the longest message, so that a form with too much text comes back with a sentence.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
if ANYMAIL_WEBHOOK_SECRET:
    # A provider posts whole mails, some as base64.
    DATA_UPLOAD_MAX_MEMORY_SIZE = max(DATA_UPLOAD_MAX_MEMORY_SIZE, MAX_MAIL_BYTES * 3 // 2)
# A calendar with the holidays of thirty years is one form: six fields a holiday.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static" if PRODUCTION else writable(VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}

# --- People ------------------------------------------------------------------------------------

AUTH_USER_MODEL = "tickets.User"
LOGIN_URL = "account_login"  # Of customers; the admin leads staff to its own page.
LOGIN_REDIRECT_URL = "portal:tickets"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Customers sign in with a code that is sent to their address, staff with a password at the desk.
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
MFA_ADAPTER = "tickets.factors.Adapter"
# A code holds half a minute longer, and the next one already: clocks differ.
MFA_TOTP_TOLERANCE = 1
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
ACCOUNT_ADAPTER = "tickets.portal.accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600  # Seconds.
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
# Digits, for the keyboard of a phone: 1234-5678.
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 8}
# tickets.portal.accounts.codes counts: safe in parallel, and alike for known and unknown addresses.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_SESSION_REMEMBER = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "helpdesk" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# --- Security ----------------------------------------------------------------------------------

SECURE_CSP = csp.SITE  # Of pages of the admin: csp.ADMIN.
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"  # Ticket links are secrets: no other site learns them.
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
ZONE_COOKIE_NAME = "zone"  # Set by the browser's script (static/js/zone.js).
if TRUST_FORWARDED_PROTO:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # Probes of a load balancer come without TLS.
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
    ZONE_COOKIE_NAME = "__Host-zone"
    CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(PUBLIC_BASE_URL))]

# --- Mail --------------------------------------------------------------------------------------

EMAIL_BACKEND = EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = EMAIL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(EMAIL.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(EMAIL.get("EMAIL_USE_SSL"))
EMAIL_FILE_PATH = EMAIL.get("EMAIL_FILE_PATH") or VAR_DIR / "mail"
EMAIL_TIMEOUT = 20  # Seconds per socket operation; less than the lease of a delivery.
ANYMAIL["REQUESTS_TIMEOUT"] = EMAIL_TIMEOUT
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Celery: wakes workers up; the truth is in the database ------------------------------------

CELERY_BROKER_TRANSPORT_OPTIONS = broker.options(CELERY_BROKER_URL, VAR_DIR / "broker")
CELERY_BROKER_CONNECTION_TIMEOUT = 3
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY_POLICY = broker.FAIL_FAST
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Over files, each remote control command would leave files behind.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = urlsplit(CELERY_BROKER_URL).scheme != "filesystem"
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SYNC_EVERY = 1

# --- Logging -----------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": LOG_LEVEL if LOG_LEVEL != "DEBUG" else "INFO", "propagate": True},
        "django.server": {"propagate": False, "handlers": ["stderr"]},
    },
}

# --- Admin -------------------------------------------------------------------------------------

UNFOLD = {"SITE_TITLE": BRAND_NAME, "SITE_HEADER": BRAND_NAME, **unfold.LOOK}

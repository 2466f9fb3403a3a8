"""The composition root of core: every object is built once in a process and handed in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sso_center.base.clock import Clock, movable_clock, system_clock
from sso_center.base.settings import DAY, Settings
from sso_center.core.administration import (
    Administration,
    ClientAdministration,
    EndingAdministration,
    KeyAdministration,
    LogAdministration,
    OwnAccount,
    UserAdministration,
)
from sso_center.core.audit import Audit, AuditLog
from sso_center.core.chains.token import ChainSigner
from sso_center.core.clients import Clients, SettingsReader
from sso_center.core.cutoffs import CutoffEnforcer, MassEndings
from sso_center.core.endings import Endings
from sso_center.core.grants import Grants, PendingGrants
from sso_center.core.journal import CutoffJobs, Entries, EntryApplier, JournalWriter, Recovery
from sso_center.core.keys import Keys, master_secret
from sso_center.core.limits import LoginLimits
from sso_center.core.notices import NoticeSender, NoticeWords, Outbox, Poster, Receipts
from sso_center.core.revocation import Revoker
from sso_center.core.sessions import History, Lifetimes, SessionLimits, Sessions, SessionSearch
from sso_center.core.tokens import TokenLifetimes, Tokens
from sso_center.core.users import PasswordHasher, RevocationRules, Users
from sso_center.storage.redis import Redis, open_redis
from sso_center.storage.sql import Database, open_database

HORIZON = 400 * DAY
"""Seconds that a cut-off is kept and the journal is replayed: nothing issued may live longer."""

GRANT_KEPT = DAY
"""Seconds a grant's record is kept, so that a replay is recognised."""


class ClientProtocols(Protocol):
    """What core asks of the protocols that clients speak; the table of façades answers."""

    def settings_reader(self, protocol: str) -> SettingsReader | None:
        """Return what reads a client's settings in this protocol, None when clients can't speak it."""

    def notice_words(self, protocol: str) -> NoticeWords | None:
        """Return what puts a notice into this protocol's words, None when clients can't speak it."""


@dataclass(frozen=True)
class Services:
    """The core of one process. Thread-safe; made after a fork, never before."""

    settings: Settings
    clock: Clock
    redis: Redis
    database: Database
    users: Users
    clients: Clients
    keys: Keys
    audit: Audit
    audit_log: AuditLog
    limits: LoginLimits
    sessions: Sessions
    search: SessionSearch
    history: History
    grants: Grants
    pending_grants: PendingGrants
    tokens: Tokens
    entries: Entries
    applier: EntryApplier
    endings: Endings
    mass_endings: MassEndings
    cutoff_enforcer: CutoffEnforcer
    cutoff_jobs: CutoffJobs
    outbox: Outbox
    revoker: Revoker
    receipts: Receipts
    administration: Administration
    notice_sender: NoticeSender

    def close(self) -> None:
        """Close the stores; an embedded server that nobody else uses stops."""
        self.redis.close()
        self.database.close()


def clock_of(settings: Settings) -> Clock:
    """Return the clock that the settings ask for."""
    return movable_clock(Path(settings.test_clock)) if settings.test_clock else system_clock


def build_services(settings: Settings, protocols: ClientProtocols, *, clock: Clock | None = None) -> Services:
    """Build the core. The SQL schema must be there (`storage.sql.migrate`).

    Raises SettingsError for stores that can't be used, Unavailable for those that can't be reached.
    """
    clock = clock or clock_of(settings)
    redis, database = open_redis(settings, clock), open_database(settings)
    users = Users(database, redis, PasswordHasher(), clock, _revocation_rules(settings), settings.profile)
    keys = Keys(database, redis, master_secret(settings), clock, settings)
    clients = Clients(database, redis, clock, protocols.settings_reader)
    sessions = Sessions(
        redis, users, _signer_of(keys, "session"), _lifetimes(settings), clock, _limits(settings)
    )
    entries = Entries(database)
    applier = EntryApplier(redis, clock, outlives=_longest_token(settings), horizon=HORIZON)
    journal = JournalWriter(redis, clients, entries, applier, clock)
    revoker = Revoker(redis, journal, applier, clock)
    endings = Endings(redis, sessions, clients, entries, applier, journal)
    cutoff_enforcer = CutoffEnforcer(redis, users, clients, endings, entries, applier, clock)
    cutoff_jobs = CutoffJobs(database)
    mass_endings = MassEndings(redis, journal, cutoff_enforcer, cutoff_jobs, clock, horizon=HORIZON)
    audit = Audit(database, clock)
    poster = Poster(allow_private=settings.allow_private_addresses)
    notice_sender = NoticeSender(keys, poster, settings.issuer, clock, protocols.notice_words)
    receipts = Receipts(database, journal.publish, clock)
    grants = Grants(sessions, clock, life=settings.grant_lifetime, kept=GRANT_KEPT)
    recovery = Recovery(redis, entries, applier, clock, horizon=HORIZON)

    def reload_configuration(_wanted: int) -> None:
        version = entries.configuration_version()
        clients.reload()
        keys.reload()
        redis.configuration_version = version

    redis.on_untrusted(recovery.recover)
    redis.on_outdated(reload_configuration)
    keys.ensure()
    reload_configuration(0)
    return Services(
        settings=settings,
        clock=clock,
        redis=redis,
        database=database,
        users=users,
        clients=clients,
        keys=keys,
        audit=audit,
        audit_log=AuditLog(database),
        limits=LoginLimits(settings, redis, clock),
        sessions=sessions,
        search=SessionSearch(redis),
        history=History(database),
        grants=grants,
        pending_grants=PendingGrants(redis, grants, kept=GRANT_KEPT),
        tokens=Tokens(
            redis,
            sessions,
            clients,
            keys,
            lambda purpose: _signer_of(keys, purpose),
            settings.issuer,
            _token_lifetimes(settings),
            clock,
        ),
        entries=entries,
        applier=applier,
        endings=endings,
        outbox=Outbox(database),
        revoker=revoker,
        receipts=receipts,
        administration=Administration(
            UserAdministration(users, mass_endings),
            ClientAdministration(clients, users, mass_endings, notice_sender, audit),
            KeyAdministration(keys),
            EndingAdministration(users, clients, endings, mass_endings, receipts),
            LogAdministration(audit),
            OwnAccount(users, sessions, endings, revoker, audit),
        ),
        notice_sender=notice_sender,
        mass_endings=mass_endings,
        cutoff_enforcer=cutoff_enforcer,
        cutoff_jobs=cutoff_jobs,
    )


def _revocation_rules(settings: Settings) -> RevocationRules:
    return RevocationRules(
        role_lost=settings.on_role_lost,
        password_change=settings.on_password_change,
        disabled=settings.on_disabled,
    )


def _lifetimes(settings: Settings) -> Lifetimes:
    return Lifetimes(
        idle=settings.session_idle,
        absolute=settings.session_absolute,
        remembered=settings.session_remembered,
        rotation=settings.session_rotation,
    )


def _limits(settings: Settings) -> SessionLimits:
    return SessionLimits(
        per_user=settings.sessions_per_user,
        policy=settings.sessions_per_user_policy,
        is_by_device_type=settings.sessions_by_device_type,
    )


def _longest_token(settings: Settings) -> int:
    return max(settings.access_token_lifetime, settings.id_token_lifetime) + 60


def _token_lifetimes(settings: Settings) -> TokenLifetimes:
    return TokenLifetimes(
        access=settings.access_token_lifetime,
        app=settings.app_token_lifetime,
        app_rotation=settings.app_token_rotation,
    )


def _signer_of(keys: Keys, purpose: str) -> Callable[[], ChainSigner]:
    made: dict[tuple[str, ...], ChainSigner] = {}

    def signer() -> ChainSigner:
        secrets = tuple(keys.cookie_secrets(purpose))
        found = made.get(secrets)
        if found is None:
            made.clear()
            found = made[secrets] = ChainSigner(secrets, purpose)
        return found

    return signer

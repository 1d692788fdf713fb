"""Who carries an org's texts: the only place that builds adapters."""

from petmsg import settings
from petmsg.enums import ProviderName
from petmsg.providers.base import Provider
from petmsg.queries.org import OrgRow
from petmsg.workflows.store import Store


def carrier_of(store: Store, org: OrgRow, *, threads: int = 10) -> Provider:
    """The adapter the org's stored setting names, for as many threads at once.

    Raises `CredentialsMissing` before anything is claimed: a cron job with a bare environment
    cannot pretend to send.
    """
    if org.provider is ProviderName.SANDBOX:
        from petmsg.db.engine import transaction
        from petmsg.providers.sandbox import SandboxProvider

        engine, location = store.engine, store.location
        return SandboxProvider(lambda: transaction(engine, location), store.snapshot)
    from petmsg.providers.credentials import load_twilio_credentials
    from petmsg.providers.twilio import TwilioProvider
    from petmsg.providers.twilio_webhooks import status_callback

    environ = store.environ
    credentials = load_twilio_credentials(environ, settings.credentials_file(environ))
    carrier = TwilioProvider(
        credentials,
        timeout_seconds=settings.twilio_timeout_seconds(environ),
        pool_size=threads,
        api_url=environ.get(settings.TWILIO_API_URL) or None,
        status_callback=status_callback(environ.get(settings.PUBLIC_URL)),
    )
    store.at_end.callback(carrier.close)
    return carrier


def account_of(store: Store, org: OrgRow) -> Provider:
    """The adapter of the account whose numbers an org may take over: before the org is switched to
    Twilio, that of the credentials that are there.

    Raises `CredentialsMissing` for credentials that cannot be right.
    """
    from petmsg.providers.credentials import where_credentials_come_from

    environ = store.environ
    there = where_credentials_come_from(environ, settings.credentials_file(environ))
    if org.provider is ProviderName.SANDBOX and there != "not set":
        return carrier_of(store, org._replace(provider=ProviderName.TWILIO))
    return carrier_of(store, org)

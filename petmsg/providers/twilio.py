"""The adapter for Twilio, through its official SDK. Beside this module only `twilio_http`,
`twilio_signature` and `twilio_voice` import `twilio`.

`send` returns one of four outcomes and raises nothing. It returns `RetryLater` only if the message
was certainly not processed (429, the codes of congestion, a connection that was never made).
Everything uncertain is `Unknown`: the API has no idempotency keys, so a second attempt could send
the message twice. Lookups follow the same rule: an answer that is not complete and readable is
`ProviderUnavailable`, never "not found".

The SDK is slow to import, so that only `registry` imports this module, when an org uses Twilio.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TypeVar

import requests
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped] # no py.typed
from twilio.rest import Client  # type: ignore[import-untyped] # no py.typed

from petmsg import settings
from petmsg.clock import uptime
from petmsg.errors import (
    CredentialsMissing,
    MediaGone,
    MediaTooLarge,
    Misconfigured,
    ProviderAccount,
    ProviderUnavailable,
)
from petmsg.media.links import without_tokens
from petmsg.phone import mask_phone
from petmsg.providers.account import Account, NewAddresses, NumberAtProvider
from petmsg.providers.base import (
    Accepted,
    Bill,
    FetchedMedia,
    OutgoingMessage,
    ProviderMessage,
    ProviderNumber,
    ReceivedMedia,
    ReceivedMessage,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
    Unknown,
)
from petmsg.providers.call_log import CallLog
from petmsg.providers.credentials import TwilioCredentials, load_twilio_credentials
from petmsg.providers.error_codes import ErrorCode, OutcomeCertainty
from petmsg.providers.market import NumberMarket
from petmsg.providers.registry import Connection
from petmsg.providers.timed_http import TimedSession, writing_by
from petmsg.providers.twilio_account import TwilioAccount
from petmsg.providers.twilio_answers import (
    AnsweredNo,
    checked_url,
    code_and_message,
    outcome_of_transport,
    retry_after,
)
from petmsg.providers.twilio_calls import TwilioCalls
from petmsg.providers.twilio_errors import ONE_NUMBER_ONLY, look_up, look_up_status
from petmsg.providers.twilio_http import TwilioHttp, last_answer_at
from petmsg.providers.twilio_login import TwilioLogin
from petmsg.providers.twilio_market import TwilioMarket
from petmsg.providers.twilio_media import TwilioMedia
from petmsg.providers.twilio_records import (
    bill_of,
    came_in,
    message_of,
    number_of,
    one_record,
    received_message,
    records,
    went_out,
    when,
)
from petmsg.providers.twilio_requests import content_of
from petmsg.providers.twilio_webhooks import status_callback

LONGEST_REQUEST_SECONDS = 100.0
"""Maximum length of a request, whatever the timeout; lookups of messages rely on it."""

NOT_IN_SERVICE = frozenset((21701, 21705, 21711))
"""Twilio refuses the message because the Messaging Service is gone, or no longer has the number."""

_LONGEST_MESSAGE = 300
_PHONE = re.compile(r"\+?[0-9]{7,}")
_SID = re.compile(r"[0-9A-Za-z]{1,64}")
_LARGEST_PAGE = 1000

T = TypeVar("T")


def connect(connection: Connection) -> "TwilioProvider":
    """Twilio, with the credentials and settings of the environment. Raises `CredentialsMissing`."""
    environ = connection.environ
    file = settings.credentials_file(environ)
    load = partial(load_twilio_credentials, environ, file, connection.account)
    return TwilioProvider(
        load(),
        reload=load,
        timeout_seconds=settings.twilio_timeout_seconds(environ),
        pool_size=connection.threads,
        api_url=environ.get(settings.TWILIO_API_URL) or None,
        status_callback=status_callback(environ.get(settings.PUBLIC_URL)),
    )


class TwilioProvider:
    """Sends and looks up messages of one Twilio account. Threads may share it."""

    name = "twilio"

    def __init__(
        self,
        credentials: TwilioCredentials,
        *,
        timeout_seconds: float = 15.0,
        pool_size: int = 10,
        api_url: str | None = None,
        status_callback: str | None = None,
        reload: Callable[[], TwilioCredentials] | None = None,
    ) -> None:
        """Prepare a client; nothing is sent.

        `timeout_seconds` bounds connecting, and then each wait for bytes; a whole request takes at
        most `longest_request_seconds`: four time-outs, and never more than
        `LONGEST_REQUEST_SECONDS`. `pool_size` is the number of connections kept open: one per
        thread. `api_url` replaces the scheme and host of Twilio's API (a test server, a regional
        edge): https, or loopback. `status_callback` is the URL to which Twilio sends delivery
        receipts. `reload` reads the credentials again when Twilio refuses them.

        Raises `CredentialsMissing` for empty credentials, `Misconfigured` for an invalid `api_url`,
        timeout or pool size.
        """
        if not (credentials.account_sid and credentials.logins):
            raise CredentialsMissing("Twilio's account SID or auth token is empty.")
        if timeout_seconds <= 0 or pool_size < 1:
            raise Misconfigured(
                "Twilio's timeout must be longer than 0 seconds and its pool size at least 1."
            )
        self._login = TwilioLogin(credentials, reload)
        self.longest_request_seconds = min(4 * timeout_seconds, LONGEST_REQUEST_SECONDS)
        self._http = TwilioHttp(
            base_url=None if api_url is None else checked_url(api_url),
            session=TimedSession(
                wait_seconds=timeout_seconds,
                longest_seconds=self.longest_request_seconds,
                pool_size=pool_size,
            ),
            login=self._login,
        )
        self._client = Client(
            *credentials.logins[0],
            credentials.account_sid,
            http_client=self._http,
            # Not empty, because the SDK would then read the process's environment.
            environment={"TWILIO_ACCOUNT_SID": credentials.account_sid},
        )
        self._messages = self._client.messages
        self._media = TwilioMedia(
            self._client, self._login, self._http.session, api_url=self._http.base_url
        )
        self.calls: CallLog = TwilioCalls(self._client, self._asked)
        self._account = TwilioAccount(
            self._client, self._asked, account_sid=credentials.account_sid
        )
        self.market: NumberMarket = TwilioMarket(self._client, self._asked, self._read)
        self._told_where = {} if status_callback is None else {"status_callback": status_callback}

    def send(self, text: OutgoingMessage) -> SendOutcome:
        """Send one message. Raises nothing but `KeyboardInterrupt`."""
        content = content_of(text, uptime=uptime())
        if not isinstance(content, dict):
            return content
        try:
            with writing_by(text.begin_by):
                message = self._messages.create(
                    to=text.to_e164, from_=text.from_e164, **content, **self._told_where
                )
            sid, status = message.sid, message.status
        except AnsweredNo as answer:
            if text.messaging_service and code_and_message(answer.body)[0] in NOT_IN_SERVICE:
                return self.send(replace(text, messaging_service=None))
            return self._outcome_of_answer(answer)
        except requests.RequestException as error:
            return outcome_of_transport(error)
        except (TwilioException, ValueError):
            return Unknown(None, "Twilio's answer could not be read.")
        except Exception as error:  # noqa: BLE001 - because an uncertain outcome is Unknown, not a crash
            return Unknown(None, f"Sending failed ({type(error).__name__}).")
        if not isinstance(sid, str) or not sid:
            return Unknown(None, "Twilio's answer has no message ID.")
        return Accepted(sid, status if isinstance(status, str) else "accepted")

    def find(
        self, *, from_e164: str | None, to_e164: str, since: datetime
    ) -> Sequence[ProviderMessage]:
        """Every message between the two phones (`from_e164` None: any number) that Twilio accepted
        at or after `since` (aware UTC).

        Twilio reports whole seconds, so `since` is rounded down. Its list is sorted by the date
        sent, and messages not sent yet may be anywhere in it, so every page is read. Raises
        `ProviderAccount` or `ProviderUnavailable`.
        """
        first_second = since.replace(microsecond=0)
        last_answer_at.set(None)

        def found() -> list[ProviderMessage]:
            only = {} if from_e164 is None else {"from_": from_e164}
            first = self._messages.page(to=to_e164, page_size=_LARGEST_PAGE, **only)
            texts = {
                text.provider_message_id: text
                for message in records(first, "messages")
                if went_out(message)
                for text in (message_of(message, from_e164=from_e164 or "", to_e164=to_e164),)
                if text.created_at >= first_second
                and text.to_e164 == to_e164
                and from_e164 in (None, text.from_e164)
            }
            ordered = sorted(texts.values(), key=lambda text: text.created_at)
            at = last_answer_at.get()
            if at is None:
                return ordered
            return [replace(text, age=at - text.created_at) for text in ordered]

        return self._asked(found)

    def fetch(self, provider_message_id: str) -> ProviderMessage | None:
        """The current state of a message; None if Twilio has no such ID. Raises as `find`."""
        if not _SID.fullmatch(provider_message_id):
            return None  # not an ID: it must not become part of a URL

        def found() -> ProviderMessage | None:
            try:
                message = one_record(self._messages(provider_message_id), provider_message_id)
                return message_of(message, sid=provider_message_id)
            except AnsweredNo as answer:
                # Without that code, the 404 may not come from Twilio.
                if answer.status == 404 and code_and_message(answer.body)[0] == 20404:
                    return None
                raise

        return self._asked(found)

    def received(self, *, since: datetime) -> Sequence[ReceivedMessage]:
        """Every message received at or after `since` (aware UTC), oldest first. Raises as `find`.

        Twilio's time of a received message is when Twilio accepted it, to the second.
        """
        first_second = since.replace(microsecond=0)

        def found() -> list[ReceivedMessage]:
            first = self._messages.page(date_sent_after=first_second, page_size=_LARGEST_PAGE)
            texts = {
                text.provider_message_id: text
                for message in records(first, "messages")
                if came_in(message) and when(text := received_message(message)) >= first_second
            }
            # Twilio lists the newest first; messages of the same second keep their order.
            oldest_first = reversed(texts.values())
            return sorted(oldest_first, key=when)

        return self._asked(found)

    def bills(self, day: date) -> Sequence[Bill]:
        """What Twilio charged for each message of that day (UTC). Raises as `find`.

        A request for each 1,000 messages.
        """
        start = datetime.combine(day, time(), tzinfo=UTC)

        def found() -> list[Bill]:
            first = self._messages.page(
                date_sent_after=start,
                date_sent_before=start + timedelta(days=1),
                page_size=_LARGEST_PAGE,
            )
            listed = map(bill_of, records(first, "messages"))
            return list({bill.provider_message_id: bill for bill in listed}.values())

        return self._asked(found)

    def numbers(self) -> Sequence[ProviderNumber]:
        """The account's numbers that can send messages, or of which Twilio does not say if they
        can. Raises as `find`."""

        def found() -> list[ProviderNumber]:
            first = self._client.incoming_phone_numbers.page(page_size=_LARGEST_PAGE)
            listed = map(number_of, records(first, "incoming_phone_numbers"))
            return [number for number in listed if number.sends is not False]

        return self._asked(found)

    def look(self) -> Account:
        """The account. Raises as `find`."""
        return self._account.look()

    def memberships(self) -> Mapping[str, str] | None:
        """The Messaging Service of each number that sits in one; None if Twilio does not tell."""
        return self._account.memberships()

    def set_addresses(self, provider_number_id: str, new: NewAddresses) -> NumberAtProvider:
        """Change the addresses of a number; returns it as it is now. Raises as `find`."""
        return self._account.set_addresses(provider_number_id, new)

    def use_number_addresses(self, service_id: str) -> None:
        """Let a Messaging Service use the addresses of its numbers. Raises as `find`."""
        self._account.use_number_addresses(service_id)

    def media_of(self, provider_message_id: str) -> Sequence[ReceivedMedia]:
        """The files of a message. Raises `MediaGone`, and as `find`."""
        return self._asked(lambda: self._media.of_message(provider_message_id))

    def fetch_media(
        self, provider_message_id: str, provider_media_id: str, *, most: int
    ) -> FetchedMedia:
        """The bytes of a file. Raises `MediaTooLarge`, `MediaGone`, and as `find`."""
        return self._asked(
            lambda: self._media.fetch(provider_message_id, provider_media_id, most=most)
        )

    def delete_media(self, provider_message_id: str) -> None:
        """Delete the files of a message. Raises as `find`."""
        self._asked(lambda: self._media.delete(provider_message_id))

    def close(self) -> None:
        """Close the open connections."""
        self._media.close()
        self._http.session.close()

    def _asked(self, question: Callable[[], T]) -> T:
        """The result of a lookup; every failure becomes one of the two errors."""
        try:
            return question()
        except (ProviderUnavailable, ProviderAccount, MediaGone, MediaTooLarge):
            raise
        except AnsweredNo as answer:
            raise self._problem_of_answer(answer) from None
        except requests.RequestException as error:
            raise ProviderUnavailable(outcome_of_transport(error).message) from None
        except Exception:  # noqa: BLE001 - because an unreadable answer may have any form
            raise ProviderUnavailable("Twilio's answer could not be read.") from None

    def _problem_of_answer(self, answer: AnsweredNo) -> ProviderUnavailable | ProviderAccount:
        row, words, code = self._read(answer)
        said = f"{words.rstrip(' .')} (code {code})."
        is_refused = row.certainty is OutcomeCertainty.REFUSED
        if is_refused and row.rejection_class is RejectionClass.ACCOUNT:
            return ProviderAccount(f"Twilio rejects the account: {said}")
        problem = ProviderUnavailable(f"Twilio did not answer the request: {said}")
        problem.provider_code = code
        problem.after_seconds = retry_after(answer.headers)
        if problem.after_seconds is not None:
            problem.hint = f"Try again in {problem.after_seconds:.0f} seconds. Nothing was changed."
        return problem

    def _outcome_of_answer(self, answer: AnsweredNo) -> SendOutcome:
        row, words, code = self._read(answer)
        match row.certainty:
            case OutcomeCertainty.NOT_PROCESSED:
                one_only = row.code in ONE_NUMBER_ONLY
                return RetryLater(retry_after(answer.headers), code, words, number_only=one_only)
            case OutcomeCertainty.UNKNOWN:
                return Unknown(code, words)
        return Rejected(code, row.rejection_class, words)

    def _read(self, answer: AnsweredNo) -> tuple[ErrorCode, str, str]:
        """The meaning of an answer, its words, and the code to show.

        A status that is not a rejection (5xx: perhaps processed; 429: certainly not) takes
        precedence over the code.
        """
        code, message = code_and_message(answer.body)
        row = by_status = look_up_status(answer.status)
        if code is not None and by_status.certainty is OutcomeCertainty.REFUSED:
            named = look_up(code)
            if named.certainty is not OutcomeCertainty.REFUSED or (
                named.rejection_class is not RejectionClass.OTHER
            ):
                row = named
        words = self._without_secrets(message) or f"Twilio answered HTTP {answer.status}."
        return row, words, str(answer.status if code is None else code)

    def _without_secrets(self, message: str) -> str:
        """Twilio's words on one line, shortened, without the phones and links that it quotes."""
        plain = without_tokens(self._login.hidden(message))
        plain = _PHONE.sub(lambda found: mask_phone("+" + found[0].lstrip("+")), plain)
        return " ".join(plain.split())[:_LONGEST_MESSAGE]

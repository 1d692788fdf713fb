"""Files of received messages at Twilio, and voicemails: list, fetch, delete.

A file is a resource of the API that redirects to a storage host. The credentials go to the API
alone. A redirect is followed without them, and only to a public address over https, so that no
answer makes petmsg read something of its own network; the address is checked when the connection
is made, because a name can have other addresses a moment later. If the API's own URL is of this
machine (a test), so may the storage host be.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urljoin, urlsplit

from petmsg.errors import MediaGone, MediaTooLarge, ProviderAccount, ProviderUnavailable
from petmsg.providers.base import FetchedMedia, ReceivedMedia
from petmsg.providers.public_url import LOOPBACK
from petmsg.providers.timed_http import Download, TimedSession, TooLong
from petmsg.providers.twilio_answers import AnsweredNo, is_missing
from petmsg.providers.twilio_calls import TwilioVoicemails, is_call, is_recording
from petmsg.providers.twilio_login import TwilioLogin
from petmsg.providers.twilio_records import Row, records

MOST_REDIRECTS = 2
_SID = re.compile(r"[0-9A-Za-z]{1,64}")
_PAGE = 100
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64: the last four bytes are an IPv4 address."""


class TwilioMedia:
    """The files of one account's messages. Threads may share it.

    `client` is the SDK's, `session` the one of the API, `login` the account's. The message of a
    call has the call's ID, and its files are voicemails.
    """

    def __init__(
        self,
        client: Any,
        login: TwilioLogin,
        session: TimedSession,
        *,
        api_url: str,
    ) -> None:
        self._messages = client.messages
        self._voicemails = TwilioVoicemails(client)
        self._session = session
        self._login = login
        self._base = f"{api_url}/2010-04-01/Accounts/{login.account_sid}"
        self._is_here = urlsplit(api_url).hostname in LOOPBACK
        # A session of its own: no connection to the storage host was made without the check.
        self._storage = session.another()
        self._storage.trust_env = session.trust_env

    def of_message(self, message_sid: str) -> Sequence[ReceivedMedia]:
        """The files of a message, in Twilio's order; one without an ID is left out. Raises
        `MediaGone`, `AnsweredNo` and others that the adapter translates."""
        if is_call(message_sid):
            return self._voicemails.files_of(message_sid)
        if not _SID.fullmatch(message_sid):
            raise MediaGone("Twilio has no such message.")
        try:
            first = self._messages(message_sid).media.page(page_size=_PAGE)
            files = map(_media_of, records(first, "media_list"))
            return [file for file in files if file.provider_media_id]
        except AnsweredNo as answer:
            if is_missing(answer):
                raise MediaGone("Twilio does not have the message any more.") from None
            raise

    def delete(self, message_sid: str) -> None:
        """Delete the files of a message; those that are gone are no error."""
        if is_call(message_sid):
            self._voicemails.delete_of(message_sid)
            return
        try:
            files = self.of_message(message_sid)
        except MediaGone:
            return
        for file in files:
            try:
                self._messages(message_sid).media(file.provider_media_id).delete()
            except AnsweredNo as answer:
                if not is_missing(answer):
                    raise

    def fetch(self, message_sid: str, media_sid: str, *, most: int) -> FetchedMedia:
        """The bytes of a file. Raises `MediaGone`, `MediaTooLarge`, `ProviderAccount`,
        `ProviderUnavailable` and `requests.RequestException`."""
        if not (_SID.fullmatch(message_sid) and _SID.fullmatch(media_sid)):
            raise MediaGone("Twilio has no such file.")
        url = f"{self._base}/Messages/{message_sid}/Media/{media_sid}"
        if is_recording(media_sid):
            url = f"{self._base}/Recordings/{media_sid}.mp3"
        try:
            answer = self._login.ask(
                lambda auth: self._session.download(url, auth=auth, most=most, is_allowed=None),
                lambda answer: answer.status,
            )
            if answer.status in (401, 403):
                raise ProviderAccount(f"Twilio rejects the account (HTTP {answer.status}).")
            for _ in range(MOST_REDIRECTS):
                if answer.status not in _REDIRECTS:
                    break
                url = self._checked(urljoin(url, answer.headers.get("Location", "")))
                answer = self._storage.download(
                    url, auth=None, most=most, is_allowed=self._is_allowed
                )
        except TooLong:
            raise MediaTooLarge(
                f"The file is larger than {most:,} bytes.",
                hint="Look at it in the provider's console.",
            ) from None
        return _fetched(answer)

    def close(self) -> None:
        """Close the connections to the storage host."""
        self._storage.close()

    def _checked(self, url: str) -> str:
        """The target of a redirect, if petmsg may fetch from it. Raises `ProviderUnavailable`."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            parts, host = urlsplit(""), None
        if host and "@" not in parts.netloc:
            is_secure = parts.scheme == "https"
            is_test = self._is_here and parts.scheme == "http" and host in LOOPBACK
            if (is_secure or is_test) and self._is_allowed_host(host):
                return url
        raise ProviderUnavailable("Twilio redirects the file to an address that is not allowed.")

    def _is_allowed_host(self, host: str) -> bool:
        """Whether a host may be connected to as far as its name says."""
        try:
            ip_address(host)
        except ValueError:
            return True
        return self._is_allowed(host)

    def _is_allowed(self, address: str) -> bool:
        ip = ip_address(address.partition("%")[0])
        return is_public(ip) or (self._is_here and ip.is_loopback)


def is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Whether an address is of the Internet, also the one that an IPv6 address wraps."""
    if isinstance(ip, IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if wrapped is None and ip in _TRANSLATED:
            wrapped = IPv4Address(ip.packed[-4:])
        if wrapped is not None:
            return is_public(wrapped)
    return ip.is_global and not ip.is_multicast


def _fetched(answer: Download) -> FetchedMedia:
    if answer.status in _GONE:
        raise MediaGone(f"Twilio does not have the file (HTTP {answer.status}).")
    if answer.status != 200:
        raise ProviderUnavailable(f"Twilio did not send the file (HTTP {answer.status}).")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise ProviderUnavailable("Twilio sent the file in an encoding that was not asked for.")
    named = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return FetchedMedia(answer.content, named[:100] or None)


def _media_of(item: Row) -> ReceivedMedia:
    return ReceivedMedia(item.word("content_type") or None, item.word("sid") or None)

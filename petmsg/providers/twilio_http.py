"""The SDK's way to Twilio: requests have a maximum length, and go to a closed list of hosts.

The SDK's own client limits each wait but not the whole request, logs phones at INFO, and returns
answers through a field that threads share.
"""

import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.http import HttpClient  # type: ignore[import-untyped] # no py.typed
from twilio.http.response import Response  # type: ignore[import-untyped] # no py.typed

from petmsg.providers.public_url import LOOPBACK
from petmsg.providers.timed_http import TimedSession
from petmsg.providers.twilio_answers import TWILIO_URL, AnsweredNo, answered_at
from petmsg.providers.twilio_login import TwilioLogin

HOSTS = ("api", "messaging", "pricing")
"""The parts of Twilio's API that petmsg asks, each at `https://NAME.twilio.com`. The URL of a next
page comes from an answer, and no other host may get the credentials."""

_PLACE = re.compile(r"https://api((?:\.[a-z0-9-]+){0,2})\.twilio\.com")
"""The API at a region or an edge of Twilio's; its other parts have names of the same kind."""

last_answer_at: ContextVar[datetime | None] = ContextVar("last_answer_at", default=None)
"""The `Date` header of the thread's last answer (Twilio's clock), which the SDK drops."""


class TwilioHttp(HttpClient):  # type: ignore[misc] # the SDK is untyped
    """The HTTP client that the SDK uses. `base_url` replaces the hosts of Twilio's API.

    A base URL of another region replaces each host by that of the region; any other takes the
    requests to all hosts (a test server, a gateway): their paths differ.
    """

    def __init__(self, *, base_url: str | None, session: TimedSession, login: TwilioLogin) -> None:
        # Created directly: a logger from getLogger could be enabled by other code.
        silent = logging.Logger("silent", level=logging.CRITICAL + 1)  # noqa: LOG001 - see above
        super().__init__(silent, False, None)
        self.session = session
        self._login = login
        self.base_url = base_url or TWILIO_URL
        self._hosts = {f"https://{name}.twilio.com": self._host(name) for name in HOSTS}
        if base_url is not None and urlsplit(base_url).hostname in LOOPBACK:
            # Requests to this machine must not go through a proxy of the environment.
            self.session.trust_env = False

    def _host(self, name: str) -> str:
        place = _PLACE.fullmatch(self.base_url)
        return self.base_url if place is None else f"https://{name}{place[1]}.twilio.com"

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> Response:
        """Ask one of `HOSTS`, with the account's login of today, not the SDK's.

        Raises `AnsweredNo` for an answer that is not a 2xx, and `requests.RequestException`.
        """
        for host, replacement in self._hosts.items():
            if url.startswith(f"{host}/"):
                url = replacement + url.removeprefix(host)
                break
        else:
            raise requests.exceptions.InvalidURL("This is not a URL of Twilio's API.")
        asked = partial(self.session.ask, method, url, query=params, form=data, headers=headers)
        answer = self._login.ask(lambda auth: asked(auth=auth), lambda answer: answer.status_code)
        if not 200 <= answer.status_code < 300:
            raise AnsweredNo(answer)
        last_answer_at.set(answered_at(answer.headers))
        return Response(answer.status_code, answer.content.decode("utf-8"), answer.headers)

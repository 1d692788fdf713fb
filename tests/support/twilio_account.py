"""What the fake Twilio remembers and answers: one account, without any network."""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

from tests.support.twilio_calls import FakeCalls
from tests.support.twilio_market import FakeMarket
from tests.support.twilio_media import FakeMedia
from tests.support.twilio_services import FakeServices
from tests.support.twilio_shapes import (
    ALWAYS_OWNED,
    MAGIC_FROM,
    MAGIC_TO,
    VERSION,
    WORDS,
    FakeMessage,
    Request,
    error_body,
    number_resource,
)

MISSING = object()
"""The value of a field that a row does not have."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_URL = re.compile(r"https?://[!-~]+")
_ONE_NUMBER = re.compile(r"/IncomingPhoneNumbers/(\w+)\.json")
_ONE_MESSAGE = re.compile(r"/Messages/(\w+)\.json")


@dataclass
class FakeAccount:
    """One account's numbers and messages.

    The next accepted messages stay out of the first `late_lists` lists in which they would show,
    and each message out of all lists for as many seconds as `hide_for` says of it.
    `outcomes` are those of messages to a phone: a final status and an error code. `spoilt` says,
    by id or phone, which fields of a listed row are other than usual; `MISSING` leaves one out.
    `clock` (aware UTC) is the time of messages and answers.
    `on_media` is called with each message that has files, such as `Fetcher` of
    tests.support.media_fetcher, which fetches them.
    """

    account_sid: str
    first_id: int = field(default=1, kw_only=True)
    """The number in the first ID: other accounts have other IDs."""
    numbers: Sequence[str] = ()
    voice_only: Sequence[str] = ()
    any_number: bool = False
    late_lists: int = 0
    hide_for: Callable[[FakeMessage], float] = lambda _: 0.0
    outcomes: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    spoilt: dict[str, dict[str, object]] = field(default_factory=dict)
    messages: dict[str, FakeMessage] = field(default_factory=dict)
    media: FakeMedia = field(default_factory=FakeMedia)
    calls: FakeCalls = field(default_factory=FakeCalls)
    account: FakeServices = field(default_factory=FakeServices)
    market: FakeMarket = field(default_factory=FakeMarket)
    given_back: set[str] = field(default_factory=set)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    on_media: Callable[[FakeMessage], object] | None = None
    _by_pair: dict[tuple[str, str], list[FakeMessage]] = field(
        default_factory=lambda: defaultdict(list), repr=False
    )

    def respond(self, request: Request, arrived: float) -> tuple[int, dict[str, object]]:
        """The usual answer, with what it changes."""
        base = f"/{VERSION}/Accounts/{self.account_sid}"
        match request.method, request.path.removeprefix(base):
            case "POST", "/Messages.json":
                return self._create(request.form, arrived, request.media_urls)
            case "GET", "/Messages.json":
                return self._page(request, "messages", self._listed(request.query))
            case "GET", ".json":
                return self.account.account(self.account_sid)
            case _, path if answered := self._part_answer(request, path):
                return answered
            case "GET", path if found := _ONE_MESSAGE.fullmatch(path):
                if message := self.messages.get(found[1]):
                    message.step += 1
                    return 200, self._as_spoilt(message.resource(self.account_sid))
        if sold := self.market.respond(request, request.path.removeprefix(base)):
            return sold
        if request.path.startswith("/v1/"):
            return self.account.respond(request, self.account_sid, self._numbers(), self._as_spoilt)
        return 404, error_body(20404, 404, WORDS[20404].format(path=request.path))

    def _part_answer(self, request: Request, path: str) -> tuple[int, dict[str, object]] | None:
        """The answer to a question about numbers, files or calls; None for any other."""
        if path.startswith("/IncomingPhoneNumbers"):
            return self._number_answer(request, path)
        if "/Media" in path and (answered := self.media.respond(request.method, path)):
            status, listed = answered
            return self._page(request, "media_list", listed) if status == 200 else answered
        if path.startswith(("/Calls", "/Recordings")):
            return self._call_answer(request, path)
        return None

    def _call_answer(self, request: Request, path: str) -> tuple[int, dict[str, object]] | None:
        rows = self.calls.listed(request.method, path, request.query, self.account_sid)
        if rows is not None:
            return self._page(request, *rows)
        one = self.calls.respond(request.method, path, self.account_sid)
        return None if one is None else (one[0], self._as_spoilt(one[1]))

    def _number_answer(self, request: Request, path: str) -> tuple[int, dict[str, object]] | None:
        """The answer to a question about numbers; None for what does not exist."""
        if (request.method, path) == ("GET", "/IncomingPhoneNumbers.json"):
            wanted = request.query.get("PhoneNumber", "")
            listed = [n for n in self._numbers() if wanted in str(n["phone_number"])]
            return self._page(request, "incoming_phone_numbers", listed)
        if (request.method, path) == ("POST", "/IncomingPhoneNumbers.json"):
            e164 = request.form.get("PhoneNumber", "")
            if refused := self.market.buy(e164):
                return refused
            self.numbers = [*self.numbers, e164]
            return 201, next(n for n in self._numbers() if n["phone_number"] == e164)
        one = _ONE_NUMBER.fullmatch(path)
        for number in self._numbers():
            if one and request.method == "DELETE" and number["sid"] == one[1]:
                self.given_back.add(str(number["phone_number"]))
                return 204, {}
            if one and request.method == "POST" and number["sid"] == one[1]:
                e164 = str(number["phone_number"])
                self.account.update_number(e164, request.form)
                changed = next(n for n in self._numbers() if n["sid"] == one[1])
                return 200, self._as_spoilt(changed)
        return None

    def comes_in(
        self, body: str, *, from_: str, to: str, at: datetime, media_count: int = 0
    ) -> str:
        """Somebody texts one of the numbers: the id of the text, which lists show from now on."""
        sid = f"SM{len(self.messages) + self.first_id:032x}"
        message = FakeMessage(sid, from_, to, body, at, came_in=True, media_count=media_count)
        self.messages[sid] = message
        self._by_pair[from_, to].append(message)
        return sid

    def _create(
        self, form: dict[str, str], arrived: float, media_urls: tuple[str, ...] = ()
    ) -> tuple[int, dict[str, object]]:
        to, from_, body = _basics(form)
        service = form.get("MessagingServiceSid", "")
        code = self._fault_of(form, media_urls)
        if code is None and service:
            code = self.account.refused_in(service, from_=from_, to=to)
        if code is not None:
            status = 429 if code == 21611 else 400
            return status, error_body(code, status, WORDS[code].format(to=to, from_=from_))
        message = FakeMessage(
            f"{'MM' if media_urls else 'SM'}{len(self.messages) + self.first_id:032x}",
            from_,
            to,
            body,
            self.clock().replace(microsecond=0),
            self.late_lists,
            arrived=arrived,
            accepted=time.monotonic(),
            media_count=len(media_urls),
            media_urls=media_urls,
            validity_seconds=int(form.get("ValidityPeriod", "36000")),
            messaging_service=service or None,
        )
        message.final_status, message.error_code = self.outcomes.get(to, ("delivered", None))
        message.hidden_until = message.accepted + self.hide_for(message)
        self.messages[message.sid] = message
        self._by_pair[from_, to].append(message)
        if self.on_media is not None and media_urls:
            self.on_media(message)
        return 201, message.resource(self.account_sid)

    def _fault_of(self, form: dict[str, str], media_urls: tuple[str, ...]) -> int | None:
        to, from_, body = _basics(form)
        owned = self.any_number or from_ in self.numbers or from_ == ALWAYS_OWNED
        checks = [
            (not to, 21604),
            (not from_, 21603),
            (not body and not media_urls, 21602),
            (to in MAGIC_TO, MAGIC_TO.get(to)),
            (not _E164.fullmatch(to), 21211),
            (from_ in MAGIC_FROM, MAGIC_FROM.get(from_)),
            (not _E164.fullmatch(from_), 21212),
            (not owned, 21606),
            (len(body) > 1600, 21617),
            (len(media_urls) > 10, 21623),
            (not all(_URL.fullmatch(url) for url in media_urls), 21620),
            (not _is_validity(form.get("ValidityPeriod")), 90007),
        ]
        return next((code for failed, code in checks if failed), None)

    def _listed(self, query: dict[str, str]) -> list[dict[str, object]]:
        """Sorted by the date sent, the newest first; those without one last.

        Twilio documents no place for them: a client must find them wherever they stand.
        """
        if "From" in query and "To" in query:
            known = self._by_pair.get((query["From"], query["To"]), [])
        else:
            known = [*self.messages.values()]
        fitting = [message for message in reversed(known) if _fits(message, query)]
        shown, now = [], time.monotonic()
        for message in sorted(
            fitting, key=lambda message: not message.came_in and message.step < 2
        ):
            if message.hidden_from_lists:
                message.hidden_from_lists -= 1
            elif message.hidden_until <= now:
                shown.append(message.resource(self.account_sid))
        return shown

    def _numbers(self) -> list[dict[str, object]]:
        known = [(number, True) for number in self.numbers]
        known += [(number, False) for number in self.voice_only]
        return [
            number_resource(self.account_sid, at, number, sends_texts=sends_texts)
            | self.account.number_settings.get(number, {})
            for at, (number, sends_texts) in enumerate(known, start=1)
            if number not in self.given_back
        ]

    def _as_spoilt(self, item: dict[str, object]) -> dict[str, object]:
        name = item.get("sid"), item.get("phone_number")
        changes = next((self.spoilt[str(each)] for each in name if str(each) in self.spoilt), {})
        changed = {**item, **changes}
        return {name: value for name, value in changed.items() if value is not MISSING}

    def _page(
        self, request: Request, key: str, items: list[dict[str, object]]
    ) -> tuple[int, dict[str, object]]:
        size = min(int(request.query.get("PageSize", "50")), 1000)
        page = int(request.query.get("Page", "0"))
        after = request.query.get("PageToken", "").removeprefix("PA")
        start = next((at for at, item in enumerate(items, 1) if item["sid"] == after), 0)
        shown = items[start : start + size]

        def uri(page: int, **more: str) -> str:
            query = {**request.query, "PageSize": str(size), "Page": str(page), **more}
            return f"{request.path}?{urlencode(query)}"

        more_left = start + size < len(items)
        return 200, {
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1, PageToken=f"PA{shown[-1]['sid']}")
            if more_left
            else None,
            "previous_page_uri": uri(page - 1) if page else None,
            "uri": uri(page),
            "page": page,
            "page_size": size,
            "start": start,
            "end": start + max(len(shown) - 1, 0),
            key: [self._as_spoilt(each) for each in shown],
        }


def _basics(form: dict[str, str]) -> tuple[str, str, str]:
    return form.get("To", ""), form.get("From", ""), form.get("Body", "")


def _is_validity(said: str | None) -> bool:
    """Whole seconds, up to ten hours."""
    return said is None or (said.isdecimal() and 1 <= int(said) <= 36_000)


def _fits(message: FakeMessage, query: dict[str, str]) -> bool:
    """The filters of a list. An unsent message is filed under the date it was created."""
    at = message.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    on, since, until = (query.get(f"DateSent{sign}", "") for sign in ("", ">", "<"))
    return (
        query.get("To", message.to) == message.to
        and query.get("From", message.from_) == message.from_
        and (not on or at[:10] == on[:10])
        and (not since or at[: len(since)] >= since)
        and (not until or at[: len(until)] <= until)
    )

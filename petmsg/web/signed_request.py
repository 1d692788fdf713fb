"""Twilio's signed requests, and the answers to those that are rejected."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from petmsg.errors import UsageProblem
from petmsg.providers.twilio_parameters import Form
from petmsg.providers.twilio_signature import HEADER, Diagnosis, TwilioSignature
from petmsg.web.read_request import FORM, Refusal, body_of, parameters
from petmsg.web.refused_requests import Refused, RejectionCounter

NOT_SIGNED = "not_signed"
Handler = Callable[[Request], Awaitable[Response]]


class NotSigned(Refusal):
    """A request to Twilio's webhooks whose signature does not fit, and what it looks like."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(403, NOT_SIGNED)
        self.diagnosis = diagnosis


async def signed_form(request: Request, twilio: TwilioSignature) -> Form:
    """The parameters of a request that Twilio signed. Raises `Refusal`: 403."""
    form = parameters(await body_of(request, FORM))
    path = request.scope["raw_path"].decode("latin-1")
    query = query_of(request)
    signature = request.headers.get(HEADER)
    if not twilio.is_genuine(path, query, form, signature):
        host = request.headers.get("Host")
        raise NotSigned(twilio.diagnose(path, query, form, signature, host))
    return form


def query_of(request: Request) -> str:
    """The query, still encoded."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")


def with_refusals(handler: Handler, refusals: RejectionCounter, header: str) -> Handler:
    """Wrap a handler: rejections become answers. Requests that are unsigned or malformed are
    counted; `header` is where the signature is."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            if refusal.word == NOT_SIGNED:
                has_signature = bool(request.headers.get(header))
                diagnosis = refusal.diagnosis if isinstance(refusal, NotSigned) else ()
                refusals.add(Refused(has_signature, *diagnosis))
            return respond(request, refusal.status, refusal.word, refusal.headers)
        except UsageProblem as problem:
            refusals.add(Refused(has_signature=True))
            return respond(request, 400, problem.code)

    return answer


def respond(
    request: Request,
    status: int,
    word: str,
    headers: Mapping[str, str] | None = None,
    *,
    body: Response | None = None,
) -> Response:
    """An answer, with its outcome code for the log and the sender."""
    request.state.word = word
    if body is not None:
        return body
    if status == 204:
        return Response(status_code=204)
    return PlainTextResponse(f"{word}\n", status, headers)

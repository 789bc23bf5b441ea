"""The service of requests that no other service understands: it shows them, and reads no command."""

from clicksoap.simulator.front.command import Command, UnreadableError
from clicksoap.simulator.front.http_values import HttpAnswer, HttpRequest
from clicksoap.simulator.masking import masked_envelope, masked_form


class UnknownService:
    """A service without commands, for the record of requests to paths that do not exist."""

    @property
    def name(self) -> str:
        """The service's name in the recorded exchanges."""
        return "unknown"

    @property
    def has_faults(self) -> bool:
        """False: it answers in plain text."""
        return False

    def read(self, request: HttpRequest) -> Command:  # noqa: ARG002 - as the other services
        """Refuse a request, whatever it holds.

        Raises:
            UnreadableError: Always.
        """
        raise UnreadableError("there is no such path", "NotFound")

    def write(self, command: Command, lines: list[str]) -> HttpAnswer:  # noqa: ARG002 - as the other services
        """The answer that holds the lines of a reply."""
        return HttpAnswer(200, {"content-type": "text/plain; charset=utf-8"}, "\n".join(lines).encode())

    def refuse(self, error: UnreadableError) -> HttpAnswer:
        """The answer to a request that could not be read."""
        return HttpAnswer(404, {"content-type": "text/plain; charset=utf-8"}, error.text.encode())

    def masked(self, request: HttpRequest) -> str:
        """The query, and the body on a line of its own, without their secrets."""
        body = request.body
        shown_body = masked_envelope(body, None) if body.lstrip()[:1] == b"<" else masked_form(body)
        return "\n".join(filter(None, (masked_form(request.query), shown_body)))

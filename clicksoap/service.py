"""The raw service: the gateway's commands by their own names, called and failing as zeep's do."""

import contextlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from zeep.exceptions import Fault, TransportError as ZeepTransportError

from clicksoap.checks import iterable, plain_str
from clicksoap.contract import COMMANDS, Dialect
from clicksoap.errors import InvalidInput, NotExpressible, ProtocolError, SoapFault, TransportError
from clicksoap.protocol.bindings import Binding
from clicksoap.protocol.bindings.serializer import Part, integer, number, string, string_or_int
from clicksoap.protocol.bindings.soap import OWN_NAMES, SoapBinding, own_operation
from clicksoap.protocol.effects import Flow
from clicksoap.protocol.flows import Flows
from clicksoap.protocol.frames import forget_locals
from clicksoap.protocol.operations import Value
from clicksoap.transports.driver import Driver

if TYPE_CHECKING:
    from clicksoap.transports.async_driver import AsyncDriver

RawCall = Callable[..., str | list[str]]
AsyncRawCall = Callable[..., Awaitable[str | list[str]]]


class _Commands:
    """The shared part of both services: makes the flow of one raw request from a command's name and arguments."""

    def __init__(self, flows: Flows, binding: Binding) -> None:
        self._flows = flows
        self._binding = binding
        # The HTTP API has no WSDL; Document/Literal's stands in for the order of arguments and the shape of answers.
        self._shapes = binding if isinstance(binding, SoapBinding) else SoapBinding(Dialect.DOCUMENT_LITERAL, "")

    def __dir__(self) -> list[str]:
        return sorted(_COMMANDS)

    def _flow(self, name: str) -> Callable[..., Flow[str | list[str]]]:
        if name.startswith("_"):
            raise AttributeError(name)  # what copying and inspecting look for is no command
        operation = own_operation(name)
        try:
            serializer = self._shapes.serializer(operation)
        except NotExpressible as error:
            raise AttributeError(f"the gateway has no command {name!r}") from error

        def begin(args: tuple[object, ...], kwargs: dict[str, object]) -> Flow[str | list[str]]:
            outer = sys.exception()
            try:
                parameters = _parameters(name, serializer.parts, args, kwargs)
                self._check_cap(parameters)
                return _with_zeep_errors(self._flows.raw(operation, parameters), gives_list=serializer.gives_list)
            except BaseException as error:
                # Hidden from those who show local variables: they may hold a password, or a session id.
                forget_locals(error, outer)
                del args, kwargs
                raise

        return begin

    def _check_cap(self, parameters: dict[str, Value]) -> None:
        to = parameters.get("to")
        # A text may hold several: the HTTP API's own form of them.
        count = sum(str(item).count(",") + 1 for item in to) if isinstance(to, list) else 0
        if count > self._binding.capabilities.max_recipients:
            raise InvalidInput(
                f"to holds {count} recipients: one raw request takes {self._binding.capabilities.max_recipients}, "
                "and send() splits by itself"
            )


class Service(_Commands):
    """The gateway's commands by their own names, as ``zeep.Client(...).service`` has them.

    Raw means raw: one request with what the caller passes, credentials or session included; no login, no splitting,
    no repetition, and the answer's strings as they came: a list where the WSDL says list, else a string. Arguments go
    by keyword in any order, in either dialect's spelling, or by position in the WSDL's order; zeros, empty strings and
    None count as not given.

    A SOAP Fault is a `zeep.exceptions.Fault`, and trouble on the way a `zeep.exceptions.TransportError`, each with
    clicksoap's own error as its ``__cause__``.
    """

    def __init__(self, driver: Driver, flows: Flows, binding: Binding) -> None:
        super().__init__(flows, binding)
        self._driver = driver

    def __getattr__(self, name: str) -> RawCall:
        begin = self._flow(name)

        def call(*args: object, **kwargs: object) -> str | list[str]:
            try:
                flow = begin(args, kwargs)
            finally:
                del args, kwargs  # as in `begin`
            return self._driver.run(flow)

        call.__name__ = call.__qualname__ = name
        return call

    def __getitem__(self, name: str) -> RawCall:
        """A command by a name that is only known at run time."""
        return self.__getattr__(name)


class AsyncService(_Commands):
    """The same as `Service` for an event loop: each command is to be awaited."""

    def __init__(self, driver: "AsyncDriver", flows: Flows, binding: Binding) -> None:
        super().__init__(flows, binding)
        self._driver = driver

    def __getattr__(self, name: str) -> AsyncRawCall:
        begin = self._flow(name)

        async def call(*args: object, **kwargs: object) -> str | list[str]:
            try:
                flow = begin(args, kwargs)
            finally:
                del args, kwargs  # as in `begin`
            return await self._driver.run(flow)

        call.__name__ = call.__qualname__ = name
        return call

    def __getitem__(self, name: str) -> AsyncRawCall:
        """A command by a name that is only known at run time."""
        return self.__getattr__(name)


def _with_zeep_errors(flow: Flow[list[str]], *, gives_list: bool) -> Flow[str | list[str]]:
    try:
        answer = yield from flow
    except (SoapFault, TransportError, ProtocolError) as error:
        failure = error
    else:
        return answer if gives_list else answer[0]
    _raise_as_zeep(failure)


_COMMANDS: Final = COMMANDS | {"routeCoverage"}  # as RPC/Encoded spells it


def _parameters(
    name: str, parts: tuple[Part, ...], args: tuple[object, ...], kwargs: dict[str, object]
) -> dict[str, Value]:
    if len(args) > len(parts):
        raise InvalidInput(f"{name} has {len(args)} arguments: give at most {len(parts)}")
    given = {part.name: value for part, value in zip(parts, args, strict=False)}
    for spelling, value in kwargs.items():
        own = spelling if any(part.name == spelling for part in parts) else OWN_NAMES.get(spelling, spelling)
        if own in given:
            raise InvalidInput(f"{name} has {own} twice: give it once")
        given[own] = value
    by_name = {part.name: part for part in parts}
    parameters: dict[str, Value] = {}
    for own, value in given.items():
        part = by_name.get(own)
        if part is None:
            raise InvalidInput(f"{name} has no parameter {own!r}: give any of {', '.join(by_name)}")
        # Generated clients send every element, with zeros and empty strings for what they mean to leave out.
        if value is None or (isinstance(value, str | int | float | Decimal) and not value):
            continue
        coerced = _coerced(part, value)
        if coerced:
            parameters[own] = coerced
    return parameters


def _coerced(part: Part, value: object) -> Value:
    """A value as legacy code gives it: numbers as text, flags as bools, numbers where text belongs."""
    if part.is_repeated:
        return _strings(part.name, value)
    if isinstance(value, bool):
        value = int(value)
    if part.lexical in {integer, number} and isinstance(value, str):
        # What is no number is refused, with its name, where it cannot be written.
        with contextlib.suppress(ArithmeticError):
            return Decimal(value.strip())
    if part.lexical in {string, string_or_int} and isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, str | int | Decimal):
        return value
    raise InvalidInput(f"{part.name} is {type(value).__name__}: give a str or a number")


def _strings(name: str, value: object) -> list[str]:
    """The strings of an array: a list, one value alone, or the struct around a list that zeep and suds ask for."""
    several: object = value
    if isinstance(value, Mapping):
        struct = cast("Mapping[str, object]", value)
        several = struct.get("_value_1", struct.get("item", struct)) if len(struct) == 1 else struct  # zeep's, suds's
    items: list[str] = []
    for item in [several] if isinstance(several, str | int) else iterable(several, name):
        if isinstance(item, bool) or not isinstance(item, str | int):
            raise InvalidInput(f"{name} holds {type(item).__name__}: give strs")
        items.append(plain_str(item))
    return items


def _raise_as_zeep(error: SoapFault | TransportError | ProtocolError) -> NoReturn:
    if isinstance(error, SoapFault):
        fault: Any = Fault
        raise fault(error.text, code=error.code) from error
    status = error.status if isinstance(error, ProtocolError) and error.status is not None else 0
    trouble: Any = ZeepTransportError
    raise trouble(message=str(error), status_code=status) from error

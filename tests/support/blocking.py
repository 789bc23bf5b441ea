"""An AsyncClient that a test may call without awaiting: the conformance suite runs over both facades by it."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from clicksoap import AsyncBatch, AsyncClient


class Blocking:
    """Runs each call of an AsyncClient to its end on an event loop of its own, which must not complain."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._client = AsyncClient(*args, **kwargs)
        self._runner = asyncio.Runner(debug=True)
        self._runner.get_loop().set_exception_handler(lambda _, context: self._complaints.append(repr(context)))
        self._complaints: list[str] = []
        self._is_closed = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return _blocking(self._runner, found) if inspect.iscoroutinefunction(found) else found

    def batch(self, *args: Any, **kwargs: Any) -> "BlockingBatch":
        return BlockingBatch(self._runner, self._client.batch(*args, **kwargs))

    def with_options(self, **changes: Any) -> "BlockingView":
        return BlockingView(self._runner, self._client.with_options(**changes))

    def __repr__(self) -> str:
        return repr(self._client)

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._runner.run(self._client.close())
        self._runner.close()
        assert self._complaints == []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class BlockingView:
    def __init__(self, runner: asyncio.Runner, client: AsyncClient) -> None:
        self._runner = runner
        self._client = client

    def with_options(self, **changes: Any) -> "BlockingView":
        return BlockingView(self._runner, self._client.with_options(**changes))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return _blocking(self._runner, found) if inspect.iscoroutinefunction(found) else found


class BlockingBatch:
    def __init__(self, runner: asyncio.Runner, batch: AsyncBatch) -> None:
        self._runner = runner
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._batch, name)
        return _blocking(self._runner, found) if callable(found) else found

    def __enter__(self) -> Self:
        self._runner.run(self._batch.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._batch.__aexit__(kind, error, trace))


def _blocking(runner: asyncio.Runner, method: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        async def awaited() -> Any:
            made = method(*args, **kwargs)
            return await made if inspect.isawaitable(made) else made

        return runner.run(awaited())

    return call

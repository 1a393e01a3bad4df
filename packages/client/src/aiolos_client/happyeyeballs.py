"""Connected sockets: addresses are tried one after the other, or overlapping (RFC 8305)."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from .addresses import AddrInfoType

SocketFactoryType = Callable[[AddrInfoType], socket.socket]
_Attempt = Callable[[AddrInfoType], Awaitable[socket.socket]]


async def connected_socket(
    loop: asyncio.AbstractEventLoop,
    infos: Sequence[AddrInfoType],
    *,
    delay: float | None = None,
    local_addr: tuple[str, int] | None = None,
    factory: SocketFactoryType | None = None,
) -> socket.socket:
    """A socket connected to one of `infos`, the first that answers.

    Each is tried when the one before has failed, or `delay` seconds have passed (None: only when
    it has failed). `local_addr` is bound; `factory` makes the sockets. OSError where none answers.
    """

    async def attempt(info: AddrInfoType) -> socket.socket:
        return await _connected(loop, info, local_addr, factory)

    if len(infos) == 1:
        return await attempt(infos[0])
    if delay is None:
        return await _in_turn(infos, attempt)
    return await _race(infos, attempt, delay)


async def _connected(
    loop: asyncio.AbstractEventLoop,
    info: AddrInfoType,
    local_addr: tuple[str, int] | None,
    factory: SocketFactoryType | None,
) -> socket.socket:
    family, kind, proto, _, address = info
    sock = socket.socket(family, kind, proto) if factory is None else factory(info)
    if not isinstance(sock, socket.socket):
        raise TypeError(f"socket_factory gave {sock!r:.80}: it makes a socket.socket")
    try:
        sock.setblocking(False)
        if local_addr is not None:
            sock.bind(local_addr)
        await loop.sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _in_turn(infos: Sequence[AddrInfoType], attempt: _Attempt) -> socket.socket:
    errors = []
    for info in infos:
        try:
            return await attempt(info)
        except OSError as error:
            errors.append((info, error))
    raise _merged(errors)


async def _race(infos: Sequence[AddrInfoType], attempt: _Attempt, delay: float) -> socket.socket:
    left = list(reversed(infos))
    running: dict[asyncio.Future[socket.socket], AddrInfoType] = {}
    errors = []
    try:
        while left or running:
            if left:
                info = left.pop()
                running[asyncio.ensure_future(attempt(info))] = info
            done, _ = await asyncio.wait(
                running, timeout=delay if left else None, return_when=asyncio.FIRST_COMPLETED
            )
            for each in done:
                error = each.exception()
                if error is None:
                    del running[each]
                    return each.result()
                if not isinstance(error, OSError):
                    raise error
                errors.append((running.pop(each), error))
    finally:
        await _abandon(running)
    raise _merged(errors)


async def _abandon(running: Any) -> None:
    """End the attempts that nobody waits for; one may have succeeded in the same moment."""
    for each in running:
        each.cancel()
    if running:
        for result in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(result, socket.socket):
                result.close()


def _merged(errors: Sequence[tuple[AddrInfoType, OSError]]) -> OSError:
    """One error that names every address; its kind is that of the first."""
    told = "; ".join(f"{info[4][0]}: {error.strerror or error}" for info, error in errors)
    return OSError(errors[0][1].errno, f"none of {len(errors)} addresses answers: {told}")

"""What contracts.Requester and contracts.Response promise."""

import asyncio
from collections.abc import Callable

from aiolos_protocol.contracts import Requester
from aiolos_protocol.testkit import ScriptedPeer

from .requirement import in_time, require, require_maker

_ANSWER = (
    b"HTTP/1.1 201 Created\r\nContent-Type: text/plain; charset=utf-8\r\nX-Field: one\r\n"
    b"Content-Length: 5\r\n\r\ngr\xc3\xbcn"
)


async def check_requester(make: Callable[[], Requester]) -> None:
    """Check the session that `make` gives, as ClientComponent.loopback_session() does.

    Raises NonConformance, an AssertionError that quotes the clause; TypeError where `make` cannot
    be called.
    """
    require_maker(make, "check_requester")
    for check in (_check_answers, _check_cookies, _check_no_retry, _check_refused_upgrade):
        session = make()
        try:
            await check(session)
        finally:
            await in_time(session.close(), "close() closes, and may be repeated")


async def _check_answers(session: Requester) -> None:
    lines: list[bytes] = []
    ended = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines.append(head.partition(b"\r\n")[0])
                is_head = lines[-1].startswith(b"HEAD ")
                writer.write(_ANSWER.partition(b"gr")[0] if is_head else _ANSWER)
        finally:
            ended.set()

    async with ScriptedPeer(script) as peer:
        url = f"http://127.0.0.1:{peer.port}/path?a=b"
        response = await in_time(session.request("GET", url), "what request() gives is awaitable")
        require(response.status == 201, f"status is a number, 201, not {response.status!r}")
        require(response.headers.get("x-field") == "one", "headers are found in any case")
        require(await response.read() == "grün".encode(), "read() gives the body")
        require(await response.read() == "grün".encode(), "read() gives the body again")
        require(await response.text() == "grün", "text() gives the body by its charset")
        response.release()
        async with session.request("DELETE", url) as response:
            require(response.status == 201, "what request() gives may be entered")
        # By HEAD there is no body, whatever the length says: what follows would be misread.
        async with session.head(url) as response:
            require(await response.read() == b"", "head() asks by HEAD, and reads no body")
        wanted = [b"%b /path?a=b HTTP/1.1" % method for method in (b"GET", b"DELETE", b"HEAD")]
        require(lines == wanted, f"method and target are sent as given: {wanted}, not {lines}")
        await in_time(session.close(), "close() closes")
        await in_time(ended.wait(), "close() ends the connections")


async def _check_cookies(session: Requester) -> None:
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(
                b"HTTP/1.1 200 OK\r\nSet-Cookie: kept=1; Path=/\r\nContent-Length: 0\r\n\r\n"
            )

    async with ScriptedPeer(script) as peer:
        for _ in range(2):
            async with session.request("GET", f"http://127.0.0.1:{peer.port}/"):
                pass
        await session.close()
    require(
        b"Cookie: kept=1" not in heads[0] and b"\r\nCookie: kept=1\r\n" in heads[1],
        "cookies are kept and sent, also for a host that is an IP address",
    )


async def _check_no_retry(session: Requester) -> None:
    asked: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        if len(asked) == 1:
            writer.write(_ANSWER)
            # Kept open for one more request, which is swallowed.
            asked.append(await reader.readuntil(b"\r\n\r\n"))

    async with ScriptedPeer(script) as peer:
        url = f"http://127.0.0.1:{peer.port}/"
        async with session.request("GET", url) as response:
            await response.read()
        failed = False
        try:
            async with session.request("GET", url):
                pass
        except Exception:  # whichever error the client tells it by
            failed = True
        require(failed, "a connection that closes without an answer is an error")
        require(len(asked) == 2, f"no silent retry: 2 requests were due, {len(asked)} came")


async def _check_refused_upgrade(session: Requester) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER)

    async with ScriptedPeer(script) as peer:
        failed = False
        try:
            async with session.ws_connect(f"http://127.0.0.1:{peer.port}/"):
                pass
        except Exception:  # whichever error the client tells it by
            failed = True
        require(failed, "ws_connect() raises where the server does not agree")

"""Drives every feature of the demo with our own client against the running server."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiolos
from aiolos import web

UPLOAD_SIZE = 8_000_000
DOWNLOAD_SIZE = 20_000_000
STEP_SECONDS = 60

Step = Callable[[aiolos.ClientSession], Awaitable[str]]


async def the_page(session: aiolos.ClientSession) -> str:
    """The page names all features."""
    async with session.get("/") as response:
        text = await response.text()
    for word in ("chat", "clock", "upload", "download"):
        expect(word in text.lower(), f"the page does not mention {word!r}")
    return f"{len(text)} characters of {response.content_type}"


async def the_chat(session: aiolos.ClientSession) -> str:
    """Two people hear what either says."""
    async with session.ws_connect("/chat") as ann, session.ws_connect("/chat") as bob:
        said = ["hello", "κόσμε", "x" * 400]
        for text in said:
            await ann.send_str(text)
        heard = [await bob.receive_str() for _ in said]
        expect(heard == said, f"bob heard {heard!r:.200}")
        expect([await ann.receive_str() for _ in said] == said, "ann did not hear herself")
        await bob.send_str("bye")
        expect(await ann.receive_str() == "bye", "ann did not hear bob")
    return f"{len(said) + 1} messages to 2 people"


async def the_clock(session: aiolos.ClientSession) -> str:
    """Events come while the response goes on."""
    events: list[str] = []
    buffer = ""
    async with session.get("/clock", params={"every": "0.02"}) as response:
        expect(response.content_type == "text/event-stream", f"it is {response.content_type}")
        async for piece in response.content.iter_any():
            buffer += piece.decode()
            *whole, buffer = buffer.split("\n\n")
            events += whole
            if len(events) >= 5:
                break
    numbers = [event.splitlines()[0] for event in events[:5]]
    expect(numbers == [f"id: {i}" for i in range(5)], f"events came as {numbers}")
    return f"{len(events)} events"


async def the_upload(session: aiolos.ClientSession) -> str:
    """A body sent in pieces arrives whole, and its progress is seen here."""
    digest = hashlib.sha256()
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for number in range(UPLOAD_SIZE // 50_000):
            piece = bytes([number % 251]) * 50_000
            digest.update(piece)
            sent += len(piece)
            yield piece

    async with session.put("/upload", data=pieces()) as response:
        seen = await response.json()
    expect(seen == {"size": sent, "sha256": digest.hexdigest()}, f"the server saw {seen}")
    return f"{sent:,} bytes up"


async def the_download(session: aiolos.ClientSession) -> str:
    """A long body comes in pieces."""
    size = pieces = 0
    async with session.get("/download", params={"size": DOWNLOAD_SIZE}) as response:
        async for piece in response.content.iter_chunked(65536):
            size += len(piece)
            pieces += 1
    expect(size == DOWNLOAD_SIZE, f"{size} bytes came")
    return f"{size:,} bytes down in {pieces} pieces"


async def the_refusals(session: aiolos.ClientSession) -> str:
    """Wrong requests are told so."""
    for path, status in (("/nothing", 404), ("/upload", 405), ("/download?size=x", 400)):
        async with session.get(path) as response:
            expect(response.status == status, f"{path} gave {response.status}")
    return "404, 405, 400"


STEPS: dict[str, Step] = {
    "page": the_page,
    "chat": the_chat,
    "clock": the_clock,
    "upload": the_upload,
    "download": the_download,
    "refusals": the_refusals,
}


def expect(condition: bool, otherwise: str) -> None:
    """Raise AssertionError(otherwise) unless `condition`; also under python -O."""
    if not condition:
        raise AssertionError(otherwise)


async def check(app: web.Application, host: str) -> int:
    """Serve `app` on a free port and run every step; 0, or 1 where one failed."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    address, port = runner.addresses[0][:2]
    base = f"http://{address}:{port}"
    print(f"demo check against {base}")
    failures = 0
    try:
        async with aiolos.ClientSession(base) as session:
            for name, step in STEPS.items():
                failures += not await run(name, step, session)
    finally:
        await runner.cleanup()
    print(f"{len(STEPS) - failures} passed, {failures} failed")
    return 1 if failures else 0


async def run(name: str, step: Step, session: aiolos.ClientSession) -> bool:
    """Run one step and print its line."""
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(STEP_SECONDS):
            result = await step(session)
    except Exception as error:
        print(f"  FAILED {name:<10} {type(error).__name__}: {error}")
        return False
    print(f"  ok     {name:<10} {(time.perf_counter() - begun) * 1000:7.1f} ms  {result}")
    return True

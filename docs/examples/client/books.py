"""The examples of the guide of the client, for a shop of books; every one is run in the tests."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiolos


# [session]
async def titles(base_url: str) -> list[str]:
    async with aiolos.ClientSession(base_url, headers={"Accept-Language": "en"}) as session:
        async with session.get("books", params={"sort": "title", "page": 1}) as response:
            response.raise_for_status()
            books = await response.json()
    return [book["title"] for book in books]


# [bodies]
async def publish(session: aiolos.ClientSession, title: str, cover: Path) -> str:
    async with session.post("books", json={"title": title}) as response:
        book = await response.json()
    with cover.open("rb") as file:
        form = {"caption": f"The cover of {title}", "picture": file}
        async with session.post(f"books/{book['id']}/cover", data=form) as response:
            response.raise_for_status()
    async with session.put(
        f"books/{book['id']}/text", data=chapters(), content_type="text/plain; charset=utf-8"
    ) as response:
        return await response.text()


async def chapters() -> AsyncIterator[bytes]:
    for number in range(3):
        yield f"Chapter {number}\n".encode()


# [pieces]
async def count_lines(session: aiolos.ClientSession, number: int) -> int:
    lines = 0
    async with session.get(f"books/{number}/text") as response:
        async for _ in response.content:
            lines += 1
    return lines


# [errors]
async def price(session: aiolos.ClientSession, number: int) -> str:
    timeout = aiolos.ClientTimeout(total=10, connect=2, sock_read=5)
    try:
        async with session.get(
            f"books/{number}/price", timeout=timeout, raise_for_status=True
        ) as response:
            return await response.text()
    except aiolos.ClientResponseError as error:
        return f"there is no price, because of {error.status} {error.message}"
    except (aiolos.ClientError, TimeoutError) as error:
        return f"try again later: {error}"


# [retry]
# One for all requests to the server: its budget is theirs.
BUSY = aiolos.RetryPolicy(attempts=5, backoff=0.1, statuses={429, 503})


async def order(session: aiolos.ClientSession, number: int) -> str:
    async with session.put(f"orders/{number}", json={"copies": 1}, retry=BUSY) as response:
        response.raise_for_status()
        return await response.text()


# [middleware]
class BearerToken:
    """Sends a token, and fetches another one when it is refused."""

    def __init__(self) -> None:
        self.token = "old"

    async def __call__(
        self, request: aiolos.ClientRequest, handler: aiolos.ClientHandlerType
    ) -> aiolos.ClientResponse:
        request.headers["Authorization"] = f"Bearer {self.token}"
        response = await handler(request)
        if response.status == 401:
            response.release()
            self.token = "new"
            request.headers["Authorization"] = f"Bearer {self.token}"
            response = await handler(request)
        return response


async def account(session: aiolos.ClientSession) -> str:
    async with session.get("account", middlewares=[BearerToken()]) as response:
        return await response.text()


# [many]
async def all_titles(session: aiolos.ClientSession, numbers: list[int]) -> list[str]:
    async def title(number: int) -> str:
        async with session.get(f"books/{number}") as response:
            book: dict[str, str] = await response.json()
            return book["title"]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(title(number)) for number in numbers]
    return [task.result() for task in tasks]


# [download]
async def fetch_text(session: aiolos.ClientSession, number: int, folder: Path) -> str:
    def show(received: int, total: int | None) -> None:
        print(f"{received} of {total or '?'} bytes")

    done = await session.download(f"books/{number}/text", folder / "book.txt", progress=show)
    return f"{done.path.name}: {done.size} bytes"


# [events]
async def first_news(session: aiolos.ClientSession, count: int) -> list[str]:
    news: list[str] = []
    async with session.sse("news") as events:
        async for event in events:
            news.append(f"{event.type}: {event.data}")
            if len(news) == count:
                break
    return news


# [cookies]
async def stay_known(base_url: str, path: Path) -> str:
    jar = aiolos.CookieJar(unsafe=True)  # unsafe: also cookies of IP addresses
    with contextlib.suppress(FileNotFoundError):
        jar.load(path)
    async with aiolos.ClientSession(base_url, cookie_jar=jar) as session:
        async with session.get("visits") as response:
            visits = await response.text()
    jar.save(path)
    return visits


# [tracing]
async def slow_requests(base_url: str, seconds: float) -> list[str]:
    slow: list[str] = []

    async def started(session: object, context: object, params: object) -> None:
        context.began = asyncio.get_running_loop().time()

    async def ended(session: object, context: object, params: object) -> None:
        if asyncio.get_running_loop().time() - context.began >= seconds:
            slow.append(f"{params.method} {params.url.path}")

    config = aiolos.TraceConfig()
    config.on_request_start.append(started)
    config.on_request_end.append(ended)
    async with aiolos.ClientSession(base_url, trace_configs=[config]) as session:
        async with session.get("books") as response:
            await response.read()
    return slow


# [connector]
def careful_session(base_url: str, authorities: Path) -> aiolos.ClientSession:
    context = ssl.create_default_context(cafile=authorities)
    connector = aiolos.TCPConnector(
        limit=50, limit_per_host=10, keepalive_timeout=30, ttl_dns_cache=300, ssl=context
    )
    return aiolos.ClientSession(base_url, connector=connector, trust_env=True)


# [end]

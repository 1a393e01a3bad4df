"""FakeServer: every host of the world, as far as a client under test is concerned."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping
from enum import Enum, auto
from re import Pattern
from ssl import SSLContext
from typing import Any, Final, NoReturn, Self
from weakref import WeakSet

from aiolos_protocol import siblings
from aiolos_protocol.clock import Clock
from aiolos_protocol.errors import MissingDistribution
from yarl import URL

from ..acceptor import Acceptor
from ..faults.interposed import FaultyTransport
from ..faults.plan import Fault, Faults
from ..faults.supply import Supply
from ..memory import MemoryListener
from ..negotiation import negotiate
from ..ports import get_unused_port_socket
from .asked import Asked
from .authority import authority
from .declaration import ANYTHING, Answer, Conversation, Declaration, Talk
from .resolver import Resolver
from .role import Role

# A request that nobody declared; no declared answer would choose it.
UNDECLARED: Final = 501


class UndeclaredRequest(AssertionError):
    """A client asked for what was not declared."""


class _Life(Enum):
    NEW = auto()
    OPEN = auto()
    CLOSED = auto()


class FakeServer:
    """Answers what a test declares, and fails the test at anything else.

    Clients come to it by their connector, not by a patch: what session() gives, or any connector
    whose `connect_by` is connect(), reaches it under every name, by http and https (which needs
    trustme). So redirects, pooling, time-outs and TLS are real. `async with` starts and closes
    it, and raises UndeclaredRequest for what was asked and not declared; another error by which
    the block is left gets it as a note. `transport` "memory" does without sockets, and without
    TLS. `faults` are what its connections suffer, one each.
    HTTP/2 is spoken to clients that ask for it, unless `http2` is False.
    """

    # Where what it answers comes from.
    _source = "declared"

    def __init__(self, *, transport: str = "tcp", faults: Faults = (), http2: bool = True) -> None:
        if transport not in ("tcp", "memory"):
            raise ValueError(f"transport is 'tcp' or 'memory', not {transport!r}")
        self.transport = transport
        self._http2 = http2
        self.port: int | None = None
        self.asked: list[Asked] = []
        self._declarations: list[Declaration] = []
        self._supply = Supply(faults)
        self._complaints: list[str] = []
        self._listening: Acceptor | MemoryListener | None = None
        self._connections: WeakSet[FaultyTransport] = WeakSet()
        self._sessions: list[Any] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._clock: Any = None
        self._life = _Life.NEW

    # Declaring.

    def on(
        self,
        method: str,
        url: str | URL | Pattern[str],
        *,
        headers: Mapping[str, str | Pattern[str]] | None = None,
        json: Any = ANYTHING,
        form: Mapping[str, str] | None = None,
        data: bytes | str | None = None,
    ) -> Declaration:
        """Expect `method` ("*" for any) of `url`; say what to answer by its answer().

        `url` is whole, with its query, or a path for every host, or a pattern of the whole URL.
        `headers` must be there with these values; others may be. `json`, `form` and `data` are
        what the body must be equal to. Of several that match, the one declared last answers.
        """
        declaration = Declaration(method, url, headers=headers, json=json, form=form, data=data)
        self._declarations.append(declaration)
        return declaration

    def get(self, url: str | URL | Pattern[str], **options: Any) -> Declaration:
        """on("GET")."""
        return self.on("GET", url, **options)

    def head(self, url: str | URL | Pattern[str], **options: Any) -> Declaration:
        """on("HEAD")."""
        return self.on("HEAD", url, **options)

    def post(self, url: str | URL | Pattern[str], **options: Any) -> Declaration:
        """on("POST")."""
        return self.on("POST", url, **options)

    def put(self, url: str | URL | Pattern[str], **options: Any) -> Declaration:
        """on("PUT")."""
        return self.on("PUT", url, **options)

    def patch(self, url: str | URL | Pattern[str], **options: Any) -> Declaration:
        """on("PATCH")."""
        return self.on("PATCH", url, **options)

    def delete(self, url: str | URL | Pattern[str], **options: Any) -> Declaration:
        """on("DELETE")."""
        return self.on("DELETE", url, **options)

    def websocket(
        self,
        url: str | URL | Pattern[str],
        talk: Talk,
        *,
        protocols: tuple[str, ...] = (),
        **options: Any,
    ) -> Declaration:
        """Expect a WebSocket on `url` and talk over it by `await talk(websocket)`.

        The first of the sub-protocols `protocols` that the client offers, too, is agreed upon.
        Raises MissingDistribution where aiolos-websocket is not installed.
        """
        siblings.websocket("FakeServer.websocket()")
        if not callable(talk):
            raise TypeError(f"websocket() takes a coroutine function, not {talk!r:.80}")
        return self.on("GET", url, **options).answer_with(Conversation(talk, protocols))

    # Being reached.

    async def connect(
        self, factory: Callable[[], Any], host: str, port: int, *, ssl: SSLContext | None
    ) -> Any:
        """contracts.Connect: whatever the host, it is this server."""
        listening = self._running()
        if isinstance(listening, MemoryListener):
            if ssl is not None:
                raise ConnectionRefusedError("there is no TLS in memory: ask http, not https")
            protocol = factory()
            listening.connect(protocol)
            return protocol
        name = None
        if ssl is not None:
            authority().trust(ssl)
            authority().prepare(host)
            name = host
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(
            factory, "127.0.0.1", self.port or 0, ssl=ssl, server_hostname=name
        )
        return protocol

    def trust(self, context: SSLContext) -> None:
        """Let a client's context accept this server's certificates; connect() does by itself.

        Raises MissingDistribution where trustme is not installed.
        """
        authority().trust(context)

    @property
    def resolver(self) -> "Resolver":
        """A resolver to which every name is this server, for a connector that takes one."""
        if isinstance(self._running(), MemoryListener) or self.port is None:
            raise RuntimeError("in memory there are no addresses: use connect()")
        return Resolver(self.port)

    def session(self, **options: Any) -> Any:
        """A client's session that reaches this server under every name; closed with it.

        Raises MissingDistribution where aiolos-client is not installed.
        """
        self._running()
        component = siblings.client("FakeServer.session()")
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "FakeServer.session() is called in a coroutine: make the test an 'async def'"
            ) from None
        session = component.loopback_session(connect=self.connect, **options)
        self._sessions.append(session)
        return session

    def url(self, path: str) -> URL:
        """This server's own URL of `path`, for code that is told where to ask."""
        self._running()
        if not path.startswith("/"):
            raise ValueError(f"url() takes a path that begins with '/', not {path!r}")
        return URL.build(scheme="http", host="127.0.0.1", port=self.port).join(URL(path))

    # Life.

    def start(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Listen, in the running loop or in one that will run; once."""
        if self._life is not _Life.NEW:
            raise RuntimeError("this FakeServer has been started: it is started once")
        loop = loop or asyncio.get_running_loop()
        self._life = _Life.OPEN
        self._clock = Clock(loop)
        if self.transport == "memory":
            self.port = 80
            self._listening = MemoryListener(self._supply.over(self._new_connection))
            return
        sock = get_unused_port_socket("127.0.0.1")
        self.port = sock.getsockname()[1]
        self._listening = Acceptor(
            sock,
            self._new_connection,
            self._supply,
            tls=self._tls,
            loop=loop,
        )

    async def close(self) -> None:
        """Close sessions, connections and the socket; may be repeated."""
        self._life = _Life.CLOSED
        for session in self._sessions:
            await session.close()
        self._sessions.clear()
        if self._listening is not None:
            self._listening.close()
        for connection in list(self._connections):
            connection.abort()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        # Lost connections are told so at the next turn.
        await asyncio.sleep(0)

    def check(self) -> None:
        """Raise UndeclaredRequest for what was asked, since the last check, and not declared."""
        __tracebackhide__ = True
        complaints, self._complaints = self._complaints, []
        if complaints:
            raise UndeclaredRequest("\n".join(complaints))

    def check_all_asked(self) -> None:
        """Raise AssertionError for what was declared and never asked."""
        missing = [str(each) for each in self._declarations if not each.asked]
        if missing:
            raise AssertionError(f"{self._source} and never asked: {', '.join(missing)}")

    def __enter__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is entered by 'async with', not by 'with'")

    def __exit__(self, *exc: object) -> None:
        """Not reached: see __enter__."""

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: object
    ) -> None:
        await self.close()
        try:
            self.check()
        except UndeclaredRequest as undeclared:
            if exc is None:
                raise
            # It may well be the cause of what the test failed by.
            exc.add_note(str(undeclared))

    def _running(self) -> Acceptor | MemoryListener:
        if self._life is _Life.CLOSED:
            raise RuntimeError("this FakeServer is closed; make another one")
        if self._listening is None:
            raise RuntimeError(
                "this FakeServer has not been started: write 'async with' before it, or use the "
                "fixture fake_server"
            )
        return self._listening

    def _new_connection(self) -> FaultyTransport:
        link = negotiate(self._clock, lambda: Role(self), http2=self._http2)
        transport = FaultyTransport(link, Fault())
        self._connections.add(transport)
        return transport

    # Answering (role.Judge).

    async def decide(self, asked: Asked) -> Answer | Conversation:
        """See Judge."""
        self.asked.append(asked)
        seen = self._seen(asked)
        for declaration in reversed(self._declarations):
            if not declaration.differences(seen):
                found = declaration.next_answer(asked)
                if isinstance(found, (Answer, Conversation)):
                    return found
                return await self._made_by(found, asked)
        return await self._undeclared(seen)

    def _seen(self, asked: Asked) -> Asked:
        """What of a request is compared with the declarations."""
        return asked

    async def _undeclared(self, asked: Asked) -> Answer | Conversation:
        """What to answer to what is not declared."""
        text = f"{asked} was asked and {self._advice(asked)}"
        self.complain(text)
        return Answer(UNDECLARED, body=text.encode())

    async def _made_by(self, answering: Callable[[Asked], Any], asked: Asked) -> Answer:
        try:
            made = answering(asked)
            if inspect.isawaitable(made):
                made = await made
            if not isinstance(made, Answer):
                raise TypeError(f"answer_by() gave {made!r:.80}, no answer(...)")
        except Exception as error:  # the test must hear of it, whatever the client makes of a 500
            self.complain(f"the answer to {asked} failed: {type(error).__name__}: {error}")
            return Answer(500, body=str(error).encode())
        return made

    def run(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """See Judge."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _tls(self) -> SSLContext:
        try:
            return authority().server_context(self._http2, self.complain)
        except MissingDistribution as error:
            self.complain(str(error))
            # The client is refused, and need not wait for its time-out.
            raise ConnectionRefusedError(str(error)) from error

    def complain(self, text: str) -> None:
        """See Judge."""
        self._complaints.append(text)

    def _advice(self, asked: Asked) -> str:
        if not self._declarations:
            return (
                f"nothing is declared; write "
                f"fake_server.{asked.method.lower()}({str(asked.url)!r}).answer(...)"
            )
        return f"is not declared; {self._nearest(asked)}"

    def _nearest(self, asked: Asked) -> str:
        nearest = max(self._declarations, key=lambda each: each.likeness(asked))
        return f"the nearest is {nearest} ({'; '.join(nearest.differences(asked))})"

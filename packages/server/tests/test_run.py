"""run_app as a process of its own: what it prints, how it ends, what it says when it cannot."""

import asyncio
import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from aiolos_server import web

PREAMBLE = """
import asyncio
from aiolos_server import web

async def hello(request):
    return web.Response(text="hello")

async def slow(request):
    print("inside", flush=True)
    await request.content.read()
    return web.Response(text="slow")

async def told(app):
    print("cleaned up", flush=True)

app = web.Application()
app.router.add_get("/", hello)
app.router.add_post("/slow", slow)
app.on_cleanup.append(told)
"""

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def start(script: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + textwrap.dedent(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def port_of(process: "subprocess.Popen[str]") -> int:
    """Read the start-up screen; the port that it names."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "http://127.0.0.1:" in line, line + process.communicate(timeout=10)[1]
    return int(line.partition("http://127.0.0.1:")[2].split()[0].strip("/,"))


def ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(65536), b""))


GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SERVE = "web.run_app(app, host='127.0.0.1', port=0)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_srv_02_serves_until_a_signal(start: Start, number: signal.Signals) -> None:
    process = start(SERVE)
    assert ask(port_of(process), GET).endswith(b"hello")
    process.send_signal(number)
    output, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert errors == ""
    assert output == "cleaned up\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_srv_07_a_signal_waits_for_the_running_request(
    start: Start, number: signal.Signals
) -> None:
    process = start(SERVE)
    port = port_of(process)
    assert process.stdout is not None
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
        assert process.stdout.readline() == "inside\n"
        process.send_signal(number)
        line = process.stdout.readline()
        assert "waiting up to 60 s for 1 request" in line
        sock.sendall(b"abc")
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.endswith(b"slow")
    assert b"Connection: close" in answer
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert output == "cleaned up\n"


def test_srv_07_a_signal_tells_of_a_request_that_is_still_arriving(start: Start) -> None:
    process = start(SERVE)
    port = port_of(process)
    assert process.stdout is not None
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHo")
        # Another one's answer is the proof that the server has read so far.
        assert ask(port, GET).endswith(b"hello")
        process.send_signal(signal.SIGTERM)
        line = process.stdout.readline()
        assert "waiting up to 60 s for 1 request, 1 of them still arriving" in line
        sock.sendall(b"st: a\r\n\r\n")
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.endswith(b"hello")
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors, output) == (0, "", "cleaned up\n")


def test_a_second_signal_cuts(start: Start) -> None:
    process = start(SERVE)
    port = port_of(process)
    assert process.stdout is not None
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
        assert process.stdout.readline() == "inside\n"
        process.send_signal(signal.SIGINT)
        assert "waiting" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert output == "cleaned up\n"


def test_a_handler_that_ignores_its_cancellation_is_left_behind(start: Start) -> None:
    process = start(
        """
        async def stubborn(request):
            print("inside", flush=True)
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass

        app.router.add_get("/stubborn", stubborn)
        web.run_app(app, host="127.0.0.1", port=0, shutdown_timeout=0.1)
        """
    )
    with socket.create_connection(("127.0.0.1", port_of(process))) as sock:
        sock.sendall(GET.replace(b"GET /", b"GET /stubborn"))
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "the handler stubborn (<string>, line " in err
    assert "answers GET /stubborn and goes on although it was cancelled" in err


def test_an_idle_connection_does_not_hold_up_the_end(start: Start) -> None:
    process = start(SERVE)
    with socket.create_connection(("127.0.0.1", port_of(process)), 10):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 0


def failed(process: "subprocess.Popen[str]") -> str:
    """The last line that a process which could not start has said."""
    output, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert output in ("", "cleaned up\n")
    return errors.splitlines()[-1].rpartition("CannotListen: ")[2]


def test_an_address_in_use(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = failed(start(f"web.run_app(app, host='127.0.0.1', port={port})"))
    told = f"cannot listen at http://127.0.0.1:{port}: Address already in use"
    assert line == f"[Errno {errno.EADDRINUSE}] {told}"


def test_a_bad_port(start: Start) -> None:
    assert failed(start("web.run_app(app, port=123456)")) == (
        "ValueError: a port is 0 to 65535, not 123456"
    )


def test_a_port_as_text(start: Start) -> None:
    line = failed(start("web.run_app(app, port='8080')"))
    assert line == "TypeError: a port is an int, not '8080'; write int(...) around a setting"


def test_a_host_that_is_not_ours(start: Start) -> None:
    line = failed(start("web.run_app(app, host='203.0.113.1', port=0)"))
    assert line.endswith("] cannot listen at http://203.0.113.1:0: Cannot assign requested address")


def test_a_unix_path_without_its_folder(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "sock"
    line = failed(start(f"web.run_app(app, path={str(path)!r})"))
    assert line.endswith(f"] cannot listen at http://unix:{path}: No such file or directory")


def test_a_program_goes_on_where_it_cannot_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="cannot listen at") as caught:
            web.run_app(web.Application(), host="127.0.0.1", port=port, print=None)
    assert caught.value.errno == errno.EADDRINUSE


def test_a_startup_that_fails_shows_what_failed(start: Start) -> None:
    process = start(
        """
        async def fail(app):
            raise LookupError("no database")
        app.on_startup.append(fail)
        web.run_app(app, host='127.0.0.1', port=0)
        """
    )
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "LookupError: no database"
    assert "never retrieved" not in errors


def test_a_class_is_no_application() -> None:
    from aiolos_server import web

    with pytest.raises(TypeError, match=r"not a class; write Application\(\)"):
        web.run_app(web.Application)  # type: ignore[arg-type]


async def test_inside_a_loop_it_says_what_to_use() -> None:
    from aiolos_server import web

    async def make() -> web.Application:
        return web.Application()

    for app in (web.Application(), make()):
        with pytest.raises(RuntimeError, match=r"web.AppRunner\(app\), its setup\(\)"):
            web.run_app(app)


def test_srv_03_its_parameters(start: Start) -> None:
    process = start(
        """
        import logging, sys
        logger = logging.getLogger("mine")
        logger.addHandler(logging.StreamHandler(sys.stdout))
        logger.setLevel(logging.INFO)
        def show(text):
            print("shown:", text, flush=True)
        web.run_app(app, host='127.0.0.1', port=0, access_log=logger, shutdown_timeout=60,
                    print=show, access_log_format='%r %s')
        """
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("shown: ")
    ask(int(line.partition("http://127.0.0.1:")[2].split()[0].strip("/,")), GET)
    assert process.stdout.readline() == "GET / HTTP/1.1 200\n"


def test_srv_03_a_silent_print(start: Start) -> None:
    process = start(
        """
        async def quit(app):
            asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
        import signal
        app.on_startup.append(quit)
        app.on_cleanup.clear()
        web.run_app(app, host='127.0.0.1', port=0, print=lambda x: None)
        """
    )
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0


def test_srv_04_a_coroutine_and_a_plain_function(start: Start) -> None:
    process = start(
        """
        import warnings
        warnings.simplefilter("error")
        async def init_app():
            app.router.add_get("/plain", lambda request: web.Response(text="plain"))
            return app
        web.run_app(init_app(), host='127.0.0.1', port=0)
        """
    )
    assert ask(port_of(process), GET.replace(b"GET /", b"GET /plain")).endswith(b"plain")


def test_several_addresses_at_once(start: Start, tmp_path: Path) -> None:
    process = start(f"web.run_app(app, host='127.0.0.1', port=0, path={str(tmp_path / 'sock')!r})")
    assert ask(port_of(process), GET).endswith(b"hello")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(tmp_path / "sock"))
        sock.sendall(GET)
        assert b"".join(iter(lambda: sock.recv(65536), b"")).endswith(b"hello")


def test_srv_05_the_default_port() -> None:
    from aiolos_server import web

    async def main() -> Any:
        runner = web.Application().runner()
        await runner.setup()
        site = web.TCPSite(runner)
        await runner.cleanup()
        return site.port

    assert asyncio.run(main()) == 8080


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX signals")
def test_nothing_accepted_is_lost_under_load(start: Start) -> None:
    """SIGTERM while clients ask as fast as they can: each request sent is answered, or its
    connection had said `Connection: close` before."""
    process = start(SERVE)
    port = port_of(process)

    async def client(stop: asyncio.Event) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while True:
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(5) == b"hello"
            count += 1
            if count == 50:
                stop.set()
            if b"Connection: close" in head:
                writer.close()
                return count

    async def main() -> list[int]:
        stop = asyncio.Event()
        clients = [asyncio.ensure_future(client(stop)) for _ in range(20)]
        await stop.wait()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            return await asyncio.gather(*clients)

    assert len(asyncio.run(main())) == 20
    process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.parametrize("where", ["callback", "task", "handler"])
def test_graceful_exit_ends_the_run_in_order(start: Start, where: str) -> None:
    process = start(
        f"""
        async def bye(request):
            loop = asyncio.get_running_loop()
            def leave():
                raise web.GracefulExit
            async def leaving():
                leave()
            if {where!r} == "callback":
                loop.call_soon(leave)
            elif {where!r} == "task":
                loop.create_task(leaving())
            else:
                leave()
            return web.Response()

        app.router.add_get("/bye", bye)
        web.run_app(app, host='127.0.0.1', port=0)
        print("went on")
        """
    )
    ask(port_of(process), GET.replace(b"/", b"/bye", 1))
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert output == "cleaned up\nwent on\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, web.GracefulExit])
def test_an_interrupt_raised_in_the_loop_ends_the_application_first(error: Any) -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("task")

    async def start(app: web.Application) -> None:
        app["task"] = asyncio.create_task(work())
        asyncio.get_running_loop().call_soon(interrupt)

    async def clean(app: web.Application) -> None:
        await asyncio.sleep(0)
        told.append("cleanup")

    def interrupt() -> None:
        raise error

    app = web.Application()
    app.on_startup.append(start)
    app.on_cleanup.append(clean)
    web.run_app(app, host="127.0.0.1", port=0, print=None, handle_signals=False)
    assert told == ["cleanup", "task"]


def test_a_task_that_fails_when_the_run_ends_is_told_of() -> None:
    told: list[Any] = []
    error = RuntimeError("not now")
    tasks: list[Any] = []

    async def fail() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise error from None

    async def begin(app: web.Application) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: told.append(context))
        tasks.append(asyncio.create_task(fail()))
        loop.call_later(0, stop)

    def stop() -> None:
        raise web.GracefulExit

    app = web.Application()
    app.on_startup.append(begin)
    web.run_app(app, host="127.0.0.1", port=0, print=None)
    assert [(each["exception"], each["task"]) for each in told] == [(error, tasks[0])]


def ending() -> web.Application:
    """An application that ends as soon as it has started."""

    async def begin(app: web.Application) -> None:
        asyncio.get_running_loop().call_soon(stop)

    def stop() -> None:
        raise web.GracefulExit

    app = web.Application()
    app.on_startup.append(begin)
    return app


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("name", ["aiolos.access", "mine"])
def test_in_debug_mode_the_access_log_is_seen(debug: bool, name: str) -> None:
    logger = logging.Logger(name)  # noqa: LOG001  # nobody else has it

    app = ending()
    loop = asyncio.new_event_loop()
    loop.set_debug(debug)
    web.run_app(app, host="127.0.0.1", port=0, print=None, access_log=logger, loop=loop)
    shown = debug and name == "aiolos.access"
    assert bool(logger.handlers) is shown
    assert logger.level == (logging.DEBUG if shown else logging.NOTSET)


@pytest.mark.parametrize("silent", [None, False])
def test_nothing_is_said_where_print_is_none_or_false(
    silent: Literal[False] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    app = ending()
    web.run_app(app, host="127.0.0.1", port=0, print=silent)
    assert capsys.readouterr().out == ""

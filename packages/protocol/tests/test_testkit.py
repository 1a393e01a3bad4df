"""The doubles of the tests: they must behave as the real ones do."""

import asyncio

import pytest
from aiolos_protocol.testkit import (
    ManualClock,
    MemoryTransport,
    ScriptedPeer,
    connect_pair,
    connected,
)


class Recorder(asyncio.Protocol):
    """A protocol that remembers its calls."""

    def __init__(self, keep_open=False):
        self.calls = []
        self.keep_open = keep_open
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.calls.append("made")

    def data_received(self, data):
        self.calls.append(data)

    def eof_received(self):
        self.calls.append("eof")
        return self.keep_open

    def pause_writing(self):
        self.calls.append("paused")

    def resume_writing(self):
        self.calls.append("resumed")

    def connection_lost(self, exc):
        self.calls.append(("lost", exc))


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_is_written_is_kept():
    transport = connected(asyncio.get_running_loop(), Recorder())
    transport.write(b"a")
    transport.writelines([b"b", bytearray(b"c")])
    assert (transport.sent, transport.writes) == (b"abc", 2)
    assert transport.take() == b"abc"
    assert transport.take() == b""


async def test_closing():
    recorder = Recorder()
    transport = connected(asyncio.get_running_loop(), recorder)
    transport.close()
    transport.close()
    assert transport.is_closing()
    assert recorder.calls == ["made"]
    transport.write(b"lost")
    transport.receive(b"lost")
    await turns()
    assert recorder.calls == ["made", ("lost", None)]
    assert transport.sent == b""


async def test_losing_and_aborting():
    recorder = Recorder()
    transport = connected(asyncio.get_running_loop(), recorder)
    error = OSError()
    transport.lose(error)
    transport.lose()
    assert recorder.calls == ["made", ("lost", error)]
    transport = connected(asyncio.get_running_loop(), recorder)
    transport.abort()
    assert transport.aborted
    assert transport.is_closing()


@pytest.mark.parametrize("keep_open", [True, False])
async def test_the_peers_end(keep_open):
    recorder = Recorder(keep_open)
    transport = connected(asyncio.get_running_loop(), recorder)
    transport.receive_eof()
    assert recorder.calls == ["made", "eof"]
    assert transport.is_closing() is not keep_open


async def test_nothing_is_written_behind_the_end():
    transport = connected(asyncio.get_running_loop(), Recorder())
    assert transport.can_write_eof()
    transport.write_eof()
    assert transport.eof_sent
    with pytest.raises(RuntimeError, match="write_eof"):
        transport.write(b"a")


async def test_nothing_is_received_while_reading_is_paused():
    recorder = Recorder(keep_open=True)
    transport = connected(asyncio.get_running_loop(), recorder)
    transport.pause_reading()
    assert not transport.is_reading()
    transport.receive(b"a")
    transport.receive(b"b")
    transport.receive_eof()
    await turns()
    assert recorder.calls == ["made"]
    transport.resume_reading()
    assert recorder.calls == ["made"]
    await turns()
    assert recorder.calls == ["made", b"a", b"b", "eof"]


async def test_pausing_again_on_the_way():
    class Shy(Recorder):
        def data_received(self, data):
            super().data_received(data)
            self.transport.pause_reading()

    recorder = Shy()
    transport = connected(asyncio.get_running_loop(), recorder)
    for piece in (b"a", b"b", b"c"):
        transport.receive(piece)
    await turns()
    assert recorder.calls == ["made", b"a"]
    transport.resume_reading()
    transport.receive(b"d")
    await turns()
    assert recorder.calls == ["made", b"a", b"b"]


async def test_the_marks_of_the_send_buffer():
    recorder = Recorder()
    transport = connected(asyncio.get_running_loop(), recorder)
    transport.pause(100)
    assert transport.get_write_buffer_size() == 100
    transport.resume()
    assert transport.get_write_buffer_size() == 0
    assert recorder.calls == ["made", "paused", "resumed"]


async def test_extra_info_and_another_protocol():
    first, second = Recorder(), Recorder()
    transport = connected(asyncio.get_running_loop(), first, ssl_object="tls")
    assert transport.get_extra_info("ssl_object") == "tls"
    assert transport.get_extra_info("peername") == ("127.0.0.1", 5000)
    transport.set_protocol(second)
    assert transport.get_protocol() is second
    transport.receive(b"a")
    assert second.calls == [b"a"]


async def test_a_pair():
    one, other = Recorder(), Recorder(keep_open=True)
    transports = connect_pair(asyncio.get_running_loop(), one, other)
    transports[0].write(b"ping")
    assert other.calls == ["made"]
    await turns()
    assert other.calls == ["made", b"ping"]
    transports[1].write(b"pong")
    transports[1].write_eof()
    await turns()
    assert one.calls == ["made", b"pong", "eof", ("lost", None)]
    assert other.calls[-1] == "eof"


def test_the_clock_is_wound_by_hand():
    clock = ManualClock(784111777.0)
    now, date = clock.now, clock.date
    clock.advance(2)
    assert clock.now == now + 2
    assert date == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    assert clock.last_lines == b"Date: Sun, 06 Nov 1994 08:49:39 GMT\r\n\r\n"


async def test_a_scripted_peer():
    async def script(reader, writer):
        assert await reader.readexactly(4) == b"ping"
        writer.write(b"pong")
        await writer.drain()

    async with ScriptedPeer(script) as peer:
        for count in (1, 2):
            reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
            writer.write(b"ping")
            assert await reader.read() == b"pong"
            writer.close()
            await writer.wait_closed()
            assert peer.connections == count


async def test_what_a_script_raises_is_not_lost():
    async def script(reader, writer):
        raise ZeroDivisionError

    async def visit():
        async with ScriptedPeer(script) as peer:
            reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
            assert await reader.read() == b""
            writer.close()

    with pytest.raises(ZeroDivisionError):
        await visit()


async def test_a_script_that_still_runs_is_cancelled():
    started = asyncio.Event()

    async def script(reader, writer):
        started.set()
        await asyncio.Event().wait()

    async with ScriptedPeer(script) as peer:
        _, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        await started.wait()
        writer.close()


def test_a_transport_is_one_of_asyncios():
    assert issubclass(MemoryTransport, asyncio.Transport)

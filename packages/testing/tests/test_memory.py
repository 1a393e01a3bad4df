"""Connections in memory behave as those of sockets do."""

import asyncio
from typing import Any

import pytest
from aiolos_testing import TestServer
from aiolos_testing.memory import HIGH_WATER, MemoryListener, join


class End(asyncio.Protocol):
    """Notes what happens; `stays` is what it says to an end of the peer's bytes."""

    def __init__(self, stays: bool = False) -> None:
        self.stays = stays
        self.events: list[Any] = []
        self.data = b""
        self.pieces: list[int] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.pieces.append(len(data))

    def eof_received(self) -> bool:
        self.events.append("eof")
        return self.stays

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: BaseException | None) -> None:
        self.events.append(type(exc))


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def joined(**options: Any) -> tuple[End, End]:
    ends = End(**options), End(**options)
    join(asyncio.get_running_loop(), *ends)
    return ends


async def test_bytes_arrive_at_the_next_turn_in_order() -> None:
    one, other = joined()
    one.transport.write(b"a")
    one.transport.writelines([b"b", bytearray(b"c")])
    assert other.data == b""
    await turns()
    assert other.data == b"abc"
    assert other.pieces == [1, 2]
    assert one.transport.get_extra_info("peername") == other.transport.get_extra_info("sockname")
    assert one.transport.get_extra_info("socket") is None


async def test_a_paused_reader_pauses_the_writer() -> None:
    one, other = joined()
    other.transport.pause_reading()
    assert not other.transport.is_reading()
    one.transport.write(b"x" * HIGH_WATER)
    assert one.events == []
    one.transport.write(b"x")
    assert one.events == ["pause"]
    assert one.transport.get_write_buffer_size() == HIGH_WATER + 1
    await turns()
    assert other.data == b""
    other.transport.resume_reading()
    await turns()
    assert one.events == ["pause", "resume"]
    assert len(other.data) == HIGH_WATER + 1


async def test_the_marks_can_be_moved() -> None:
    one, other = joined()
    one.transport.set_write_buffer_limits(high=8)
    assert one.transport.get_write_buffer_limits() == (2, 8)
    other.transport.pause_reading()
    one.transport.write(b"123456789")
    assert one.events == ["pause"]
    one.transport.set_write_buffer_limits(low=5)
    assert one.transport.get_write_buffer_limits() == (5, 20)


async def test_closing_ends_both_behind_what_was_written() -> None:
    one, other = joined()
    one.transport.write(b"last")
    one.transport.close()
    assert one.transport.is_closing()
    one.transport.write(b"too late")
    await turns()
    assert other.data == b"last"
    assert other.events == ["eof", type(None)]
    assert one.events == [type(None)]


async def test_half_of_a_connection_can_be_closed() -> None:
    one, other = joined(stays=True)
    assert one.transport.can_write_eof()
    one.transport.write_eof()
    with pytest.raises(RuntimeError, match="after write_eof"):
        one.transport.write(b"x")
    await turns()
    other.transport.write(b"answer")
    await turns()
    assert one.data == b"answer"
    assert (one.events, other.events) == ([], ["eof"])
    other.transport.close()
    await turns()
    assert one.events == ["eof"]
    one.transport.close()
    await turns()
    assert one.events == ["eof", type(None)]


async def test_writing_to_a_peer_that_is_gone_breaks() -> None:
    one, other = joined(stays=True)
    other.transport.close()
    await turns()
    assert one.events == ["eof"]
    one.transport.write(b"x")
    await turns()
    assert one.events == ["eof", ConnectionResetError]


async def test_what_the_peer_sent_before_it_went_is_read_first() -> None:
    one, other = joined(stays=True)
    one.transport.pause_reading()
    other.transport.write(b"answer")
    other.transport.close()
    await turns()
    one.transport.write(b"the rest of a request")
    one.transport.resume_reading()
    await turns()
    assert (one.data, one.events) == (b"answer", ["eof"])


async def test_aborting_with_bytes_unread_resets_the_peer() -> None:
    one, other = joined()
    one.transport.write(b"never read")
    other.transport.abort()
    await turns()
    assert (one.events, other.events) == ([ConnectionResetError], [type(None)])
    assert other.data == b""


async def test_aborting_with_nothing_unread_ends_the_peer() -> None:
    one, other = joined()
    other.transport.abort()
    await turns()
    assert (one.events, other.events) == (["eof", type(None)], [type(None)])


async def test_a_successor_gets_what_comes_after_it_took_over() -> None:
    one, other = joined()

    class Buffered(asyncio.BufferedProtocol):
        received = b""

        def get_buffer(self, sizehint: int) -> bytearray:
            self.buffer = bytearray(2)
            return self.buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.received += self.buffer[:nbytes]

    successor = Buffered()
    other.transport.set_protocol(successor)
    assert other.transport.get_protocol() is successor
    one.transport.write(b"12345")
    await turns()
    assert successor.received == b"12345"


async def test_a_closed_listener_refuses() -> None:
    listener = MemoryListener(End)
    listener.connect(End())
    listener.close()
    with pytest.raises(ConnectionRefusedError, match="in memory is closed"):
        listener.connect(End())


async def test_a_server_in_memory(tiny: Any) -> None:
    async with TestServer(tiny(), transport="memory") as server:
        assert str(server.make_url("/a")) == "http://127.0.0.1/a"
        end = await server.connect(End, "127.0.0.1", 80, ssl=None)
        end.transport.write(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        await turns()
        assert end.data.endswith(b"\r\n\r\nGET /a")
        with pytest.raises(ConnectionRefusedError, match="only the test server 127.0.0.1:80"):
            await server.connect(End, "example.com", 80, ssl=None)
        with pytest.raises(ConnectionRefusedError, match="no TLS in memory: ask http"):
            await server.connect(End, "127.0.0.1", 80, ssl=True)  # type: ignore[arg-type]
    await turns()
    assert end.events == ["eof", type(None)]


async def test_a_server_in_memory_has_no_tls(tiny: Any) -> None:
    with pytest.raises(ValueError, match="no TLS in memory: leave out ssl"):
        await TestServer(tiny(), transport="memory").start_server(ssl=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="transport is 'tcp' or 'memory', not 'udp'"):
        TestServer(tiny(), transport="udp")

"""SOCKS 4, 4a (https://www.openssh.com/txt/socks4a.protocol) and 5 (RFC 1928, RFC 1929).

Pure: `dialogue()` is a generator of what to send and how much to receive.
"""

from collections.abc import Generator, Sequence
from ipaddress import IPv4Address, ip_address
from typing import Final

# What to send, and how many bytes must be received before the next step.
Step = tuple[bytes, int]
Dialogue = Generator[Step, bytes, None]

_V5_REPLIES: Final = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}
_V4_REPLIES: Final = {
    91: "rejected or failed",
    92: "rejected: no identd on this machine",
    93: "rejected: identd names another user",
}


class SocksError(OSError):
    """The SOCKS proxy did not connect, or is none."""

    def __init__(self, message: str) -> None:
        super().__init__(None, message)


def resolves_remotely(scheme: str) -> bool:
    """Whether the proxy is given names, not addresses."""
    return scheme in ("socks4a", "socks5h")


def addresses(scheme: str, found: Sequence[str]) -> list[str]:
    """Which of the addresses `found` of a host such a proxy can be asked for, never none."""
    if scheme == "socks4":
        # Where there is none, dialogue() tells what to write instead.
        return [each for each in found if ":" not in each] or [found[0]]
    return list(found)


def dialogue(scheme: str, host: str, port: int, login: str | None, password: str) -> Dialogue:
    """Open a connection to `host` and `port` by the proxy; `scheme` is a SOCKS scheme.

    Raises SocksError where the proxy refuses, or what was received is not SOCKS.
    """
    if scheme in ("socks4", "socks4a"):
        return _version4(host, port, login or "")
    return _version5(host, port, login, password)


def _version4(host: str, port: int, login: str) -> Dialogue:
    name = b""
    try:
        address = IPv4Address(host).packed
    except ValueError:
        if ":" in host:
            raise SocksError("SOCKS 4 has no IPv6 addresses; write socks5://") from None
        # 4a: an address that cannot be, and the name behind it.
        address, name = b"\0\0\0\1", host.encode() + b"\0"
    if "\0" in login:
        raise SocksError("the SOCKS login holds a NUL")
    request = b"\4\1" + port.to_bytes(2) + address + login.encode() + b"\0" + name
    answer = yield request, 8
    if answer[0] != 0:
        raise _no_socks(answer)
    if answer[1] != 90:
        raise SocksError(f"the SOCKS proxy says: {_V4_REPLIES.get(answer[1], answer[1])}")


def _version5(host: str, port: int, login: str | None, password: str) -> Dialogue:
    methods = b"\0" if login is None else b"\0\2"
    answer = yield b"\5" + bytes([len(methods)]) + methods, 2
    if answer[0] != 5:
        raise _no_socks(answer)
    if answer[1] == 2 and login is not None:
        user, secret = login.encode(), password.encode()
        if len(user) > 255 or len(secret) > 255:
            raise SocksError("a SOCKS login and password have 255 bytes at most (RFC 1929 2)")
        credentials = b"\1" + bytes([len(user)]) + user + bytes([len(secret)]) + secret
        answer = yield credentials, 2
        if answer[1] != 0:
            raise SocksError("the SOCKS proxy refuses the login (RFC 1929 2)")
    elif answer[1] != 0:
        wanted = "a login: socks5://user:password@..." if answer[1] == 255 else "another method"
        raise SocksError(f"the SOCKS proxy wants {wanted} (RFC 1928 3)")
    answer = yield b"\5\1\0" + _address(host) + port.to_bytes(2), 4
    if answer[0] != 5:
        raise _no_socks(answer)
    if answer[1] != 0:
        raise SocksError(f"the SOCKS proxy says: {_V5_REPLIES.get(answer[1], answer[1])}")
    size = {1: 4, 4: 16}.get(answer[3], 0)
    if answer[3] == 3:
        size = (yield b"", 1)[0]
    elif not size:
        raise SocksError(f"the SOCKS proxy answers with the address type {answer[3]}")
    yield b"", size + 2


def _address(host: str) -> bytes:
    try:
        address = ip_address(host)
    except ValueError:
        name = host.encode()
        if len(name) > 255:
            raise SocksError("the name is longer than 255 bytes (RFC 1928 5)") from None
        return b"\3" + bytes([len(name)]) + name
    return (b"\1" if address.version == 4 else b"\4") + address.packed


def _no_socks(answer: bytes) -> SocksError:
    hint = " but HTTP: write http://" if answer[:1] == b"H" else ""
    return SocksError(f"the proxy does not speak SOCKS{hint} (it begins with {answer[:4]!r})")

"""Where credentials come from: the URL, arguments, and the file netrc."""

import os
from logging import getLogger
from pathlib import Path
from typing import Final

from aiolos_protocol.errors import WrongType
from aiolos_protocol.fields.authorization import BasicAuth

logger: Final = getLogger("aiolos.client")


def check_auth(auth: object, name: str = "auth") -> BasicAuth:
    """`auth` where it is a BasicAuth, else WrongType."""
    if isinstance(auth, BasicAuth):
        return auth
    raise WrongType(
        f"{name} must be None or BasicAuth() tuple, not {type(auth).__name__}; write "
        "BasicAuth('user', 'password')"
    )


def encode_basic_auth(login: str, password: str = "", encoding: str = "utf-8") -> str:
    """The value of an Authorization field of the Basic scheme (RFC 7617)."""
    return BasicAuth(login, password, encoding).encode()


def netrc_auth(host: str, *, named: bool = False) -> BasicAuth | None:
    """The credentials for `host` in the file that NETRC names, else in ~/.netrc (Windows:
    ~/_netrc); None where there are none. `named` leaves out the entry for hosts that have none of
    their own (default). Blocks; a file that cannot be read, and an entry that cannot be Basic
    credentials, is logged."""
    path = _netrc_path()
    if path is None:
        return None
    # Here, because few have such a file, and shlex comes with it.
    import netrc

    try:
        known = netrc.netrc(str(path))
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError) as error:
        logger.warning("the file %s is ignored: %s", path, error)
        return None
    # Also a host of that name is not the one that the entry was written for.
    names = (each for each in known.hosts if each != "default" and each.lower() == host.lower())
    name = next(names, None if named else "default")
    entry = known.hosts.get(name) if name is not None else None
    if entry is None:
        return None
    login, account, password = entry
    try:
        auth = BasicAuth(login or account or "", password or "")
        auth.encode()
    except ValueError as error:
        logger.warning("the entry for %s in the file %s is ignored: %s", name, path, error)
        return None
    return auth


def _netrc_path() -> Path | None:
    named = os.environ.get("NETRC")
    if named:
        path = Path(named)
        if not path.is_file():
            logger.warning("NETRC names %s, which is no file", path)
            return None
        return path
    try:
        path = Path.home() / ("_netrc" if os.name == "nt" else ".netrc")
    except RuntimeError:
        return None
    return path if path.is_file() else None

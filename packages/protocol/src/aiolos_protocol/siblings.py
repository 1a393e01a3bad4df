"""How the packages find one another: bound by hand, else announced in metadata, else an error.

Nothing is looked up at import; the first use of a feature that needs a sibling finds it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from .contracts import ClientComponent, ServerComponent, WebSocketComponent
from .errors import MissingDistribution

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "aiolos.components"
_bound: dict[str, object] = {}


def provide(name: str, component: object) -> None:
    """Bind `component`, an object or the dotted name of a module, as the sibling `name`.

    Outranks what metadata announces. `name` is "client", "server" or "websocket"; any other
    raises ValueError.
    """
    if name not in ("client", "server", "websocket"):
        raise ValueError(f"no such component: {name!r}; one of client, server, websocket")
    _bound[name] = component


def client(wanted_by: str) -> ClientComponent:
    """The client's component; `wanted_by` names the feature in the error.

    Raises MissingDistribution (an ImportError) where aiolos-client is not installed.
    """
    return cast(ClientComponent, _find("client", wanted_by))


def server(wanted_by: str) -> ServerComponent:
    """The server's component; as `client()`."""
    return cast(ServerComponent, _find("server", wanted_by))


def websocket(wanted_by: str) -> WebSocketComponent:
    """The WebSocket component; as `client()`."""
    return cast(WebSocketComponent, _find("websocket", wanted_by))


def _find(name: str, wanted_by: str) -> object:
    component = _bound.get(name)
    if component is None:
        component = _announced(name, wanted_by)
    if isinstance(component, str):
        component = import_module(component)
    _bound[name] = component
    return component


def _announced(name: str, wanted_by: str) -> str:
    # Here, because it costs as much as a tenth of what the client does, and few need it.
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP, name=name):
        found[entry.value] = entry
    if not found:
        raise MissingDistribution(wanted_by, f"aiolos-{name}")
    if len(found) > 1:
        origins = ", ".join(
            f"{entry.value} (of {entry.dist.name if entry.dist else 'an unknown distribution'})"
            for entry in found.values()
        )
        raise ImportError(
            f"{wanted_by} finds more than one component {name!r}: {origins}; choose one with "
            f"aiolos_protocol.siblings.provide({name!r}, ...)"
        )
    return next(iter(found))

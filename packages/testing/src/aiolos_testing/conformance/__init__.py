"""Suites for whoever implements one of our contracts (aiolos_protocol.contracts)."""

from .requester import check_requester
from .requirement import NonConformance
from .servable import check_servable
from .websocket import check_websocket_component

__all__ = ["NonConformance", "check_requester", "check_servable", "check_websocket_component"]

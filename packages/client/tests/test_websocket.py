"""ws_connect() without the sibling: what is missing is named."""

import aiolos_client
import pytest
from aiolos_protocol import siblings
from aiolos_protocol.errors import MissingDistribution


async def test_the_missing_distribution_is_named(monkeypatch):
    monkeypatch.setattr(siblings, "_bound", {})
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: ())
    async with aiolos_client.ClientSession() as session:
        with pytest.raises(MissingDistribution, match="pip install aiolos-websocket"):
            await session.ws_connect("http://127.0.0.1:1/")

import aiolos
import pytest
from aiolos.test_utils import TestClient
from shop import make_app


async def test_a_report_takes_two_minutes(virtual_clock):
    async with TestClient(make_app(), transport="memory") as client:
        async with client.get("/report") as response:
            assert response.status == 200
        assert 120 <= virtual_clock.elapsed < 121


async def test_nobody_waits_longer_than_a_minute(virtual_clock):
    timeout = aiolos.ClientTimeout(total=60)
    async with TestClient(make_app(), transport="memory", timeout=timeout) as client:
        with pytest.raises(TimeoutError):
            await client.get("/report")

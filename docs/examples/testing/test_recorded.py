from pathlib import Path

from aiolos.test_utils import recorded
from rates import rate

RECORDING = Path(__file__).parent / "recordings" / "rates.json"


async def test_the_rate_of_last_year():
    async with recorded(RECORDING, hide=["X-Account"]) as upstream:
        assert await rate(upstream.session(), "EUR") == 0.92

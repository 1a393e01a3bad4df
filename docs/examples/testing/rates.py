"""A client of somebody else's service: the code that the guide tests."""

import aiolos

RATES = "https://rates.example.com/latest"


async def rate(session: aiolos.ClientSession, currency: str) -> float:
    """The rate of `currency`; one that breaks off is asked for once more."""
    for attempt in (1, 2):
        try:
            async with session.get(RATES, params={"to": currency}) as response:
                response.raise_for_status()
                answer = await response.json()
                return float(answer["rate"])
        except aiolos.ClientConnectionError:
            if attempt == 2:
                raise
    raise AssertionError

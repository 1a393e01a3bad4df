import asyncio
import sys

import aiolos


async def main(base: str) -> None:
    async with aiolos.ClientSession(base) as session:
        async with session.get("/aiolos") as response:
            print(response.status, await response.text())
        async with session.post("/sum", json=[1, 2, 3]) as response:
            print(await response.json())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"))

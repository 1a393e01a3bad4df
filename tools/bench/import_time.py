"""What does importing each package cost, in CPU milliseconds of a fresh interpreter?"""

import argparse
import statistics
import subprocess
import sys

CODE = "import time; a = time.process_time(); import {}; print((time.process_time() - a) * 1000)"


def main() -> None:
    """Print the median of some fresh interpreters per module, interleaved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    count = parser.parse_args().rounds
    modules = ["asyncio", "aiolos_client", "aiolos_server.web", "aiolos", "aiohttp.web"]
    seen: dict[str, list[float]] = {name: [] for name in modules}
    for _ in range(count):
        for name, times in seen.items():
            command = [sys.executable, "-c", CODE.format(name)]
            result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            times.append(float(result.stdout))
    print(f"import, CPU ms (median of {count})")
    for name, times in seen.items():
        print(f"  {name:<20} {statistics.median(times):6.1f}  {min(times):.1f}..{max(times):.1f}")


if __name__ == "__main__":
    main()

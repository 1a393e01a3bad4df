"""The command: `python -m aiolos_aiohttp install`, and what takes it back."""

import argparse
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from . import standin


def main() -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m aiolos_aiohttp",
        description=f"Makes installers and importlib.metadata see an aiohttp {standin.VERSION}.",
    )
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("install", help="write the stand-in into this environment")
    actions.add_parser("remove", help="take it away again")
    actions.add_parser("status", help="say what is there; exit with 1 where something is wrong")
    made = actions.add_parser("wheel", help="write the stand-in as a wheel")
    made.add_argument("folder", type=Path, help="where to")
    chosen = parser.parse_args()
    try:
        return run(chosen.action, getattr(chosen, "folder", None))
    except (standin.RealAiohttp, standin.RealBefore, standin.Damaged, OSError) as error:
        print(error, file=sys.stderr)
    except PackageNotFoundError:
        print(
            f"{standin.OWNER} is on the path, but not installed in this environment; "
            f"run: pip install {standin.OWNER}",
            file=sys.stderr,
        )
    return 1


def run(action: str, folder: Path | None) -> int:
    """Do what the command line asks for, and say so; the exit status."""
    if action == "install":
        print(f"aiohttp {standin.VERSION} is seen from now on: {standin.install()}")
    elif action == "remove":
        gone = standin.remove()
        print(f"removed: {gone}" if gone else "there is no stand-in here")
    elif action == "wheel" and folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        print(standin.wheel(folder))
    else:
        return status()
    return 0


def status() -> int:
    """Say which aiohttp installers see; 1 where it is not ours."""
    real = standin.real_beside()
    if real is not None:
        raise standin.RealAiohttp(real.version)
    found = standin.installed()
    is_real = found is not None and not standin.is_stand_in(found)
    if found is not None and is_real and standin.comes_first(found):
        raise standin.RealBefore(found)
    if standin.is_damaged():
        raise standin.Damaged
    if found is None:
        print("installers see no aiohttp; run: python -m aiolos_aiohttp install")
    elif is_real:
        print(
            f"programs import {standin.OWNER}, and installers see aiohttp {found.version} in "
            f"{standin.folder_of(found)}; run: python -m aiolos_aiohttp install"
        )
    else:
        print(f"installers see aiohttp {found.version}, which {standin.OWNER} stands in for")
    return 0


if __name__ == "__main__":
    sys.exit(main())

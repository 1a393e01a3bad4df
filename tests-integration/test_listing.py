"""The public names and parameters are those that are kept in names/ours.txt."""

import subprocess
import sys


def test_public_names_are_the_ones_that_are_kept(root):
    command = [sys.executable, str(root / "tools" / "listing.py"), "--ours"]
    now = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    kept = (root / "tests-integration" / "names" / "ours.txt").read_text("utf-8").splitlines()
    gone, new = sorted(set(kept) - set(now)), sorted(set(now) - set(kept))
    assert (gone, new) == ([], []), "if that is meant: python tools/listing.py --write"


def test_each_difference_from_aiohttp_is_kept_with_its_reason(root):
    # That of the import name aiohttp is a test of the package that gives it.
    command = [sys.executable, str(root / "tools" / "differences.py"), "aiolos"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

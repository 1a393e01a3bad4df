"""The public names and parameters are those that are kept in names/ours.txt."""

import subprocess
import sys


def test_public_names_are_the_ones_that_are_kept(root):
    command = [sys.executable, str(root / "tools" / "listing.py"), "--ours"]
    now = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    kept = (root / "tests-integration" / "names" / "ours.txt").read_text("utf-8").splitlines()
    gone, new = sorted(set(kept) - set(now)), sorted(set(now) - set(kept))
    assert (gone, new) == ([], []), "if that is meant: python tools/listing.py --write"


def test_no_name_of_aiohttps_goes_missing(root):
    command = [sys.executable, str(root / "tools" / "listing.py"), "--missing"]
    now = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    kept = (root / "tests-integration" / "names" / "missing.txt").read_text("utf-8").splitlines()
    paths = {line.partition(" ")[0] for line in kept}
    assert [line for line in now if line.partition(" ")[0] not in paths] == [], (
        "if that is meant: python tools/listing.py --write"
    )

"""The public names and parameters are those that are kept in names/ours.txt."""

import importlib.util


def test_public_names_are_the_ones_that_are_kept(root):
    spec = importlib.util.spec_from_file_location("listing", root / "tools" / "listing.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    now = [line for module in tool.OURS for line in tool.listing(module)]
    kept = (tool.NAMES / "ours.txt").read_text(encoding="utf-8").splitlines()
    gone, new = sorted(set(kept) - set(now)), sorted(set(now) - set(kept))
    assert (gone, new) == ([], []), "if that is meant: python tools/listing.py --write"

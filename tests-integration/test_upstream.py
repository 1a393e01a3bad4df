"""docs/compatibility.md, part "Test by test": a list that tools/upstream.py can read."""

import importlib
import subprocess
import sys


def test_each_entry_names_tests_and_a_reason(root):
    command = [sys.executable, str(root / "tools" / "upstream.py"), "--list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "test_" in done.stdout


def test_who_is_listed_beside_others_and_passes_is_told(root, monkeypatch):
    monkeypatch.syspath_prepend(root / "tools")
    upstream = importlib.import_module("upstream")
    outcomes = {
        "test_size": "failed",
        "test_size_none": "passed",
        "test_fields[a]": "failed",
        "test_fields[b]": "passed",
        "Test::test_one": "failed",
        "Test::test_two": "passed",
        "test_other": "failed",
    }
    patterns = ["test_size*", "test_fields", "Test", "test_gone"]
    assert upstream.compared(outcomes, patterns) == (
        ["test_other"],
        ["test_gone", "test_size_none, by test_size*", "Test::test_two, by Test"],
    )

"""docs/compatibility.md, part "Test by test": a list that tools/upstream.py can read."""

import subprocess
import sys


def test_each_entry_names_tests_and_a_reason(root):
    command = [sys.executable, str(root / "tools" / "upstream.py"), "--list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "test_" in done.stdout

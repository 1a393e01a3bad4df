"""Every changelog fragment is found by towncrier and of a known type."""

import re
import subprocess
import sys


def test_every_fragment_is_in_the_draft(root):
    fragments = sorted(root.glob("packages/*/changelog.d/*"))
    names = [path.name for path in fragments if path.name != ".gitkeep"]
    known = re.compile(r"(\d+|\+[\w-]+)\.(feature|bugfix|doc|removal|misc)(\.\d+)?\.md")
    assert [name for name in names if not known.fullmatch(name)] == []
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    draft = " ".join(result.stdout.split())
    for path in fragments:
        first = re.split(r"\n\s*\n|\n- ", path.read_text().strip())[0].removeprefix("- ")
        assert " ".join(first.split()) in draft, f"{path} is not in the draft"

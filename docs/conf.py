"""Sphinx settings. Built by `nox -s docs`; warnings are errors."""

from aiolos import __version__

project = "aiolos"
author = "the aiolos developers"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"aiolos {version}"
myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"
# Types of third parties and of the standard library, which no inventory at hand resolves.
nitpick_ignore_regex = [("py:.*", r".*")]

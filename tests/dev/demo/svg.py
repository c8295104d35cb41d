"""What holds of every picture of ours: it is an image that a browser reads, and it stands alone.

Called by the tests of what draws pictures, and of those that the pages show.
"""

import re

from lxml import etree

SVG = "{http://www.w3.org/2000/svg}"
_OUTSIDE = re.compile(
    r"""\b(?:href|src|on\w+)\s*=|@import|<script|<!ENTITY|url\((?!['"]?#)|https?://(?!www\.w3\.org/2000/svg")"""
)


def read(svg: str) -> etree._Element:
    """Return the root of an SVG image; what is no XML is an error."""
    root = etree.fromstring(svg.encode())
    assert root.tag == f"{SVG}svg"
    return root


def texts(root: etree._Element) -> list[str]:
    """Return what stands written in it, line by line, with plain blanks."""
    return ["".join(node.itertext()).replace("\N{NO-BREAK SPACE}", " ") for node in root.iter(f"{SVG}text")]


def loaded_from_outside(svg: str) -> list[str]:
    """Return what a browser would fetch or run for it."""
    return _OUTSIDE.findall(svg)

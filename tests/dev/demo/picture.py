"""A picture of the terminal for pages that people look at: commands and what they really gave, as SVG.

Called by the demo where PICTURE says where to write it. The file stands alone: no font, style or script is loaded.
"""

import io
import re
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

TITLE = "make demo"
GLYPH_ASPECT = 0.6
"""Width to height of the glyphs of the fonts below; each line is stretched to its columns, so another one fits too."""

# Rich's own frame without its fonts, which come from another host, and without its clipping: all lines fit.
_FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<title>A terminal after make demo</title>
<style>
.{unique_id}-matrix {{
  font: {char_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}}
.{unique_id}-title {{ font: bold 18px system-ui, sans-serif; }}
{styles}
</style>
{chrome}
<g class="{unique_id}-matrix" transform="translate({terminal_x}, {terminal_y})">
{matrix}
</g>
</svg>
"""
_CLIPPED = re.compile(r' clip-path="[^"]*"')
_LINE_END = re.compile(r"<text [^>]*>\n</text>")


def draw(commands: Sequence[tuple[str, str]]) -> str:
    """Draw commands, each with its output below, as one terminal; gives the text of an SVG file."""
    shown = [
        (f"$ {command}", [line.rstrip() for line in output.lstrip("\n").rstrip().splitlines()])
        for command, output in commands
    ]
    width = max(len(line) for command, output in shown for line in (command, *output))
    console = Console(record=True, file=io.StringIO(), width=width)
    for number, (command, output) in enumerate(shown):
        console.print(Text(f"\n{command}" if number else command, style="cyan"))
        console.print(Text("\n".join(output)))
    svg = console.export_svg(title=TITLE, code_format=_FRAME, font_aspect_ratio=GLYPH_ASPECT, unique_id="terminal")
    return _LINE_END.sub("\n", _CLIPPED.sub("", svg))

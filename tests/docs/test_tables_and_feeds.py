"""The examples of docs/tables-and-feeds.md give the items that the page shows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from scrape_operator.cli import app
from tests.docs.reading import DOCS, objects, read

PAGE = read(DOCS / "tables-and-feeds.md")
TEXT = (DOCS / PAGE.name).read_text(encoding="utf-8")
[SHOWN] = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)]
ROWS = re.findall(r"^\| .* \| `items: (\{xpath: .*\})` \|$", TEXT, re.MULTILINE)
CELLS = re.findall(r'^\| .* \| `((?:css|xpath): ".*?")`.* \|$', TEXT, re.MULTILINE)
[SPANNING] = re.findall(r'`(xpath: ".*@rowspan.*")`', TEXT)
SPANNED = """<h2>Prices</h2><table id=prices>
<tr><th>Group</th><th>Name</th><th>Price</th></tr>
<tr><td rowspan=2>Lamps</td><td><a href=/a>A</a></td><td>1</td></tr><tr><td>B</td><td>2</td></tr>
<tr><td rowspan=1>Kites</td><td>C</td><td>3</td></tr>
</table>"""


def items_of(folder: Path, obj: dict[str, Any], body: str) -> list[dict[str, Any]]:
    (folder / "schedule.yaml").write_text(yaml.safe_dump(obj))
    (folder / "page.html").write_text(body)
    arguments = ["test", str(folder / "schedule.yaml"), "--body", str(folder / "page.html"), "-o", "json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    items: list[dict[str, Any]] = json.loads(result.stdout)[0]["targets"][0]["items"]
    return items


def schedule(items: dict[str, str], *fields: dict[str, Any]) -> dict[str, Any]:
    [obj] = [obj for obj in objects(PAGE) if obj["metadata"]["name"] == "price-list"]
    copied: dict[str, Any] = json.loads(json.dumps(obj))
    copied["spec"]["targets"][0]["extract"] = {"items": items, "fields": list(fields)}
    return copied


def test_the_table_gives_the_items_that_the_page_shows(tmp_path: Path) -> None:
    [obj] = [obj for obj in objects(PAGE) if obj["metadata"]["name"] == "price-list"]
    assert items_of(tmp_path, obj, PAGE.files["prices.html"]) == SHOWN


@pytest.mark.parametrize(("selector", "count"), list(zip(ROWS, [3, 2, 3], strict=True)))
def test_the_selectors_of_rows_select_rows(tmp_path: Path, selector: str, count: int) -> None:
    found = items_of(tmp_path, schedule(yaml.safe_load(selector), {"name": "row", "xpath": "string(.)"}), SPANNED)
    assert len(found) == count


@pytest.mark.parametrize(
    ("selector", "first"),
    list(zip(CELLS, ["1", "A", "/a", "1"], strict=True)),
    ids=["place", "text", "link", "heading"],
)
def test_the_selectors_of_cells_select_values(tmp_path: Path, selector: str, first: str) -> None:
    rows = {"xpath": "//table[@id='prices']//tr[td]"}
    found = items_of(tmp_path, schedule(rows, {"name": "cell", **yaml.safe_load(selector)}), SPANNED)
    assert found[0]["cell"] == first


def test_a_cell_over_several_rows_is_found_for_each_of_them(tmp_path: Path) -> None:
    rows = {"xpath": "//table[@id='prices']//tr[td]"}
    fields = ({"name": "group", **yaml.safe_load(SPANNING)}, {"name": "price", "css": "td:last-child::text"})
    found = items_of(tmp_path, schedule(rows, *fields), SPANNED)
    assert [(item["group"], item["price"]) for item in found] == [("Lamps", "1"), ("Lamps", "2"), ("Kites", "3")]

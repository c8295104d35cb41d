"""How commands on this machine say which line allows an address outside the public internet."""

import io
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from scrape_operator.cli import main
from scrape_operator.cli.local import Screen
from scrape_operator.cli.networks import network_remedy
from scrape_operator.core.net.addresses import BlockedAddress, check_address
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult
from tests.api.building import changed
from tests.support.builders import plan, result

LINE = "export SCRAPE_OPERATOR_ALLOW_CIDRS=127.0.0.0/8"


def refusal(address: str) -> str:
    with pytest.raises(BlockedAddress) as raised:
        check_address(address, ())
    return f"{address} is refused: {raised.value}"


@pytest.mark.parametrize(
    ("addresses", "allowed", "networks"),
    [
        (["127.0.0.1"], "", "127.0.0.0/8"),
        (["127.0.0.1", "127.0.0.9"], "", "127.0.0.0/8"),
        (["::1"], "", "::1/128"),
        (["10.1.2.3"], "", "10.1.2.3/32"),
        (["fd00::1"], "10.0.0.0/8", "10.0.0.0/8,fd00::1/128"),
        (["127.0.0.1"], "127.0.0.0/8", ""),
        (["169.254.169.254"], "", ""),
        ([], "", ""),
    ],
)
def test_the_line_allows_what_was_refused(
    addresses: list[str], allowed: str, networks: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", allowed)
    line = network_remedy(map(refusal, addresses))
    assert line == (f"export SCRAPE_OPERATOR_ALLOW_CIDRS={networks}" if networks else "")


@pytest.mark.parametrize("verb", ["init", "test"])
def test_a_command_gives_the_line(tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump(changed({"targets.0.http.url": "http://127.0.0.1:9/"})))
    with pytest.raises(SystemExit) as ended:
        main([verb, "http://127.0.0.1:9/" if verb == "init" else str(file)])
    assert ended.value.code
    assert capsys.readouterr().err.endswith(f"on this machine: {LINE}\n")


def test_local_gives_the_line_once():
    output = io.StringIO()
    screen = Screen(Console(file=output), shown=0)
    target = TargetResult("a", RunStatus.FAILED, Reason.BLOCKED_ADDRESS, refusal("127.0.0.1"))
    for _ in range(2):
        screen.finished(plan(), result(RunStatus.FAILED, targets=[target]), ItemCounts(), 1.0)
    assert output.getvalue().count(LINE) == 1

"""What lint warns of: files show that runs would refuse it, but the cluster may have more than the files."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from scrape_operator.cli import main
from scrape_operator.cli.lint import lint_files
from tests.api.building import changed

URL, HTTP, NOTIFY = "targets.0.http.url", "targets.0.http", "spec.notify[0]"
AT_HTTP = "spec.targets[0].http"
HOOK = {
    "name": "ops",
    "events": ["RunFailed"],
    "urlSecretRef": {"name": "s", "key": "hook"},
    "signingSecretRef": {"name": "s", "key": "signing"},
}
GOOD_HOOK = {"hook": "https://hooks.example/a", "signing": "some key"}


def policy(name: str = "shop", kind: str = "ScrapePolicy", **network: Any) -> dict[str, Any]:
    spec = {"network": network}
    return {"apiVersion": "scrape-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def secret(namespace: str = "default", **values: Any) -> dict[str, Any]:
    metadata = {"name": "s", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


def refers(**http: Any) -> dict[str, Any]:
    return changed({f"{HTTP}.{name}": value for name, value in http.items()})


def bearer(key: str = "token") -> dict[str, Any]:
    return refers(auth={"bearer": {"secretKeyRef": {"name": "s", "key": key}}})


def cluster(**network: Any) -> dict[str, Any]:
    return policy("default", "ClusterScrapePolicy", **network)


REFERRING = changed({"policyRef": {"name": "shop"}})
BROKEN = {**policy(), "spec": {"robots": "Never"}}
PROXIED = refers(proxySecretRef={"name": "s"})
NOTIFIED = changed({"notify": [HOOK]})


def warnings(folder: Path, *documents: dict[str, Any]) -> list[str]:
    file = folder / "a.yaml"
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return lint_files([file]).warnings


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param([REFERRING, policy("other")], ["spec.policyRef.name: ScrapePolicy default/shop"], id="no policy"),
        pytest.param([REFERRING, policy()], [], id="policy"),
        pytest.param([REFERRING, BROKEN], [], id="wrong policy"),
        pytest.param([REFERRING], [], id="policies of the cluster"),
        pytest.param([REFERRING, cluster()], [], id="a cluster's policy has no namespace"),
        pytest.param([changed({}), policy("other")], [], id="no reference"),
        pytest.param([changed({URL: "http://10.1.2.3:81/"})], [f"{AT_HTTP}.url: address 10.1.2.3 is"], id="private"),
        pytest.param([changed({URL: "http://[fd00::1]/"})], [f"{AT_HTTP}.url: address fd00::1"], id="private IPv6"),
        pytest.param([changed({URL: "http://10.1.2.3/"}), cluster(allowCIDRs=["10.0.0.0/8"])], [], id="allowed"),
        pytest.param(
            [changed({URL: "http://169.254.169.254/"}), cluster(allowCIDRs=["0.0.0.0/0"])],
            [f"{AT_HTTP}.url: address 169.254.169.254 serves a cloud's metadata"],
            id="metadata",
        ),
        pytest.param([changed({URL: "https://192.0.32.8/"})], [], id="public"),
        pytest.param([bearer()], [], id="no Secret among the files"),
        pytest.param([bearer(), secret("elsewhere")], [], id="Secret of another namespace"),
        pytest.param([bearer(), secret(token="t")], [], id="key"),
        pytest.param([bearer("tokn"), secret(token="t")], [f"{AT_HTTP}: key tokn of Secret default/s"], id="no key"),
        pytest.param(
            [bearer(), secret(token=1234567)], [f"{AT_HTTP}: Secret default/s: stringData.token"], id="number"
        ),
        pytest.param([PROXIED, secret(url="http://u:hunter2@proxy.example:3128")], [], id="proxy"),
        pytest.param(
            [PROXIED, secret(url="socks5://u:hunter2@x")],
            [f"{AT_HTTP}.proxySecretRef: key url of Secret default/s: the URL does not begin with"],
            id="no proxy",
        ),
        pytest.param(
            [PROXIED, secret(url="http://u:hunter2@10.9.8.7:3128")],
            [f"{AT_HTTP}.proxySecretRef: the address in key url of Secret s is outside"],
            id="private proxy",
        ),
        pytest.param([NOTIFIED, secret(**GOOD_HOOK)], [], id="webhook"),
        pytest.param(
            [NOTIFIED, secret(**GOOD_HOOK), cluster(allowHosts=["quotes.example"])],
            [f"{NOTIFY}.urlSecretRef: key hook of Secret default/s: its host is not allowed by network.allowHosts"],
            id="denied webhook",
        ),
        pytest.param(
            [NOTIFIED, secret(**GOOD_HOOK | {"hook": "hooks.example/hunter2"})],
            [f"{NOTIFY}.urlSecretRef: key hook of Secret default/s: the URL does not begin with"],
            id="no webhook",
        ),
        pytest.param(
            [NOTIFIED, secret(**GOOD_HOOK | {"hook": "http://10.9.8.7/hunter2"})],
            [f"{NOTIFY}.urlSecretRef: the address in key hook of Secret s is outside"],
            id="private webhook",
        ),
        pytest.param(
            [NOTIFIED, secret(**GOOD_HOOK | {"signing": "whsec_hunter2"})],
            [f"{NOTIFY}.signingSecretRef: key signing of Secret default/s: is not base64"],
            id="no signing key",
        ),
    ],
)
def test_what_runs_would_refuse_is_a_warning_that_repeats_no_value(
    tmp_path: Path, documents: list[dict[str, Any]], expected: list[str]
):
    found = warnings(tmp_path, *documents)
    assert len(found) == len(expected)
    assert all(f": warning: {text}" in line for text, line in zip(expected, found, strict=True))
    assert not any("hunter2" in line or "10.9.8.7" in line for line in found)


def test_warnings_are_no_findings_and_change_no_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump_all([REFERRING, policy("other")]))
    with pytest.raises(SystemExit) as ended:
        main(["lint", str(file)])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (0, "")
    assert said.err.endswith("2 objects checked, 0 findings, 1 warning\n")


@pytest.mark.parametrize(
    ("documents", "names"),
    [
        ([bearer()], ["default/s"]),
        ([bearer(), secret("elsewhere", token="t")], ["default/s"]),
        ([bearer(), secret(token="t")], []),
        ([changed({"notify": [HOOK], f"{HTTP}.proxySecretRef": {"name": "p"}})], ["default/p", "default/s"]),
        ([changed({}), policy()], []),
        ([bearer() | {"spec": {"interval": "1d"}}], []),
    ],
)
def test_secrets_that_no_file_has_are_named_and_change_nothing(
    tmp_path: Path, documents: list[dict[str, Any]], names: list[str]
):
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    report = lint_files([file])
    assert [line.partition(": Secret ")[2].partition(" is in none")[0] for line in report.notes] == names
    assert report.warnings == []


def test_an_object_with_findings_has_no_warnings(tmp_path: Path):
    assert warnings(tmp_path, changed({"interval": "1d", URL: "http://10.1.2.3/"})) == []


@pytest.mark.parametrize("others", [[], [cluster(allowCIDRs=["172.16.0.0/12"])]])
def test_networks_that_the_environment_allows_are_no_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], others: list[dict[str, Any]]
):
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "10.0.0.0/8")
    hosts = ("10.1.2.3", "192.168.1.2")
    private = [changed({URL: f"http://{host}/"}) | {"metadata": {"name": host}} for host in hosts]
    hook = {"hook": "http://10.9.8.7/", "signing": "some key"}
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump_all([*private, NOTIFIED, secret(**hook), *others]))
    with pytest.raises(SystemExit):
        main(["lint", str(file)])
    [line, _summary] = capsys.readouterr().err.splitlines()
    assert "address 192.168.1.2 is outside" in line

import json
import sys
import types
from importlib.metadata import EntryPoint

import pytest

from scrape_operator.platforms.bet9ja.adapter import Bet9ja
from scrape_operator.platforms.registry import GROUP, PlatformConflict, load_platforms

ROOT = "scrape_operator.platforms"
OURS = [
    EntryPoint("SportyBet", f"{ROOT}.sportybet.adapter:SportyBet", GROUP),
    EntryPoint("BetPawa", f"{ROOT}.betpawa.adapter:BetPawa", GROUP),
    EntryPoint("Bet9ja", f"{ROOT}.bet9ja.adapter:Bet9ja", GROUP),
]
PATH = "spec.targets[0].platform"


@pytest.fixture
def registry():
    return load_platforms(OURS)


@pytest.fixture
def plugin(monkeypatch):
    """Make a module of a plug-in that defines what is given."""

    def make(**members):
        module = types.ModuleType("a_plugin")
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, "a_plugin", module)
        return EntryPoint("Shop", "a_plugin:Shop", GROUP)

    return make


def test_our_three_are_found_by_their_entry_points(registry) -> None:
    assert registry.names == ["Bet9ja", "BetPawa", "SportyBet"]
    assert registry.broken == ()
    assert isinstance(registry.get("Bet9ja"), Bet9ja)


def test_a_plugin_that_can_not_be_imported_is_reported_and_harms_nobody() -> None:
    registry = load_platforms([*OURS, EntryPoint("Shop", "no_such_module:Shop", GROUP)])
    assert registry.names == ["Bet9ja", "BetPawa", "SportyBet"]
    (broken,) = registry.broken
    assert (broken.name, broken.source) == ("Shop", "no_such_module:Shop")
    assert "no_such_module" in broken.problem
    _config, (finding,) = registry.validate("Shop", {}, PATH)
    assert "broken" in finding.message


@pytest.mark.parametrize(
    ("member", "said"),
    [
        pytest.param(object(), "it has no name, config_model", id="an object without anything"),
        pytest.param(Bet9ja, "it calls itself 'Bet9ja'", id="another name than its entry point's"),
        pytest.param(lambda: 1 / 0, "it has no name", id="a function"),
    ],
)
def test_a_plugin_that_is_no_platform_is_reported(plugin, member, said) -> None:
    (broken,) = load_platforms([plugin(Shop=member)]).broken
    assert said in broken.problem


def test_a_plugin_whose_construction_fails_is_reported(plugin) -> None:
    class Failing:
        def __init__(self):
            raise RuntimeError("no licence")

    (broken,) = load_platforms([plugin(Shop=Failing)]).broken
    assert broken.problem == "RuntimeError: no licence"


def test_a_second_registration_of_a_name_is_an_error() -> None:
    with pytest.raises(PlatformConflict, match="registered twice"):
        load_platforms([*OURS, EntryPoint("Bet9ja", "other_package:Bet9ja", GROUP)])


def test_the_same_registration_seen_twice_is_one() -> None:
    assert load_platforms([*OURS, *OURS]).names == ["Bet9ja", "BetPawa", "SportyBet"]


def test_an_unknown_platform_is_a_finding_that_lists_the_known(registry) -> None:
    config, (finding,) = registry.validate("Sportybet", {}, PATH)
    assert config is None
    assert str(finding) == f"{PATH}.name: is no platform that is installed: known are Bet9ja, BetPawa, SportyBet"


@pytest.mark.parametrize("name", ["Bet9ja", "BetPawa", "SportyBet"])
def test_a_config_may_be_absent(registry, name) -> None:
    config, findings = registry.validate(name, None, PATH)
    assert findings == ()
    assert config.horizon is None
    assert "over_under" in config.markets


def test_the_config_of_the_manual_is_accepted(registry) -> None:
    given = {"country": "ng", "sport": "football", "markets": ["1x2", "over_under"], "horizon": "24h"}
    config, findings = registry.validate("SportyBet", given, PATH)
    assert findings == ()
    assert (config.markets, config.horizon.total_seconds()) == (("1x2", "over_under"), 86_400)


@pytest.mark.parametrize(
    ("name", "config", "path", "said"),
    [
        pytest.param("SportyBet", {"land": "ng"}, "land", "known are sport, markets", id="an unknown field"),
        pytest.param("SportyBet", {"country": "de"}, "country", "ng", id="an unknown country"),
        pytest.param("BetPawa", {"markets": ["1x2", "1x3"]}, "markets[1]", "known are 1x2", id="an unknown market"),
        pytest.param("BetPawa", {"markets": []}, "markets", "must have at least 1 entry", id="no market"),
        pytest.param("Bet9ja", {"horizon": "soon"}, "horizon", "must be a duration", id="a horizon that is none"),
        pytest.param("Bet9ja", {"horizon": "1s"}, "horizon", "from 1m", id="a horizon too near"),
        pytest.param("Bet9ja", {"baseURL": "sports.bet9ja.com"}, "baseURL", "https://", id="an address without scheme"),
        pytest.param("Bet9ja", {"baseURL": "https://a.example/?x"}, "baseURL", "no query", id="a query"),
        pytest.param(
            "Bet9ja", {"leagues": [170880]}, "leagues[0]", "must be text: put it in quotes", id="a number for an id"
        ),
        pytest.param("BetPawa", {"apiVersion": "4"}, "apiVersion", "v", id="a version without v"),
        pytest.param(
            "SportyBet", {"tournaments": ["x"]}, "tournaments[0]", "must match", id="a tournament that is none"
        ),
        pytest.param("BetPawa", {"headers": {"Host": "a"}}, "headers", "Host must not be set", id="the header Host"),
        pytest.param("BetPawa", {"headers": {"TE": "a"}}, "headers", "TE must not be set", id="a connection header"),
        pytest.param("SportyBet", {"sport": "chess"}, "sport", "must be football", id="another sport"),
    ],
)
def test_a_wrong_config_is_a_finding_with_the_path_of_its_field(registry, name, config, path, said) -> None:
    read, findings = registry.validate(name, config, PATH)
    assert read is None
    assert findings[0].path == f"{PATH}.config.{path}"
    assert said in findings[0].message
    assert "should" not in findings[0].message, "pydantic's own words name no remedy"


def test_schemas_are_json_and_describe_every_field(registry) -> None:
    schemas = json.loads(json.dumps(registry.schemas()))
    assert {name: sorted(schema["properties"]) for name, schema in schemas.items()} == {
        "SportyBet": ["baseURL", "country", "headers", "horizon", "markets", "operid", "sport", "tournaments"],
        "BetPawa": ["apiVersion", "baseURL", "competitions", "country", "headers", "horizon", "markets", "sport"],
        "Bet9ja": ["baseURL", "cacheVersion", "headers", "horizon", "leagues", "markets", "sport"],
    }
    for schema in schemas.values():
        assert all(field.get("description") for field in schema["properties"].values())
        assert schema["additionalProperties"] is False

"""Wrong in how items are read and judged: extract, follow, expect."""

from tests.api.building import ABSENT, FIELD, FOLLOW, Wrong, fields

WRONG_EXTRACT = (
    Wrong("format unknown", {"targets.0.extract.format": "YAML"}, "spec.targets[0].extract.format"),
    Wrong("mode unknown", {"targets.0.extract.mode": "Replace"}, "spec.targets[0].extract.mode"),
    Wrong("no fields", {"targets.0.extract.fields": []}, "spec.targets[0].extract.fields"),
    Wrong("fields missing", {"targets.0.extract": {}}, "spec.targets[0].extract.fields"),
    Wrong("129 fields", {"targets.0.extract.fields": fields(129)}, "spec.targets[0].extract.fields"),
    Wrong(
        "a field twice",
        {"targets.0.extract.fields": fields(1) * 2},
        "spec.targets[0].extract.fields[1].name",
        named="spec.targets[0].extract.fields[1]",
    ),
    Wrong("a field with a hyphen", {f"{FIELD}.name": "a-b"}, "spec.targets[0].extract.fields[0].name"),
    Wrong("a field that begins with a digit", {f"{FIELD}.name": "1a"}, "spec.targets[0].extract.fields[0].name"),
    Wrong("a field of 64 characters", {f"{FIELD}.name": "a" * 64}, "spec.targets[0].extract.fields[0].name"),
    Wrong("a field without selector", {f"{FIELD}.css": ABSENT}, "spec.targets[0].extract.fields[0]"),
    Wrong("a field with two selectors", {f"{FIELD}.xpath": "a"}, "spec.targets[0].extract.fields[0]"),
    Wrong("a field with selector and value", {f"{FIELD}.value": "PageURL"}, "spec.targets[0].extract.fields[0]"),
    Wrong("a field with selector and const", {f"{FIELD}.const": 1}, "spec.targets[0].extract.fields[0]"),
    Wrong(
        "a field with const null", {f"{FIELD}.css": ABSENT, f"{FIELD}.const": None}, "spec.targets[0].extract.fields[0]"
    ),
    Wrong(
        "a regex beside const",
        {f"{FIELD}.css": ABSENT, f"{FIELD}.const": "a", f"{FIELD}.regex": "a"},
        "spec.targets[0].extract.fields[0].regex",
    ),
    Wrong("a selector of 1025 characters", {f"{FIELD}.css": "a" * 1025}, "spec.targets[0].extract.fields[0].css"),
    Wrong("an empty selector", {f"{FIELD}.css": ""}, "spec.targets[0].extract.fields[0].css"),
    Wrong("an empty regex", {f"{FIELD}.regex": ""}, "spec.targets[0].extract.fields[0].regex"),
    Wrong("a regex of 1025 characters", {f"{FIELD}.regex": "a" * 1025}, "spec.targets[0].extract.fields[0].regex"),
    Wrong(
        "a value unknown", {f"{FIELD}.css": ABSENT, f"{FIELD}.value": "Now"}, "spec.targets[0].extract.fields[0].value"
    ),
    Wrong("a type unknown", {f"{FIELD}.type": "Float"}, "spec.targets[0].extract.fields[0].type"),
    Wrong(
        "const of 4097 bytes",
        {f"{FIELD}.css": ABSENT, f"{FIELD}.const": "a" * 4095},
        "spec.targets[0].extract.fields[0].const",
        controller_only=True,
    ),
    Wrong(
        "default of 4098 bytes",
        {f"{FIELD}.default": ["ä" * 2047]},
        "spec.targets[0].extract.fields[0].default",
        controller_only=True,
    ),
    Wrong("a decimal mark unknown", {f"{FIELD}.decimalMark": ","}, "spec.targets[0].extract.fields[0].decimalMark"),
    Wrong("a date order unknown", {f"{FIELD}.dateOrder": "YDM"}, "spec.targets[0].extract.fields[0].dateOrder"),
    Wrong(
        "embedded without selector", {"targets.0.extract.embedded": {"regex": "a"}}, "spec.targets[0].extract.embedded"
    ),
    Wrong(
        "embedded by jmespath",
        {"targets.0.extract.embedded": {"css": "a", "jmespath": "a"}},
        "spec.targets[0].extract.embedded.jmespath",
    ),
    Wrong("many as text", {f"{FIELD}.many": "true"}, "spec.targets[0].extract.fields[0].many"),
    Wrong("column 0", {f"{FIELD}.css": ABSENT, f"{FIELD}.column": 0}, "spec.targets[0].extract.fields[0].column"),
    Wrong(
        "default and required",
        {f"{FIELD}.default": "a", f"{FIELD}.required": True},
        "spec.targets[0].extract.fields[0].default",
    ),
    Wrong("items of no language", {"targets.0.extract.items": {}}, "spec.targets[0].extract.items"),
    Wrong(
        "items of two languages",
        {"targets.0.extract.items": {"css": "a", "xpath": "a"}},
        "spec.targets[0].extract.items",
    ),
    Wrong("items by column", {"targets.0.extract.items": {"column": "a"}}, "spec.targets[0].extract.items.column"),
    Wrong("key empty", {"targets.0.extract.key": []}, "spec.targets[0].extract.key"),
    Wrong("a key that is no field", {"targets.0.extract.key": ["nothing"]}, "spec.targets[0].extract.key"),
    Wrong(
        "17 keys",
        {"targets.0.extract.fields": fields(17), "targets.0.extract.key": [f"f{n}" for n in range(17)]},
        "spec.targets[0].extract.key",
    ),
    Wrong(
        "a delimiter of two characters",
        {"targets.0.extract.csv": {"delimiter": "||"}},
        "spec.targets[0].extract.csv.delimiter",
    ),
    Wrong(
        "a namespace prefix twice",
        {"targets.0.extract.namespaces": [{"prefix": "a", "uri": "b"}, {"prefix": "a", "uri": "c"}]},
        "spec.targets[0].extract.namespaces[1].prefix",
        named="spec.targets[0].extract.namespaces[1]",
    ),
    Wrong("follow without link", {"targets.0.follow": {"fields": fields(1)}}, "spec.targets[0].follow.link"),
    Wrong(
        "129 follow fields", {"targets.0.follow": {**FOLLOW, "fields": fields(129)}}, "spec.targets[0].follow.fields"
    ),
    Wrong(
        "one name in extract and follow",
        {"targets.0.follow": {**FOLLOW, "fields": [{"name": "text", "css": "b"}]}},
        "spec.targets[0].follow.fields",
    ),
    Wrong("follow.maxItems 0", {"targets.0.follow": {**FOLLOW, "maxItems": 0}}, "spec.targets[0].follow.maxItems"),
    Wrong(
        "follow.maxItems 10001",
        {"targets.0.follow": {**FOLLOW, "maxItems": 10_001}},
        "spec.targets[0].follow.maxItems",
    ),
    Wrong("minItems -1", {"targets.0.expect": {"minItems": -1}}, "spec.targets[0].expect.minItems"),
    Wrong("minItems 10000001", {"targets.0.expect": {"minItems": 10_000_001}}, "spec.targets[0].expect.minItems"),
    Wrong("maxDropPercent 0", {"targets.0.expect": {"maxDropPercent": 0}}, "spec.targets[0].expect.maxDropPercent"),
    Wrong("maxDropPercent 101", {"targets.0.expect": {"maxDropPercent": 101}}, "spec.targets[0].expect.maxDropPercent"),
    Wrong("onBreach unknown", {"targets.0.expect": {"onBreach": "Ignore"}}, "spec.targets[0].expect.onBreach"),
    Wrong(
        "coverage of no field",
        {"targets.0.expect": {"coverage": [{"field": "price", "minPercent": 95}]}},
        "spec.targets[0].expect.coverage",
    ),
    Wrong(
        "coverage 0",
        {"targets.0.expect": {"coverage": [{"field": "text", "minPercent": 0}]}},
        "spec.targets[0].expect.coverage[0].minPercent",
    ),
    Wrong(
        "65 coverages",
        {"targets.0.expect": {"coverage": [{"field": "text", "minPercent": 1}] * 65}},
        "spec.targets[0].expect.coverage",
    ),
)

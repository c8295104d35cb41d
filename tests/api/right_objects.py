"""Right, from the smallest to the largest, and at every bound."""

from tests.api.building import HOOK, HTTP, PLATFORM, SECRET_KEY, Right, fields, targets

_WHOLE_FOLLOW = {
    "link": {"xpath": "@href"},
    "fields": [{"name": f"g{n}", "xpath": "a"} for n in range(128)],
    "maxItems": 10_000,
}

RIGHT = (
    Right("the smallest"),
    Right("the smallest interval", {"interval": "1s", "timeout": "1s"}),
    Right("the largest interval", {"interval": "720h", "timeout": "24h"}),
    Right("an interval in parts", {"interval": "1h0.5m250ms", "timeout": "1h30.250s"}),
    Right("a timeout without interval", {"timeout": "24h"}),
    Right(
        "a null is absent", {"interval": None, "suspend": None, "targets.0.retry": None, f"{HTTP}.maxBodyBytes": None}
    ),
    Right("whole numbers with a fraction of 0", {"startingDeadlineSeconds": 60.0, f"{HTTP}.maxRedirects": 5.0}),
    Right("16 schedules", {"schedules": ["H/15 8-18 * * 1-5"] * 16}),
    Right("macros and names", {"schedules": ["@hourly", "0 9 ? JAN-mar sun", "H(0-29) H 1,15 * *"]}),
    Right("a time zone", {"timeZone": "America/Argentina/ComodRivadavia"}),
    Right("a time zone with a sign", {"timeZone": "Etc/GMT+5"}),
    Right("no spread", {"spread": "None"}),
    Right("suspended", {"suspend": True}),
    Right(
        "a season",
        {"startTime": "2026-12-01T00:00:00Z", "endTime": "2026-12-01T01:00:00.000001+01:00"},
    ),
    Right(
        "windows",
        {
            "windows": [
                {"mode": "Allow", "days": ["Mon", "Sun"], "from": "22:00", "to": "06:00"},
                {"mode": "Deny", "from": "00:00", "to": "24:00"},
            ]
        },
    ),
    Right("the shortest deadline", {"startingDeadlineSeconds": 1}),
    Right("the longest deadline", {"startingDeadlineSeconds": 604_800}),
    Right(
        "the other policies",
        {"missedRunPolicy": "Skip", "concurrencyPolicy": "Queue"},
    ),
    Right("suspends after 1000", {"suspendAfterFailures": 1000}),
    Right("a policy", {"policyRef": {"name": "shop.v1"}}),
    Right("64 targets that must all succeed", {"targets": targets(64), "failurePolicy": {"minSucceededTargets": 64}}),
    Right("an empty failure policy", {"failurePolicy": {}}),
    Right(
        "history at its least", {"successfulRunsHistoryLimit": 0, "failedRunsHistoryLimit": 0, "historyMaxAge": "1h"}
    ),
    Right(
        "history at its most",
        {"successfulRunsHistoryLimit": 100_000, "failedRunsHistoryLimit": 100_000, "historyMaxAge": "87600h"},
    ),
    Right("bodies and rows", {"keepBodies": "OnFailure", "dataPolicy": "Delete"}),
    Right("8 webhooks", {"notify": [{**HOOK, "name": f"n{n}"} for n in range(8)]}),
    Right(
        "a platform",
        {**PLATFORM, "targets.0.expect": {"minItems": 0}, "targets.0.retry": {"attempts": 1}},
    ),
    Right("the longest url", {f"{HTTP}.url": f"HTTPS://a.example:8443/{'a' * 2024}"}),
    Right("a url with a fragment", {f"{HTTP}.url": "http://[2001:db8::1]/?q=a@b#top"}),
    Right("placeholders", {f"{HTTP}.url": "https://a.example/{scheduledFor:%Y-%m-%d}/{{x}}?at={scheduledFor}"}),
    Right(
        "64 params and headers",
        {
            f"{HTTP}.params": [{"name": "q", "value": ""}] * 64,
            f"{HTTP}.headers": [{"name": "A" * 256, "value": "a" * 64}] * 64,
        },
    ),
    Right("the longest header", {f"{HTTP}.headers": [{"name": "X-Long", "value": "ä" * 8192}]}),
    Right("a header from a Secret", {f"{HTTP}.headers": [{"name": "A", "valueFrom": {"secretKeyRef": SECRET_KEY}}]}),
    Right(
        "a JSON body",
        {f"{HTTP}.method": "POST", f"{HTTP}.body": {"json": [{"a": None}]}},
    ),
    Right(
        "a form body",
        {f"{HTTP}.method": "PATCH", f"{HTTP}.body": {"form": [{"name": "a", "value": ""}]}},
    ),
    Right("bearer", {f"{HTTP}.auth": {"bearer": {"secretKeyRef": SECRET_KEY}}}),
    Right("basic", {f"{HTTP}.auth": {"basic": {"secretRef": {"name": "a"}}}}),
    Right("an API key", {f"{HTTP}.auth": {"apiKey": {"in": "Query", "name": "k", "secretKeyRef": SECRET_KEY}}}),
    Right(
        "OAuth 2",
        {
            f"{HTTP}.auth": {
                "oauth2": {"tokenURL": "https://a.example/token", "secretRef": {"name": "a"}, "scopes": ["read"]}
            }
        },
    ),
    Right(
        "TLS and a proxy",
        {
            f"{HTTP}.tls": {"caSecretRef": {"name": "ca"}, "certSecretRef": {"name": "c"}, "serverName": "a.example"},
            f"{HTTP}.proxySecretRef": {"name": "p"},
        },
    ),
    Right(
        "http at its least",
        {
            f"{HTTP}.timeout": "100ms",
            f"{HTTP}.maxRedirects": 0,
            f"{HTTP}.maxBodyBytes": "1Ki",
            f"{HTTP}.successStatus": [100],
        },
    ),
    Right(
        "http at its most",
        {
            f"{HTTP}.timeout": "10m",
            f"{HTTP}.maxRedirects": 20,
            f"{HTTP}.maxBodyBytes": "1Gi",
            f"{HTTP}.successStatus": [599, "1xx", "5xx"],
        },
    ),
    Right("bytes as an integer", {f"{HTTP}.maxBodyBytes": 1024}),
    Right("unconditional", {f"{HTTP}.conditional": False}),
    Right("conditional", {f"{HTTP}.conditional": True}),
    Right(
        "retry at its least",
        {"targets.0.retry": {"attempts": 1, "initialDelay": "10ms", "maxDelay": "10ms", "methods": []}},
    ),
    Right(
        "retry at its most",
        {
            "targets.0.retry": {
                "attempts": 10,
                "initialDelay": "1m",
                "maxDelay": "10m",
                "methods": ["GET", "HEAD", "POST", "PUT", "PATCH"],
            }
        },
    ),
    Right(
        "next link",
        {"targets.0.paginate": {"nextLink": {"css": "li.next > a::attr(href)"}, "maxPages": 10_000}},
    ),
    Right("pages by header", {"targets.0.paginate": {"nextLink": {"linkHeader": "next"}}}),
    Right(
        "offsets",
        {"targets.0.paginate": {"offsetParam": {"name": "skip", "limitName": "take", "limit": 100}}},
    ),
    Right(
        "a cursor",
        {"targets.0.paginate": {"cursor": {"param": "c", "from": {"jmespath": "meta.next"}}}},
    ),
    Right(
        "128 fields, 16 keys, 128 more to follow, 64 coverages",
        {
            "targets.0.extract.fields": fields(128),
            "targets.0.extract.key": [*(f"f{n}" for n in range(15)), "g0"],
            "targets.0.follow": _WHOLE_FOLLOW,
            "targets.0.expect": {
                "minItems": 10_000_000,
                "coverage": [{"field": f"g{n}", "minPercent": 100} for n in range(64)],
            },
        },
    ),
    Right(
        "follow without fields",
        {"targets.0.follow": {"link": {"css": "a::attr(href)"}}, "targets.0.extract.key": ["text"]},
    ),
    Right(
        "every kind of field of HTML",
        {
            "targets.0.extract.fields": [
                {"name": "_a", "css": "a", "regex": "([0-9.,]+)", "type": "Decimal", "default": "2.50"},
                {"name": "b", "xpath": "count(a)", "type": "Integer", "default": 0},
                {"name": "c", "css": "a", "many": True, "default": []},
                {"name": "d", "css": "a", "regex": "a" * 1024, "type": "DateTime", "default": "2026-12-01T00:00:00Z"},
                {"name": "e", "value": "ScheduledFor"},
                {"name": "f", "const": {"any": ["thing"]}, "type": "JSON"},
                {"name": "g", "const": False, "type": "Boolean"},
                {"name": "h" * 63, "css": "a", "required": True, "description": "the longest name"},
                {"name": "i", "css": "a", "default": None, "required": True},
            ],
            "targets.0.extract.items": {"css": "div"},
        },
    ),
    Right(
        "fields of JSON",
        {
            "targets.0.extract": {
                "format": "JSON",
                "items": {"jmespath": "a[*]"},
                "fields": [
                    {"name": "a", "jmespath": "a" * 1024},
                    {"name": "b", "jmespath": "b[*]", "many": True, "default": []},
                ],
            }
        },
    ),
    Right(
        "CSV and groups",
        {
            "targets.0.extract": {
                "format": "CSV",
                "csv": {"header": False, "delimiter": "|", "encoding": "latin1"},
                "mode": "Append",
                "fields": [
                    {"name": "a", "column": 1},
                    {"name": "b", "column": "1", "regex": "a"},
                    {"name": "c", "group": 0},
                ],
            }
        },
    ),
    Right("namespaces", {"targets.0.extract.namespaces": [{"prefix": "a", "uri": "urn:a"}]}),
    Right("a document in a page", {"targets.0.extract.embedded": {"css": "script#data::text", "regex": "= (.*);"}}),
    Right(
        "conventions of numbers and dates",
        {
            "targets.0.extract.fields": [
                {"name": "a", "css": "a", "type": "Decimal", "decimalMark": "Comma"},
                {"name": "b", "css": "b", "type": "DateTime", "dateOrder": "DMY"},
            ],
            "targets.0.extract.key": ["a"],
        },
    ),
    Right(
        "const and default of 4096 bytes",
        {
            "targets.0.extract.fields": [
                {"name": "a", "const": "a" * 4094},
                {"name": "b", "css": "b", "default": "ä" * 2047},
            ]
        },
    ),
    Right("the whole calendar", {"startTime": "0001-01-01T00:00:00Z", "endTime": "9999-12-31T23:59:59.999Z"}),
    Right(
        "the calendar and beyond", {"startTime": "0001-01-01T00:00:00+23:59", "endTime": "9999-12-31T23:59:59-23:59"}
    ),
    Right("a leap day", {"startTime": "2024-02-29T00:00:00-00:00"}),
    Right("a start in small letters", {"startTime": "2026-12-01t00:00:00z"}),
    Right("empty may be normal", {"targets.0.expect": {"minItems": 0, "onBreach": "Fail"}}),
    Right("a drop", {"targets.0.expect": {"maxDropPercent": 100}}),
)

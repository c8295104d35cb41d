"""Wrong in what is asked for: http, retry, paginate."""

from tests.api.building import HTTP, SECRET_KEY, Wrong

WRONG_HTTP = (
    Wrong("url missing", {f"{HTTP}": {}}, "spec.targets[0].http.url"),
    Wrong("url ftp", {f"{HTTP}.url": "ftp://example.com/"}, "spec.targets[0].http.url"),
    Wrong("url relative", {f"{HTTP}.url": "/page"}, "spec.targets[0].http.url"),
    Wrong("url without host", {f"{HTTP}.url": "https:///page"}, "spec.targets[0].http.url"),
    Wrong("url with userinfo", {f"{HTTP}.url": "https://user:pw@example.com/"}, "spec.targets[0].http.url"),
    Wrong("url with a line break", {f"{HTTP}.url": "https://example.com/\n"}, "spec.targets[0].http.url"),
    Wrong(
        "url with a backslash host", {f"{HTTP}.url": "https://example.com\\.evil.example/"}, "spec.targets[0].http.url"
    ),
    Wrong("url of 2049 characters", {f"{HTTP}.url": f"https://a.example/{'a' * 2031}"}, "spec.targets[0].http.url"),
    Wrong("url empty", {f"{HTTP}.url": ""}, "spec.targets[0].http.url"),
    Wrong("url as a number", {f"{HTTP}.url": 5}, "spec.targets[0].http.url"),
    Wrong("url octal host", {f"{HTTP}.url": "http://0177.0.0.1/"}, "spec.targets[0].http.url", controller_only=True),
    Wrong("url decimal host", {f"{HTTP}.url": "http://2130706433/"}, "spec.targets[0].http.url", controller_only=True),
    Wrong("url port 0", {f"{HTTP}.url": "http://a.example:0/"}, "spec.targets[0].http.url", controller_only=True),
    Wrong(
        "placeholder unknown",
        {f"{HTTP}.url": "https://a.example/{now}"},
        "spec.targets[0].http.url",
        controller_only=True,
    ),
    Wrong(
        "placeholder directive unknown",
        {f"{HTTP}.url": "https://a.example/{scheduledFor:%A}"},
        "spec.targets[0].http.url",
        controller_only=True,
    ),
    Wrong("a single brace", {f"{HTTP}.url": "https://a.example/}"}, "spec.targets[0].http.url", controller_only=True),
    Wrong(
        "placeholder in params",
        {f"{HTTP}.params": [{"name": "q", "value": "{x}"}]},
        "spec.targets[0].http.params[0].value",
        controller_only=True,
    ),
    Wrong("method DELETE", {f"{HTTP}.method": "DELETE"}, "spec.targets[0].http.method"),
    Wrong("method in small letters", {f"{HTTP}.method": "get"}, "spec.targets[0].http.method"),
    Wrong("65 params", {f"{HTTP}.params": [{"name": "q", "value": ""}] * 65}, "spec.targets[0].http.params"),
    Wrong("params a map", {f"{HTTP}.params": {"q": "shoes"}}, "spec.targets[0].http.params"),
    Wrong("a param without value", {f"{HTTP}.params": [{"name": "q"}]}, "spec.targets[0].http.params[0].value"),
    Wrong(
        "a param as a number", {f"{HTTP}.params": [{"name": "q", "value": 1}]}, "spec.targets[0].http.params[0].value"
    ),
    *(
        Wrong(
            f"header {name}",
            {f"{HTTP}.headers": [{"name": name, "value": "1"}]},
            "spec.targets[0].http.headers[0].name",
        )
        for name in ("Content-Length", "transfer-encoding", "CONNECTION", "TE", "Upgrade", "Host", "host", "HOST")
    ),
    Wrong(
        "a JSON body of 65537 bytes",
        {f"{HTTP}.method": "POST", f"{HTTP}.body": {"json": "a" * 65535}},
        "spec.targets[0].http.body.json",
        controller_only=True,
    ),
    Wrong(
        "a token URL with userinfo",
        {
            f"{HTTP}.auth": {
                "oauth2": {"tokenURL": "https://u:hunter2@login.example/", "secretRef": {"name": "a"}},
            }
        },
        "spec.targets[0].http.auth.oauth2.tokenURL",
    ),
    Wrong("65 headers", {f"{HTTP}.headers": [{"name": "A", "value": ""}] * 65}, "spec.targets[0].http.headers"),
    Wrong(
        "a header with a space",
        {f"{HTTP}.headers": [{"name": "A B", "value": ""}]},
        "spec.targets[0].http.headers[0].name",
    ),
    Wrong(
        "a header of 257",
        {f"{HTTP}.headers": [{"name": "A" * 257, "value": ""}]},
        "spec.targets[0].http.headers[0].name",
    ),
    Wrong(
        "a header with CR LF",
        {f"{HTTP}.headers": [{"name": "A", "value": "1\r\nB: 2"}]},
        "spec.targets[0].http.headers[0].value",
    ),
    Wrong(
        "a header with NUL",
        {f"{HTTP}.headers": [{"name": "A", "value": "\0"}]},
        "spec.targets[0].http.headers[0].value",
    ),
    Wrong(
        "a header of 8193",
        {f"{HTTP}.headers": [{"name": "A", "value": "a" * 8193}]},
        "spec.targets[0].http.headers[0].value",
    ),
    Wrong("a header without value", {f"{HTTP}.headers": [{"name": "A"}]}, "spec.targets[0].http.headers[0]"),
    Wrong(
        "a header with two values",
        {f"{HTTP}.headers": [{"name": "A", "value": "", "valueFrom": {"secretKeyRef": SECRET_KEY}}]},
        "spec.targets[0].http.headers[0]",
    ),
    Wrong("a body with GET", {f"{HTTP}.body": {"text": "a"}}, "spec.targets[0].http.body"),
    Wrong(
        "a body of two kinds",
        {f"{HTTP}.method": "POST", f"{HTTP}.body": {"text": "a", "json": 0}},
        "spec.targets[0].http.body",
    ),
    Wrong("a body of no kind", {f"{HTTP}.method": "POST", f"{HTTP}.body": {}}, "spec.targets[0].http.body"),
    Wrong(
        "a form as a map",
        {f"{HTTP}.method": "POST", f"{HTTP}.body": {"form": {"a": "b"}}},
        "spec.targets[0].http.body.form",
    ),
    Wrong("auth of no kind", {f"{HTTP}.auth": {}}, "spec.targets[0].http.auth"),
    Wrong(
        "auth of two kinds",
        {f"{HTTP}.auth": {"basic": {"secretRef": {"name": "a"}}, "bearer": {"secretKeyRef": SECRET_KEY}}},
        "spec.targets[0].http.auth",
    ),
    Wrong(
        "an API key in a cookie",
        {f"{HTTP}.auth": {"apiKey": {"in": "Cookie", "name": "k", "secretKeyRef": SECRET_KEY}}},
        "spec.targets[0].http.auth.apiKey.in",
    ),
    Wrong(
        "a secret without key",
        {f"{HTTP}.auth": {"bearer": {"secretKeyRef": {"name": "a"}}}},
        "spec.targets[0].http.auth.bearer.secretKeyRef.key",
    ),
    Wrong(
        "TLS unchecked", {f"{HTTP}.tls": {"insecureSkipVerify": True}}, "spec.targets[0].http.tls.insecureSkipVerify"
    ),
    Wrong("http.timeout below 100ms", {f"{HTTP}.timeout": "99ms"}, "spec.targets[0].http.timeout"),
    Wrong("http.timeout above 10m", {f"{HTTP}.timeout": "10m1s"}, "spec.targets[0].http.timeout"),
    Wrong("maxRedirects -1", {f"{HTTP}.maxRedirects": -1}, "spec.targets[0].http.maxRedirects"),
    Wrong("maxRedirects 21", {f"{HTTP}.maxRedirects": 21}, "spec.targets[0].http.maxRedirects"),
    Wrong("maxRedirects as text", {f"{HTTP}.maxRedirects": "5"}, "spec.targets[0].http.maxRedirects"),
    Wrong("maxBodyBytes 1023", {f"{HTTP}.maxBodyBytes": 1023}, "spec.targets[0].http.maxBodyBytes"),
    Wrong("maxBodyBytes 1k", {f"{HTTP}.maxBodyBytes": "1k"}, "spec.targets[0].http.maxBodyBytes"),
    Wrong("maxBodyBytes above 1Gi", {f"{HTTP}.maxBodyBytes": 2**30 + 1}, "spec.targets[0].http.maxBodyBytes"),
    Wrong("maxBodyBytes 10MB", {f"{HTTP}.maxBodyBytes": "10MB"}, "spec.targets[0].http.maxBodyBytes"),
    Wrong("maxBodyBytes negative", {f"{HTTP}.maxBodyBytes": -1}, "spec.targets[0].http.maxBodyBytes"),
    Wrong("successStatus empty", {f"{HTTP}.successStatus": []}, "spec.targets[0].http.successStatus"),
    Wrong("successStatus 99", {f"{HTTP}.successStatus": [99]}, "spec.targets[0].http.successStatus[0]"),
    Wrong("successStatus 600", {f"{HTTP}.successStatus": [600]}, "spec.targets[0].http.successStatus[0]"),
    Wrong("successStatus code as text", {f"{HTTP}.successStatus": ["200"]}, "spec.targets[0].http.successStatus[0]"),
    Wrong("successStatus 6xx", {f"{HTTP}.successStatus": ["6xx"]}, "spec.targets[0].http.successStatus[0]"),
    Wrong("conditional as text", {f"{HTTP}.conditional": "yes"}, "spec.targets[0].http.conditional"),
    Wrong("attempts 0", {"targets.0.retry": {"attempts": 0}}, "spec.targets[0].retry.attempts"),
    Wrong("attempts 11", {"targets.0.retry": {"attempts": 11}}, "spec.targets[0].retry.attempts"),
    Wrong(
        "initialDelay below 10ms", {"targets.0.retry": {"initialDelay": "9ms"}}, "spec.targets[0].retry.initialDelay"
    ),
    Wrong(
        "initialDelay above 1m",
        {"targets.0.retry": {"initialDelay": "61s", "maxDelay": "2m"}},
        "spec.targets[0].retry.initialDelay",
    ),
    Wrong("maxDelay above 10m", {"targets.0.retry": {"maxDelay": "601s"}}, "spec.targets[0].retry.maxDelay"),
    Wrong(
        "maxDelay below the given initialDelay",
        {"targets.0.retry": {"initialDelay": "5s", "maxDelay": "4s"}},
        "spec.targets[0].retry.maxDelay",
    ),
    Wrong(
        "maxDelay below the default initialDelay",
        {"targets.0.retry": {"maxDelay": "999ms"}},
        "spec.targets[0].retry.maxDelay",
    ),
    Wrong(
        "default maxDelay below initialDelay",
        {"targets.0.retry": {"initialDelay": "31s"}},
        "spec.targets[0].retry.maxDelay",
    ),
    Wrong(
        "a retried method twice", {"targets.0.retry": {"methods": ["GET", "GET"]}}, "spec.targets[0].retry.methods[1]"
    ),
)

WRONG_PAGES = (
    Wrong("paginate of no kind", {"targets.0.paginate": {"maxPages": 2}}, "spec.targets[0].paginate"),
    Wrong(
        "paginate of two kinds",
        {"targets.0.paginate": {"nextLink": {"linkHeader": "next"}, "pageParam": {"name": "p"}}},
        "spec.targets[0].paginate",
    ),
    Wrong("nextLink of no kind", {"targets.0.paginate": {"nextLink": {}}}, "spec.targets[0].paginate.nextLink"),
    Wrong(
        "maxPages 0",
        {"targets.0.paginate": {"nextLink": {"css": "a"}, "maxPages": 0}},
        "spec.targets[0].paginate.maxPages",
    ),
    Wrong(
        "maxPages 10001",
        {"targets.0.paginate": {"nextLink": {"css": "a"}, "maxPages": 10_001}},
        "spec.targets[0].paginate.maxPages",
    ),
    Wrong(
        "pageParam step 0",
        {"targets.0.paginate": {"pageParam": {"name": "p", "step": 0}}},
        "spec.targets[0].paginate.pageParam.step",
    ),
    Wrong(
        "offsetParam without limit",
        {"targets.0.paginate": {"offsetParam": {"name": "p"}}},
        "spec.targets[0].paginate.offsetParam.limit",
    ),
    Wrong(
        "cursor of two languages",
        {"targets.0.paginate": {"cursor": {"param": "c", "from": {"css": "a", "regex": "a"}}}},
        "spec.targets[0].paginate.cursor.from",
    ),
)

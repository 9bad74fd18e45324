"""Records what the static schemes of httpx_auth, and sums of them, do to requests.

Prints a file of the format `httpx_auth_simple`, as conformance/README.md describes it. Nothing is sent: an httpx auth
changes a request object, and that is looked at before and after.
"""

import json
import platform
import sys

import httpx
import httpx_auth

ORIGIN = "https://recorded.example"


class Letter(httpx.Auth, httpx_auth.SupportMultiAuth):
    """A user's own scheme: appends its letter to the header `x-order`."""

    def __init__(self, letter):
        self.letter = letter

    def auth_flow(self, request):
        request.headers["x-order"] = request.headers.get("x-order", "") + self.letter
        yield request


def basic(username, password):
    recorded = {"scheme": "basic", "username": username, "password": password}
    return httpx_auth.Basic(username, password), [recorded]


def header(key, name=None):
    auth = httpx_auth.HeaderApiKey(key, name) if name is not None else httpx_auth.HeaderApiKey(key)
    # The empty name means the default to httpx_auth, and is no name to us.
    return auth, [{"scheme": "header", "key": key, "name": name or None}]


def query(key, name=None):
    auth = httpx_auth.QueryApiKey(key, name) if name is not None else httpx_auth.QueryApiKey(key)
    return auth, [{"scheme": "query", "key": key, "name": name or None}]


def letters(expression):
    """The sum that the expression says, by Python's own operators."""
    used = [c for c in expression if c.isalpha()]
    auth = eval(expression, {"__builtins__": {}}, {c: Letter(c) for c in used})
    return auth, [{"scheme": "letter", "letter": c} for c in used]


def plus(*terms):
    auth, inputs = terms[0]
    for other, more in terms[1:]:
        auth, inputs = auth + other, inputs + more
    return auth, inputs


def target(request):
    return request.url.raw_path.decode("ascii")


def headers(request):
    return {name: value for name, value in request.headers.items() if name != "host"}


def record(name, scheme, url=ORIGIN, headers_in=None):
    auth, inputs = scheme
    request = httpx.Request("GET", url, headers=headers_in or {})
    before = target(request)
    request = next(auth.auth_flow(request))
    return {
        "name": name,
        "inputs": inputs,
        "url_in": url,
        "headers_in": headers_in or {},
        "url_out": str(request.url),
        "target_before": before,
        "target_out": target(request),
        "headers_out": headers(request),
    }


def refused(name, build, key):
    try:
        build(key)
    except Exception as error:
        scheme = name.split("-")[1]
        inputs = [{"scheme": scheme, "key": key, "name": None}]
        return {"name": name, "inputs": inputs, "raises": f"{type(error).__name__}: {error}"}
    raise AssertionError(f"{name} was built")


BASIC = {
    "plain": ("grace", "hopper"),
    "empty-password": ("grace", ""),
    "empty-username": ("", "hopper"),
    "both-empty": ("", ""),
    "colon-in-password": ("grace", "ho:pp:er"),
    "colon-in-username": ("gra:ce", "hopper"),
    "blanks": (" grace ", " hop per "),
    "unicode": ("žofie", "heslo–ключ"),
    "emoji": ("🦀", "🔑🔑"),
    "combining": ("e\u0301", "\u00e9"),
    "long": ("u" * 300, "p" * 300),
    "newline": ("grace", "hopper\n"),
}

HEADER = {
    "default": ("k-1", None),
    "custom": ("k-2", "X-Grace"),
    "empty-name": ("k-3", ""),
    "authorization": ("Key k-4", "Authorization"),
    "blank-inside": ("k 5", None),
    "unicode": ("klíč", None),
    "punctuation": ("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", None),
    "blank-at-the-end": ("k-6 ", None),
    "newline": ("k-7\n", None),
}

KEYS = {
    "plain": "q-1",
    "blank": "q 2",
    "plus": "q+3",
    "percent": "q%204",
    "ampersand": "a=1&b=2",
    "unicode": "klíč 鍵",
    "punctuation": "!\"#$'()*,-./:;<>?@[\\]^_`{|}~",
    "newline": "q-5\n",
}

URLS = [
    "",
    "/",
    "/p/a/t/h",
    "?",
    "/?",
    "?x=1",
    "?x=1&y=2&x=3",
    "?x=1&y=2&x=3&y=4&z",
    "?flag",
    "?flag&x=",
    "?x=a%20b+c",
    "?x=%2f%3D%26",
    "?x=%zz",
    "?x=%",
    "?x=%ff%fe",
    "?x=ž",
    "/ž/%c5%be?x=1",
    "?x=1;y=2",
    "?=x",
    "?=",
    "?&",
    "?x=1&&y=2&",
    "?x=a=b=c",
    "?x[]=1&x[]=2",
    "?x={y}|z",
    "?x=!*'()~",
    '?x="<>"',
    "?x=1#part",
    "#part?x=1",
    "?api_key=old",
    "?api_key=old&x=1",
    "?x=1&api_key=old&y=2",
    "?x=1&api_key=old&y=2&api_key=older",
    "?api%5Fkey=old&x=1",
    "?API_KEY=other",
    "?api_key",
    "?api_key=recorded-key",
    "?my_api_key=1&api_key_2=2",
]

EXPRESSIONS = [
    "a+b",
    "a&b",
    "b+a",
    "a+b+c",
    "a&b&c",
    "(a+b)+c",
    "a+(b+c)",
    "a+b&c",
    "a&b+c",
    "(a&b)+(c&d)",
    "((a+b)+(c+d))+(e+f)",
    "d+c+b+a",
    "a+a",
    "a+b+a",
]


def vectors():
    for name, (username, password) in BASIC.items():
        yield record(f"basic-{name}", basic(username, password))
    yield record("basic-override", basic("grace", "hopper"), headers_in={"authorization": "Bearer old"})
    yield record("basic-beside", basic("grace", "hopper"), f"{ORIGIN}/p?x=1&x=2", {"x-other": "1"})
    yield record("basic-userinfo", basic("grace", "hopper"), "https://other:user@recorded.example:8443/p")
    for name, (key, header_name) in HEADER.items():
        yield record(f"header-{name}", header(key, header_name))
    yield record("header-override", header("new"), headers_in={"x-api-key": "old", "x-other": "1"})
    yield record("header-same", header("same"), headers_in={"x-api-key": "same"})
    yield record("header-beside", header("k"), f"{ORIGIN}/p?api_key=1&x=%7e")
    for index, url in enumerate(URLS):
        yield record(f"query-url-{index:02}", query("recorded-key"), ORIGIN + url)
    for name, key in KEYS.items():
        yield record(f"query-key-{name}", query(key))
    yield record("query-custom-name", query("k", "X-Grace"))
    yield record("query-name-to-encode", query("k", "na me&[]=ž"), f"{ORIGIN}?na+me%26[]%3d%C5%BE=old&x=1")
    yield record("query-empty-name", query("k", ""))
    yield record("query-plaintext", query("k"), "http://recorded.example:8080/p")
    for scheme, build in [("header", httpx_auth.HeaderApiKey), ("query", httpx_auth.QueryApiKey)]:
        for value, key in [("none", None), ("empty", "")]:
            yield refused(f"ctor-{scheme}-{value}", build, key)
    for expression in EXPRESSIONS:
        yield record(f"multi-{expression}", letters(expression))
    both = basic("grace", "hopper"), header("k-1")
    yield record("multi-basic+header", plus(*both))
    yield record("multi-header+basic", plus(*reversed(both)))
    three = header("k-1"), query("q-1"), basic("grace", "hopper")
    yield record("multi-header+query+basic", plus(*three), f"{ORIGIN}/p?x=1&y=2")
    yield record("multi-two-header", plus(header("k-1"), header("k-2", "x-second")))
    yield record("multi-two-query", plus(query("q-1"), query("q-2", "second")), f"{ORIGIN}/?second=old&x=1")
    # The last one wins here; we refuse these.
    yield record("multi-same-header-last-wins", plus(header("k-1"), header("k-2")))
    yield record("multi-same-query-last-wins", plus(query("q-1"), query("q-2")))
    users = basic("ada", "lovelace"), basic("grace", "hopper")
    yield record("multi-basic+basic", plus(*users))
    yield record("multi-basic&basic", (users[0][0] & users[1][0], users[0][1] + users[1][1]))


def main():
    file = {
        "library": "httpx_auth",
        "version": httpx_auth.__version__,
        "httpx": httpx.__version__,
        "python": platform.python_version(),
        "schema": "headers_out omits host; target = path?query as sent on the wire; inputs = what the schemes were made of",
        "vectors": list(vectors()),
    }
    json.dump(file, sys.stdout, ensure_ascii=False, indent=1)
    print()


main()

"""Records what the grants of httpx_auth that need no browser send, keep, and make of answers.

    httpx_auth_grants.py requests|keys|responses|cache [few]

Prints a file of the format `httpx_auth_token_requests`, `httpx_auth_cache_keys`, `httpx_auth_token_responses` or
`httpx_auth_token_cache`, as conformance/README.md describes it. Nothing is sent: the client has a transport that answers by
itself. The values are chosen by kind: what Python takes where a text, a number or a list belongs. `few` prints a part of them, with
some of each kind.
"""

import base64
import copy
import datetime
import json
import platform
import sys
import types

import httpx
import httpx_auth
from httpx_auth._errors import InvalidGrantRequest
from httpx_auth._oauth2 import common, tokens
from httpx_auth._oauth2.client_credentials import OAuth2ClientCredentials, OktaClientCredentials
from httpx_auth._oauth2.resource_owner_password import (
    OAuth2ResourceOwnerPasswordCredentials,
    OktaResourceOwnerPasswordCredentials,
)

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
URL = "https://provide_access_token"
REFRESH = "tGzv3JOkF0XG5Qx2TlKWIA"
UNICODE = "žofie ключ 🔑"


class Now:
    """Time that stands still, as httpx_auth sees it."""

    def __init__(self):
        self.now = START

    def install(self):
        outer = self

        class Frozen(datetime.datetime):
            @classmethod
            def now(cls, tz=None):
                return outer.now

        tokens.datetime = types.SimpleNamespace(
            datetime=Frozen, timezone=datetime.timezone, timedelta=datetime.timedelta
        )


def name_of(error):
    return f"{type(error).__module__}.{type(error).__qualname__}"


def jwt(payload):
    parts = [{"alg": "none"}, payload]
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*parts, "c2ln"])


# Requests and keys


def grants():
    client, password = (URL, "id", "secret"), (URL, "user", "pwd")
    okta, okta_user = ("okta.example", "id", "secret"), ("okta.example", "user", "pwd", "id", "secret")
    every = {
        OAuth2ClientCredentials: client,
        OAuth2ResourceOwnerPasswordCredentials: password,
        OktaClientCredentials: okta,
        OktaResourceOwnerPasswordCredentials: okta_user,
    }
    options = {
        "none": {},
        "scope-text": {"scope": "a b"},
        "scope-none": {"scope": None},
        "scope-empty": {"scope": ""},
        "scope-list": {"scope": ["a", "b"]},
        "scope-list-of-one": {"scope": ["a"]},
        "scope-list-of-empty": {"scope": [""]},
        "scope-empty-list": {"scope": []},
        "scope-unicode": {"scope": UNICODE},
        "scope-int": {"scope": 7},
        "scope-zero": {"scope": 0},
        "scope-true": {"scope": True},
        "scope-false": {"scope": False},
        "scope-float": {"scope": 1.5},
        "server": {"authorization_server": "aus"},
        "server-none": {"authorization_server": None},
        "server-empty": {"authorization_server": ""},
        "server-int": {"authorization_server": 7},
        "early": {"early_expiry": 28},
        "early-zero": {"early_expiry": 0},
        "early-none": {"early_expiry": None},
        "early-text": {"early_expiry": "28"},
        "early-true": {"early_expiry": True},
        "early-negative": {"early_expiry": -5},
        "timeout": {"timeout": 1.5},
        "timeout-zero": {"timeout": 0},
        "timeout-none": {"timeout": None},
        "timeout-text": {"timeout": "5"},
        "timeout-true": {"timeout": True},
        "header": {"header_name": "X", "header_value": "T {token}"},
        "header-none": {"header_name": None, "header_value": None},
        "field": {"token_field_name": "id_token"},
        "field-none": {"token_field_name": None},
        "field-empty": {"token_field_name": ""},
        "extra-text": {"audience": "https://api"},
        "extra-empty": {"audience": ""},
        "extra-none": {"prompt": None},
        "extra-int": {"n": 3},
        "extra-zero": {"n": 0},
        "extra-float": {"n": 1.5},
        "extra-exponent": {"n": 1e30},
        "extra-true": {"flag": True},
        "extra-false": {"flag": False},
        "extra-list": {"resource": ["a", "b"]},
        "extra-list-of-kinds": {"resource": ["a", 1, True, None, 1.5]},
        "extra-empty-list": {"resource": []},
        "extra-unicode": {"who": UNICODE, "ž": "x"},
        "extra-punctuation": {"p": "a b+c/d?e&f=g%h~i*j'k(l)\"<>"},
        "extra-control": {"p": "a\r\n\tb"},
        "extra-order": {"z": "1", "a": "2"},
        "extra-of-protocol": {"grant_type": "urn:x", "client_id": "other", "username": "other", "password": "p", "state": "s"},
        "extra-refresh": {"refresh_token": "mine"},
        "client-auth": {"client_auth": ("id", "secret")},
        "client-auth-none": {"client_auth": None},
        "client-auth-colon": {"client_auth": ("i:d", "s:t")},
        "client-auth-empty": {"client_auth": ("", "")},
        "client-auth-unicode": {"client_auth": (UNICODE, UNICODE)},
        "client-auth-control": {"client_auth": ("id", "a\nb")},
    }
    for build, args in every.items():
        for name, kwargs in options.items():
            if "server" in name and "Okta" not in build.__name__:
                continue
            if "client-auth" in name and build is not OAuth2ResourceOwnerPasswordCredentials:
                continue
            kwargs = dict(kwargs)
            if build is OktaClientCredentials and "scope" not in kwargs:
                kwargs["scope"] = "s"
            yield f"{build.__name__}/{name}", build, args, kwargs
        for index in range(1, len(args)):
            for name, value in {
                "colon": "a:b",
                "unicode": UNICODE,
                "blanks": " a b ",
                "punctuation": "&=%+~*'()/?#\"<>",
                "newline": "a\n",
                "control": "a\0b\x7fc",
                "empty": "",
                "none": None,
                "int": 7,
                "true": True,
            }.items():
                changed = [*args[:index], value, *args[index + 1 :]]
                kwargs = {"scope": "s"} if build is OktaClientCredentials else {}
                yield f"{build.__name__}/arg{index}-{name}", build, changed, kwargs
        if "Okta" in build.__name__:
            for name in ["okta.example:8443", "OKTA.Example", "okta.example/base", "", "127.0.0.1"]:
                kwargs = {"scope": "s"} if build is OktaClientCredentials else {}
                yield f"{build.__name__}/instance-{name or 'empty'}", build, [name, *args[1:]], kwargs
            continue
        for name, url in {
            "path": f"{URL}/a/b/",
            "query": f"{URL}?x=1&y=2&x=3",
            "query-blank": f"{URL}/?x=&f",
            "query-escapes": f"{URL}/?x=%C3%A9+b%20c&%zz=%ff",
            "query-of-protocol": f"{URL}?grant_type=foo&scope=s&client_id=c",
            "fragment": f"{URL}/p#f",
            "query-and-fragment": f"{URL}/p?x=1#f",
            "question-mark": f"{URL}/p?",
            "semicolon": f"{URL}?a=1;b=2",
            "upper": "HTTPS://Provide_Access_Token/A",
            "port": f"{URL}:8443/p",
            "default-port": f"{URL}:443/p",
            "userinfo": "https://u:p@provide_access_token/p",
            "loopback": "http://localhost:1234/t",
            "loopback-4": "http://127.0.0.1:1234/t",
            "loopback-6": "http://[::1]:1234/t",
            "plaintext": "http://provide_access_token",
            "unicode": "https://provide_access_token/ž?q=ü",
            "idn": "https://bücher.example/t",
            "raw": f"{URL}/a b?c=d e|f",
            "dots": f"{URL}/a/../b/./c",
        }.items():
            for suffix, kwargs in [("", {}), ("+kw", {"x": "9", "scope": "s"})]:
                yield f"{build.__name__}/url-{name}{suffix}", build, [url, *args[1:]], kwargs


def request_of(request):
    return {
        "method": request.method,
        "url": str(request.url),
        "target": request.url.raw_path.decode("ascii"),
        "accept": request.headers.get("accept"),
        "content_type": request.headers.get("content-type"),
        "authorization": request.headers.get("authorization"),
        "body": request.content.decode("utf-8"),
    }


def plain(value):
    return list(value) if isinstance(value, tuple) else value


def built():
    for name, build, args, kwargs in grants():
        sent = []

        def answer(request):
            sent.append(request_of(request))
            field = kwargs.get("token_field_name") or "access_token"
            return httpx.Response(200, json={field: "t", "expires_in": 3600, "refresh_token": REFRESH})

        client = httpx.Client(transport=httpx.MockTransport(answer))
        vector = {
            "name": name,
            "class": build.__name__,
            "args": list(args),
            "kwargs": {name: plain(value) for name, value in kwargs.items()},
        }
        preimages = []
        original = common._add_parameters

        def spy(url, extra):
            preimages.append(original(url, extra))
            return preimages[-1]

        modules = [sys.modules[c.__module__] for c in build.__mro__ if c.__module__.startswith("httpx_auth._oauth2.")]
        for module in modules:
            if hasattr(module, "_add_parameters"):
                module._add_parameters = spy
        try:
            auth = build(*args, client=client, **copy.deepcopy(kwargs))
        except Exception as error:
            print(f"{name} is not built: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        finally:
            for module in modules:
                if hasattr(module, "_add_parameters"):
                    module._add_parameters = original
        yield vector, auth, preimages[-1], sent


def requests():
    for vector, auth, _, sent in built():
        try:
            auth.request_new_token()
            if auth.refresh_token:
                auth.refresh_token(REFRESH)
        except Exception as error:
            print(f"{vector['name']} is not sent: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        yield {
            **vector,
            "token_field_name": auth.token_field_name,
            "token_request": sent[0],
            "refresh_request": sent[1] if len(sent) > 1 else None,
        }


def keys():
    for vector, auth, preimage, _ in built():
        hashed = preimage.encode("unicode_escape").decode("ascii")
        yield {**vector, "preimage_before_unicode_escape": preimage, "hashed_bytes": hashed, "key": auth.state}


# Answers

TOKENS = {
    "opaque": "a",
    "empty": "",
    "blank": " a b ",
    "unicode": "žofie",
    "control": "a\nb",
    "none": None,
    "int": 5,
    "zero": 0,
    "float": 1.5,
    "true": True,
    "false": False,
    "list": ["a"],
    "empty-list": [],
    "object": {"a": 1},
    "dots": "a.b.c",
    "jwt": jwt({"exp": 4102444800}),
    "jwt-past": jwt({"exp": 1}),
    "jwt-zero": jwt({"exp": 0}),
    "jwt-negative": jwt({"exp": -1}),
    "jwt-float": jwt({"exp": 4102444800.5}),
    "jwt-text": jwt({"exp": "4102444800"}),
    "jwt-true": jwt({"exp": True}),
    "jwt-none": jwt({"exp": None}),
    "jwt-huge": jwt({"exp": 10**20}),
    "jwt-list": jwt({"exp": [4102444800]}),
    "jwt-array": jwt([1]),
    "jwt-without": jwt({}),
}

LIFETIMES = {
    "int": 3600,
    "text": "3600",
    "zero": 0,
    "zero-text": "0",
    "none": None,
    "true": True,
    "false": False,
    "float": 60.9,
    "float-text": "60.9",
    "blank-text": " 60 ",
    "empty-text": "",
    "word": "soon",
    "plus": "+60",
    "underscore": "1_000",
    "digits": "٦٠",
    "exponent": "1e3",
    "hexadecimal": "0x10",
    "negative": -60,
    "negative-text": "-60",
    "list": [60],
    "empty-list": [],
    "object": {"s": 60},
    "large": 10**9,
    "huge": 10**20,
    "huge-text": "1" + "0" * 20,
}

ANY = {
    "text": "x",
    "empty": "",
    "none": None,
    "int": 7,
    "zero": 0,
    "float": 1.5,
    "true": True,
    "false": False,
    "list": ["x", "y"],
    "list-of-int": [7],
    "empty-list": [],
    "object": {"code": 1},
    "empty-object": {},
    "unicode": UNICODE,
    "quotes": "it's \"so\"",
    "lines": "one\ntwo",
    "long": "x" * 400,
}


def answers():
    for name, token in TOKENS.items():
        yield f"token-{name}", 200, {"json": {"access_token": token, "expires_in": 60}}
        yield f"token-{name}-without-lifetime", 200, {"json": {"access_token": token}}
    for name, lifetime in LIFETIMES.items():
        yield f"lifetime-{name}", 200, {"json": {"access_token": "a", "expires_in": lifetime}}
        yield f"lifetime-{name}-jwt", 200, {"json": {"access_token": jwt({"exp": 4102444800}), "expires_in": lifetime}}
    for field in ["refresh_token", "token_type", "scope", "id_token", "error", "other"]:
        for name, value in ANY.items():
            yield f"{field}-{name}", 200, {"json": {"access_token": "a", "expires_in": 60, field: value}}
    for kind in ["bearer", "Bearer", "BEARER", "Bearer ", "mac", "DPoP", "N_A"]:
        yield f"type-{kind}", 200, {"json": {"access_token": "a", "expires_in": 60, "token_type": kind}}
    for name, value in ANY.items():
        yield f"json-{name}", 200, {"json": value}
        yield f"json-{name}-400", 400, {"json": value}
        yield f"error-{name}", 400, {"json": {"error": value}}
        for field in ["error_description", "error_uri", "more"]:
            yield f"error-{field}-{name}", 400, {"json": {"error": "invalid_grant", field: value}}
            yield f"{field}-{name}-alone", 400, {"json": {field: value}}
        yield f"error-unknown-description-{name}", 400, {"json": {"error": "odd_one", "error_description": value}}
    codes = [*InvalidGrantRequest.request_errors, *InvalidGrantRequest.browser_errors]
    codes += ["use_dpop_nonce", "slow_down", "authorization_pending", "expired_token", "invalid_target", "interaction_required", "Invalid_Grant", "odd one"]
    for code in codes:
        yield f"code-{code}", 400, {"json": {"error": code}}
        yield f"code-{code}-described", 401, {"json": {"error": code, "error_description": "why", "error_uri": "https://u", "n": 1}}
    for status in [201, 202, 204, 206, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 418, 429, 499, 500, 501, 502, 503, 504, 599]:
        yield f"status-{status}", status, {"json": {"access_token": "a", "expires_in": 60}}
        yield f"status-{status}-error", status, {"json": {"error": "invalid_grant"}}
        yield f"status-{status}-empty", status, {"content": ""}
        yield f"status-{status}-text", status, {"text": "hello"}
        yield f"status-{status}-html", status, {"html": "<html>hello</html>"}
    yield "retry-after", 503, {"headers": {"retry-after": "7"}, "text": "later"}
    yield "location", 302, {"headers": {"location": "https://other.example/"}, "content": ""}
    bodies = {
        "form": "access_token=a&expires_in=3600",
        "form-order": "expires_in=3600&access_token=a&x",
        "form-escapes": "access_token=a%2Fb+c&expires_in=3600",
        "form-equals": "access_token=ab==&expires_in=3600",
        "form-without-lifetime": "access_token=a",
        "form-jwt": f"access_token={jwt({'exp': 4102444800})}",
        "form-word": "access_token=a&expires_in=soon",
        "form-float": "access_token=a&expires_in=60.9",
        "form-empty-lifetime": "access_token=a&expires_in=",
        "form-empty-token": "access_token=&expires_in=60",
        "form-twice": "access_token=a&access_token=b&expires_in=60",
        "form-refresh": "access_token=a&expires_in=60&refresh_token=r",
        "form-type": "access_token=a&expires_in=60&token_type=mac",
        "form-unicode": "access_token=žofie&expires_in=60",
        "form-error": "error=invalid_grant&error_description=no",
        "form-other": "x=1",
        "json": '{"access_token": "a", "expires_in": 60}',
        "json-blank": ' \n{"access_token": "a", "expires_in": 60}\n ',
        "json-bom": b"\xef\xbb\xbf" + b'{"access_token": "a", "expires_in": 60}',
        "json-utf16": '{"access_token": "a", "expires_in": 60}'.encode("utf-16"),
        "json-latin1": '{"access_token": "a", "x": "é", "expires_in": 60}'.encode("latin-1"),
        "json-cut": '{"access_token": "a", "expires_in": 60',
        "json-twice": '{"access_token": "a", "access_token": "b", "expires_in": 60}',
        "json-trailing": '{"access_token": "a", "expires_in": 60} x',
        "json-nan": '{"access_token": "a", "expires_in": NaN}',
        "json-infinity": '{"access_token": "a", "expires_in": Infinity}',
        "json-exponent": '{"access_token": "a", "expires_in": 1e400}',
        "json-surrogate": '{"access_token": "\\ud83d", "expires_in": 60}',
        "json-nested": "[" * 2000 + "]" * 2000,
        "text": "hello",
        "html": "<html>hello</html>",
        "empty": "",
        "blank": "  ",
        "binary": b"\xff\xfe\x00\x80",
    }
    types_ = [
        None,
        "application/json",
        "application/json; charset=utf-8",
        "text/html; charset=utf-8",
        "text/html",
        "text/html; charset=UTF-8",
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/javascript; charset=latin-1",
        "odd",
    ]
    for name, body in bodies.items():
        for kind in types_:
            response = {"content": body}
            if kind:
                response["headers"] = {"content-type": kind}
            yield f"body-{name}-{kind}", 200, response
            yield f"body-{name}-{kind}-400", 400, response
        if isinstance(body, str):
            yield f"body-{name}-as-text", 200, {"text": body}
            yield f"body-{name}-as-html", 200, {"html": body}
            yield f"body-{name}-as-html-400", 400, {"html": body}


def outcome(status, response):
    httpx_auth.OAuth2.token_cache.clear()
    client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(status, **response)))
    auth = OAuth2ClientCredentials(URL, "id", "secret", client=client)
    try:
        request = next(auth.auth_flow(httpx.Request("GET", "https://resource.example")))
        authorization = request.headers["authorization"]
    except Exception as error:
        return {
            "raises": name_of(error),
            "is_httpx_auth_exception": isinstance(error, httpx_auth.HttpxAuthException),
            "message": str(error),
        }
    _, expiry, refresh = httpx_auth.OAuth2.token_cache.tokens[auth.state]
    return {"authorization": authorization, "cached_expiry_unix": expiry, "cached_refresh_token": refresh}


def responses():
    Now().install()
    for name, status, response in answers():
        result = outcome(status, response)
        shown = dict(response)
        if isinstance(shown.get("content"), bytes):
            shown["content"] = shown["content"].decode("latin-1")
        try:
            json.dumps([shown, result], ensure_ascii=False).encode()
        except UnicodeEncodeError:
            continue
        yield {"name": name, "status": status, "response": shown, "outcome": result}


# The cache


def traces():
    day = 3600
    for name, lifetime in LIFETIMES.items():
        yield f"add-{name}", [("add_access", "k", "t", lifetime), ("get", "k", {})]
        yield f"add-{name}-refresh", [("add_access", "k", "t", lifetime, "R"), ("get", "k", {}), ("get", "k", {"expired": ["k", "n", 60, "S"]})]
        yield f"missing-{name}", [("get", "k", {"missing": ["k", "t", lifetime]}), ("get", "k", {})]
        yield f"missing-refresh-{name}", [("get", "k", {"missing": ["k", "t", lifetime, "R"]}), ("get", "k", {})]
        yield f"expired-{name}", [
            ("add_access", "k", "t", 10, "R"),
            ("get", "k", {"expired": ["k", "n", lifetime, "S"]}),
            ("get", "k", {}),
        ]
        yield f"expired-{name}-other-state", [
            ("add_access", "k", "t", 10, "R"),
            ("get", "k", {"expired": ["other", "n", lifetime, "S"]}),
            ("get", "other", {}),
        ]
        yield f"expired-{name}-missing", [
            ("add_access", "k", "t", 10, "R"),
            ("get", "k", {"expired": ["k", "n", lifetime, "S"], "missing": ["k", "m", 3600]}),
        ]
    for name, token in TOKENS.items():
        if isinstance(token, (list, dict)):
            continue
        yield f"bearer-{name}", [("add_bearer", "k", token), ("get", "k", {})]
        yield f"missing-token-{name}", [("get", "k", {"missing": ["k", token]}), ("get", "k", {})]
        yield f"missing-token-{name}-lifetime", [("get", "k", {"missing": ["k", token, 60]}), ("get", "k", {"early_expiry": 5})]
        yield f"expired-token-{name}", [("add_access", "k", "t", 10, "R"), ("get", "k", {"expired": ["k", token, day, "S"]})]
        yield f"add-token-{name}", [("add_access", "k", token, day), ("get", "k", {})]
    for refresh in ["R", "", None, "žofie"]:
        yield f"refresh-{refresh}", [
            ("add_access", "k", "t", 10, refresh),
            ("get", "k", {"expired": ["k", "n", 3600, refresh], "missing": ["k", "m", 3600]}),
            ("advance", 4000),
            ("get", "k", {"expired": ["k", "o", 3600, None], "missing": ["k", "p", 3600, "Q"]}),
        ]
    for early in [0, 0.5, 10, 30, 3600, 1e6]:
        yield f"early-{early}", [
            ("add_access", "k", "t", 60),
            ("get", "k", {"early_expiry": early}),
            ("advance", 30),
            ("get", "k", {"early_expiry": early}),
            ("advance", 29.5),
            ("get", "k", {"early_expiry": early, "missing": ["k", "m", 3600]}),
            ("advance", 1),
            ("get", "k", {"early_expiry": early}),
        ]
    for error in ["InvalidGrantRequest", "GrantNotProvided"]:
        yield f"refused-{error}", [
            ("add_access", "k", "t", 10, "R"),
            ("get", "k", {"expired": error}),
            ("get", "k", {"missing": ["k", "m", 3600, "S"]}),
        ]
        yield f"refused-{error}-then-missing", [
            ("add_access", "k", "t", 10, "R"),
            ("get", "k", {"expired": error, "missing": ["k", "m", 3600, "S"]}),
            ("get", "k", {}),
        ]
    for states in [["other"], ["other", "k"]]:
        yield f"missing-states-{states}", [("get", "k", {"missing": [state, f"t{index}", 3600]}) for index, state in enumerate(states)]
    yield "expired-other-state-missing", [
        ("add_access", "k", "t", 10, "R"),
        ("get", "k", {"expired": ["other", "n", 3600, "S"], "missing": ["k", "m", 3600]}),
        ("get", "k", {}),
    ]
    yield "two-keys", [
        ("add_access", "k", "t", 3600, "R"),
        ("add_access", "l", "u", 3600),
        ("get", "l", {}),
        ("get", "k", {}),
        ("clear",),
        ("get", "k", {"missing": ["k", "v", 3600]}),
    ]
    yield "odd-keys", [("add_access", "", "t", 3600), ("get", "", {}), ("add_access", "ž/..", "u", 3600), ("get", "ž/..", {})]


def cache():
    for name, ops in traces():
        now = Now()
        now.install()
        kept = tokens.TokenMemoryCache()
        steps = []
        for op, *args in ops:
            step = {"op": op, "args": copy.deepcopy(args)}
            try:
                if op == "advance":
                    now.now += datetime.timedelta(seconds=args[0])
                elif op == "clear":
                    kept.clear()
                elif op == "add_access":
                    kept._add_access_token(*args)
                elif op == "add_bearer":
                    kept._add_bearer_token(*args)
                else:
                    step["callbacks"] = called = []
                    options = dict(args[1])
                    given = {}
                    if "early_expiry" in options:
                        given["early_expiry"] = options["early_expiry"]
                    if "missing" in options:
                        def missing():
                            called.append("missing")
                            return tuple(options["missing"])

                        given["on_missing_token"] = missing
                    if "expired" in options:
                        def expired(refresh):
                            called.append(["expired", refresh])
                            if options["expired"] == "InvalidGrantRequest":
                                raise InvalidGrantRequest({"error": "invalid_grant"})
                            if options["expired"] == "GrantNotProvided":
                                raise httpx_auth.GrantNotProvided("access_token", {})
                            return tuple(options["expired"])

                        given["on_expired_token"] = expired
                    step["result"] = kept.get_token(args[0], **given)
            except Exception as error:
                step["raises"] = f"{type(error).__name__}: {error}"
            step["tokens_after"] = {key: list(entry) for key, entry in kept.tokens.items()}
            steps.append(step)
        yield {"name": name, "start_time": START.isoformat(), "steps": steps}


def is_one_of_few(name):
    """Whether a vector is one of those that are kept with the code: one class for each kind, two types for each body."""
    begins = ("OAuth2ClientCredentials/", "token-", "bearer-", "missing-token-", "refresh-", "refused-", "two-", "odd-", "code-")
    if name.startswith("body-"):
        return name.endswith(("-None", "-None-400", "-text/html; charset=utf-8", "-as-html")) and "nested" not in name
    if name.startswith("status-"):
        return name.split("-")[1] in ("204", "302", "400", "503")
    if name.startswith(("lifetime-", "missing-", "expired-", "add-")):
        return name.endswith(("-true", "-none", "-digits", "-negative", "-zero-jwt", "-underscore", "-word", "-other-state"))
    if name.startswith(("error", "json-", "early-")):
        return not name.endswith("-alone")
    return name.startswith(begins) or "/none" in name or "/instance-" in name or "/client-auth" in name or "/scope-" in name


def main():
    part = {"requests": requests, "keys": keys, "responses": responses, "cache": cache}[sys.argv[1]]
    few = "few" in sys.argv[2:]
    file = {
        "library": "httpx_auth",
        "version": httpx_auth.__version__,
        "httpx": httpx.__version__,
        "python": platform.python_version(),
        "frozen_time": START.isoformat(),
        "fixed": {"refresh_token": REFRESH},
    }
    # One vector a line.
    head = json.dumps(file, ensure_ascii=False)[:-1]
    lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in part() if not few or is_one_of_few(vector["name"]))
    print(f'{head}, "vectors": [\n{lines}\n]}}')


main()

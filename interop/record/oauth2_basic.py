"""Records Basic credentials as others write them.

Prints a file of the format `oauth2_vectors` with the part `basic` alone, as conformance/README.md describes it. Raw
credentials (RFC 7617) are those of httpx; form-encoded ones (RFC 6749 section 2.3.1) are those of MSAL, whose HTTP
client is replaced by one that keeps the request and answers by itself. Nothing is sent.
"""

import importlib.metadata
import json
import sys
import urllib.parse

import httpx
from msal.oauth2cli import Client

USERS = [
    ("Aladdin", "open sesame"),  # RFC 7617 section 2
    ("test", "123£"),  # RFC 7617 section 2.1
    ("grace", "hopper"),
    ("", "hopper"),
    ("grace", ""),
    ("grace", "ho:pp:er"),
    ("gra:ce", "hopper"),  # forbidden: to be refused
    ("žofie 🦀", "heslo–ключ"),
]

CLIENTS = [
    ("s6BhdRkqt3", "gX1fBat3bV"),  # RFC 6749
    ("client", "secret"),
    ("urn:client:1", "a:b:c"),
    ("blank client", " secret "),
    ("a+b/c?d=e&f", "100%"),
    ("žofie", "ключ 🔑"),
    ("client~*", "-._~!*'()"),
    ("line", "end\r\n"),
]

FORM_VALUE = " %&+£€"  # RFC 6749 appendix B


def raw(username, password):
    request = httpx.Request("GET", "https://recorded.example")
    request = next(httpx.BasicAuth(username, password).auth_flow(request))
    return request.headers["authorization"]


def form_encoded(client_id, client_secret):
    """What MSAL sends to a token endpoint."""
    sent = []

    class Answer:
        status_code = 200
        headers = {}
        text = '{"access_token": "t", "token_type": "Bearer"}'

    class Http:
        def post(self, url, headers=None, **rest):
            sent.append(headers["Authorization"])
            return Answer()

    server = {"token_endpoint": "https://recorded.example/token"}
    Client(server, client_id, http_client=Http(), client_secret=client_secret).obtain_token_for_client()
    (header,) = sent
    return header


def main():
    users = [{"user": u, "password": p, "header": raw(u, p), "charset": "UTF-8"} for u, p in USERS]
    clients = [
        {
            "client_id": i,
            "client_secret": s,
            "header_form_encoded": form_encoded(i, s),
            "header_raw": raw(i, s),
        }
        for i, s in CLIENTS
    ]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ["httpx", "msal"])
    file = {
        "_about": f"Basic credentials, raw by httpx and form-encoded by MSAL: {versions}",
        "basic": {
            "rfc7617": users,
            "rfc6749_client_secret_basic": clients,
            "rfc6749_appendix_b": {
                "value": FORM_VALUE,
                "form_encoded": urllib.parse.quote_plus(FORM_VALUE),
            },
        },
    }
    json.dump(file, sys.stdout, ensure_ascii=False, indent=1)
    print()


main()

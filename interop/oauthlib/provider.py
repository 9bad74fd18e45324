"""An OAuth 1.0a provider on oauthlib's server side: three legs and a protected resource.

Prints its origin, then serves until it is stopped. `provider.py DIRECTORY` writes a fresh RSA key to DIRECTORY/key.pem.
"""

import secrets
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from oauthlib.oauth1 import RequestValidator, WebApplicationServer

SECRETS = {
    "client-key-of-the-interop-test": "client secret: é & /+=",
    # Outside of the header, oauthlib unescapes a PLAINTEXT signature once too often: no escapes in this one.
    "another-key-of-the-interop-test": "plain-secret",
}
METHODS = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"]


class Validator(RequestValidator):
    """Everything in memory. All that is not overridden is as oauthlib has it, the length of nonces among it."""

    enforce_ssl = False  # on loopback
    allowed_signature_methods = METHODS
    dummy_client, dummy_request_token, dummy_access_token = "dummy-client-key-of-no-one", "dummy", "dummy"

    def __init__(self, rsa_key):
        super().__init__()
        self.rsa_key = rsa_key
        self.lock = threading.Lock()
        self.nonces = set()
        self.request_tokens = {}  # token -> {secret, callback, verifier}
        self.access_tokens = {}  # token -> secret

    # clients
    def check_client_key(self, client_key):
        return bool(client_key)

    def check_request_token(self, request_token):
        return bool(request_token)

    check_access_token = check_request_token

    def check_verifier(self, verifier):
        return bool(verifier)

    def validate_client_key(self, client_key, request):
        return client_key in SECRETS

    def get_client_secret(self, client_key, request):
        return SECRETS.get(client_key, "dummy")

    def get_rsa_key(self, client_key, request):
        return self.rsa_key

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, request_token=None, access_token=None):
        use = (client_key, timestamp, nonce, request_token, access_token)
        with self.lock:
            fresh = use not in self.nonces
            self.nonces.add(use)
            return fresh

    # first leg
    def validate_redirect_uri(self, client_key, redirect_uri, request):
        return redirect_uri == "oob" or redirect_uri.startswith("http://127.0.0.1:")

    def get_realms(self, token, request):
        return []

    get_default_realms = get_realms

    def validate_requested_realms(self, client_key, realms, request):
        return True

    def save_request_token(self, token, request):
        self.request_tokens[token["oauth_token"]] = {
            "secret": token["oauth_token_secret"],
            "callback": request.redirect_uri,
            "verifier": None,
        }

    # second leg
    def verify_request_token(self, token, request):
        return token in self.request_tokens

    def verify_realms(self, token, realms, request):
        return True

    def get_redirect_uri(self, token, request):
        return self.request_tokens[token]["callback"]

    def save_verifier(self, token, verifier, request):
        self.request_tokens[token]["verifier"] = verifier["oauth_verifier"]

    # third leg
    def validate_request_token(self, client_key, token, request):
        return token in self.request_tokens

    def get_request_token_secret(self, client_key, token, request):
        return self.request_tokens.get(token, {"secret": "dummy"})["secret"]

    def validate_verifier(self, client_key, token, verifier, request):
        wanted = self.request_tokens.get(token, {}).get("verifier")
        return wanted is not None and secrets.compare_digest(wanted, verifier)

    def save_access_token(self, token, request):
        self.access_tokens[token["oauth_token"]] = token["oauth_token_secret"]

    def invalidate_request_token(self, client_key, request_token, request):
        self.request_tokens.pop(request_token, None)

    # protected resources
    def validate_access_token(self, client_key, token, request):
        return token in self.access_tokens

    def get_access_token_secret(self, client_key, token, request):
        return self.access_tokens.get(token, "dummy")

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "provider", ""

    def handle_any(self):
        uri = f"http://{self.headers['Host']}{self.path}"
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        form = (self.headers.get("Content-Type") or "").startswith("application/x-www-form-urlencoded")
        body = raw.decode() if form else ""
        headers = dict(self.headers.items())
        path = urlsplit(self.path).path
        try:
            answer = self.route(path, uri, body, headers)
        except Exception as error:  # a bug of this script must not look like a refusal
            self.log_error("%r", error)
            answer = {}, repr(error), 500
        self.send(*answer)

    def route(self, path, uri, body, headers):
        oauth = self.server.oauth
        if path == "/initiate":
            return oauth.create_request_token_response(uri, self.command, body, headers)
        if path == "/authorize":
            if "deny" in parse_qs(urlsplit(uri).query):
                token = parse_qs(urlsplit(uri).query)["oauth_token"][0]
                return {"Location": f"{self.server.validator.get_redirect_uri(token, None)}?denied={token}"}, "", 302
            return oauth.create_authorization_response(uri, self.command, body, headers, realms=[])
        if path == "/token":
            return oauth.create_access_token_response(uri, self.command, body, headers)
        valid, _ = oauth.validate_protected_resource_request(uri, self.command, body, headers, realms=[])
        return {}, "welcome" if valid else "refused", 200 if valid else 401

    def send(self, headers, body, status):
        body = (body or "").encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_request(self, *args):
        pass


def main():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (Path(sys.argv[1]) / "key.pem").write_bytes(private)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.validator = Validator(public.decode())
    server.oauth = WebApplicationServer(server.validator)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

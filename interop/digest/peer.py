"""Digest on PyPI: httpbin (MD5 and SHA-256, auth and auth-int), and Flask-HTTPAuth (MD5-sess, and without qop).

Prints its origin, then serves until it is stopped.
"""

import secrets

from flask import Flask
from flask_httpauth import HTTPDigestAuth
from httpbin.core import app as httpbin
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server


def flask_app(**options):
    app = Flask(__name__)
    auth = HTTPDigestAuth(realm="flask", **options)
    nonces, opaque = set(), secrets.token_hex(8)

    @auth.generate_nonce
    def generate_nonce():
        nonce = secrets.token_hex(16)
        nonces.add(nonce)
        return nonce

    @auth.generate_opaque
    def generate_opaque():
        return opaque

    @auth.verify_nonce
    def verify_nonce(nonce):
        return nonce in nonces

    @auth.verify_opaque
    def verify_opaque(sent):
        return sent == opaque

    @auth.get_password
    def get_password(user):
        return "open sesame" if user == "Aladdin" else None

    @app.route("/", methods=["GET", "POST"])
    @auth.login_required
    def index():
        return "welcome"

    return app


def main():
    application = DispatcherMiddleware(
        httpbin,
        {
            "/sess": flask_app(algorithm="MD5-Sess"),
            "/legacy": flask_app(qop=None),
        },
    )
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

"""Records what httpx_auth's AWS4Auth signs when the caller brings a session token.

Prints a file of the format `httpx_auth_aws4`, as conformance/README.md describes it. Nothing is sent. botocore is not asked:
`agrees` says that the answer is to be compared as it stands.
"""

import datetime
import json
import types

import httpx
import httpx_auth
from httpx_auth import AWS4Auth, _aws

NOW = datetime.datetime(2018, 10, 11, 15, 5, 5, 663979, tzinfo=datetime.timezone.utc)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ANSWERS = ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"]


class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


def vectors():
    for name, token, included, own in [
        ("own-token", None, [], "CALLER"),
        ("own-token-and-one-of-the-credentials", "OURS", [], "CALLER"),
        ("own-token-included", None, ["x-amz-security-token"], "CALLER"),
        ("token-of-the-credentials", "OURS", [], None),
    ]:
        given = {"security_token": token} if token else {}
        auth = AWS4Auth("AKIDEXAMPLE", SECRET, "us-east-1", "iam", include_headers=included, **given)
        headers = {"x-amz-security-token": own} if own else {}
        request = httpx.Request("GET", "https://example.amazonaws.com/a?b=c", headers=headers)
        before = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        signed = next(auth.auth_flow(request)).headers
        yield {
            "name": name,
            "frozen_time": NOW.isoformat(),
            "auth": {
                "access_id": "AKIDEXAMPLE",
                "secret_key": SECRET,
                "region": "us-east-1",
                "service": "iam",
                "security_token": token,
                "include_headers": included,
            },
            "wire": {
                "method": "GET",
                "scheme": "https",
                "authority": "example.amazonaws.com",
                "target": "/a?b=c",
                "headers": before,
            },
            "body": {"hex": ""},
            "expected": {answer: signed[answer] for answer in ANSWERS if answer in signed},
            "signed_headers": signed["authorization"].split("SignedHeaders=")[1].split(",")[0],
            "botocore": {"agrees": True, "differs_in": []},
        }


def main():
    _aws.datetime = types.SimpleNamespace(
        datetime=Frozen, timezone=datetime.timezone, timedelta=datetime.timedelta
    )
    head = {"library": "httpx_auth", "version": httpx_auth.__version__, "botocore": "not asked"}
    lines = ",\n".join(json.dumps(vector) for vector in vectors())
    print(f'{json.dumps(head)[:-1]}, "vectors": [\n{lines}\n]}}')


main()

"""OpenStack Swift's S3 API with its own authentication, over a store in memory in the place of Swift's servers of disks.

What is judged is `s3api`: it verifies the signatures of requests, of each chunk and of trailers, and checksums of trailers.
"""

import hashlib
import sys

import eventlet
import eventlet.wsgi
from swift.common.middleware import tempauth
from swift.common.middleware.s3api import s3api
from swift.common.swob import Request, Response

port, user, secret = int(sys.argv[1]), sys.argv[2], sys.argv[3]
stored = {}
containers = set()


def store(environ, start_response):
    """As much of Swift's proxy server as is needed to keep objects."""
    request = Request(environ)
    _, version, account, container, name = (request.path.split("/", 4) + [None] * 4)[:5]
    auth = environ.get("swift.authorize")
    request.acl = None
    # Middlewares ask for themselves, and say so.
    if auth and not environ.get("swift.authorize_override") and (denied := auth(request)):
        return denied(environ, start_response)
    answer = Response(status=204, request=request)
    if container is None:
        pass
    elif name is None:
        if request.method == "PUT":
            containers.add(container)
            answer = Response(status=201, request=request)
        elif container not in containers:
            answer = Response(status=404, request=request)
    elif request.method == "PUT":
        body = b"".join(iter(lambda: environ["wsgi.input"].read(65536), b""))
        stored[container, name] = body
        answer = Response(status=201, request=request, headers={"Etag": hashlib.md5(body).hexdigest()})
    elif (container, name) not in stored:
        answer = Response(status=404, request=request)
    elif request.method == "DELETE":
        del stored[container, name]
    else:
        body = stored[container, name]
        headers = {"Etag": hashlib.md5(body).hexdigest(), "X-Timestamp": "1", "Last-Modified": "Thu, 01 Jan 1970 00:00:01 GMT"}
        answer = Response(status=200, request=request, body=body, headers=headers)
    return answer(environ, start_response)


account, name = user.split(":")
conf = {f"user_{account}_{name}": f"{secret} .admin", "log_level": "ERROR", "s3_acl": "false", "location": "us-east-1"}
app = store
app = tempauth.filter_factory(conf)(app)
app = s3api.filter_factory({"auth_pipeline_check": "false", "location": "us-east-1"})(app)
eventlet.wsgi.server(eventlet.listen(("127.0.0.1", port)), app, log_output=False)

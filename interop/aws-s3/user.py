"""Makes an IAM user who may do everything, turns moto's authentication on, and prints the user's key."""

import json
import sys
import urllib.request

import boto3

endpoint = sys.argv[1]
iam = boto3.client(
    "iam", endpoint_url=endpoint, region_name="us-east-1",
    aws_access_key_id="any", aws_secret_access_key="any",
)
iam.create_user(UserName="probe")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy(UserName="probe", PolicyName="all", PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName="probe")["AccessKey"]
request = urllib.request.Request(
    endpoint + "/moto-api/reset-auth", data=b"0", method="POST", headers={"Content-Type": "text/plain"}
)
urllib.request.urlopen(request, timeout=10).read()
print(key["AccessKeyId"], key["SecretAccessKey"])

"""Uploads infra/404.html to the bucket of feeds, where the CDN expects it: the end of a deployment.

The page belongs to no feed, so the publish function does not write it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import boto3

from feeds import paths

PAGE = Path(__file__).with_name("404.html")


def main() -> None:
    """Upload the page to the feeds bucket of a stack, and print the outputs of the stack."""
    parser = argparse.ArgumentParser(description="Upload the page for addresses that do not exist.")
    parser.add_argument("stack")
    parser.add_argument("region")
    options = parser.parse_args()
    cloudformation = boto3.client("cloudformation", options.region)
    (stack,) = cloudformation.describe_stacks(StackName=options.stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    boto3.client("s3", options.region).put_object(
        Bucket=outputs["FeedsBucket"],
        Key=paths.PUBLIC + PAGE.name,
        Body=PAGE.read_bytes(),
        ContentType="text/html; charset=utf-8",
        CacheControl="public, max-age=300, s-maxage=60",
    )
    for name, value in sorted(outputs.items()):
        print(f"{name:20} {value}")


if __name__ == "__main__":
    main()

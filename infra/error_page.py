"""Owns the last step of a deployment: infra/404.html -> where the CDN looks for it.

The page is of no feed, so the function does not write it, and nothing of the program touches it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import boto3

from feeds import paths

PAGE = Path(__file__).with_name("404.html")


def main() -> None:
    """Upload the page to the bucket that a stack keeps its feeds in."""
    words = argparse.ArgumentParser(description="Upload the CDN's page for what is not there.")
    words.add_argument("stack")
    words.add_argument("region")
    given = words.parse_args()
    (stack,) = boto3.client("cloudformation", given.region).describe_stacks(StackName=given.stack)[
        "Stacks"
    ]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    boto3.client("s3", given.region).put_object(
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

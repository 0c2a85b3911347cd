"""The entry points that serverless.yml names; the code is in feeds/aws/functions.py."""

from feeds.aws.functions import audit, notify, publish

__all__ = ["audit", "notify", "publish"]

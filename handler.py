"""The entry points that serverless.yml names; the code is in feeds/aws/functions.py."""

import gc

gc.disable()  # Imports leave next to no garbage: looking for it takes a tenth of the cold start.

from feeds.aws.functions import audit, notify, publish  # noqa: E402

gc.freeze()  # What is imported stays. Later collections do not look at it.
gc.enable()

__all__ = ["audit", "notify", "publish"]

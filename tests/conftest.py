"""Hands every test file the fixtures that it may ask for."""

from servers import moto_server, seaweedfs

__all__ = ["moto_server", "seaweedfs"]

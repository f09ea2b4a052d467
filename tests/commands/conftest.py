"""The commands that fetch weights are tried on the same small file and server as the code behind them."""

from tests.weights.conftest import content, server, spec

__all__ = ["content", "server", "spec"]

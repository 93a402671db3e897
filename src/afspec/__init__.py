"""afspec: an analysis facility is described once, compiled into what it deploys, and proved to deliver."""

__version__ = "0.1.0"

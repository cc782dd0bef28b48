"""What both ends of a stream between agent and coordinator must agree on, beside the .proto files."""

from __future__ import annotations

PROTOCOL = "groundswell.v1"

# A report is at most some hundreds of series; this leaves room for a thousand full histograms.
MAX_MESSAGE = 64 * 1024 * 1024

# What setup gives goes to every agent of a pool at once, and stays in the memory of each.
MAX_SETUP_RESULT = 1024 * 1024

MESSAGE_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
)

CLIENT_OPTIONS = (
    *MESSAGE_OPTIONS,
    # A proxy that the environment names is for the web, not for a coordinator.
    ("grpc.enable_http_proxy", 0),
)

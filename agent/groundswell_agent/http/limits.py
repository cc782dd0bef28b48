"""How much an agent takes of what a target sends. What is more is an error, or cut: see docs/http.md.

Redirects are a step's own (`MOST_REDIRECTS` of the model), and a timeout ends what has no limit in bytes.
"""

from __future__ import annotations

# Bytes. A head with its status line; the trailers and other bytes around chunks where heads are looked into, give
# or take a read.
HEAD_LIMIT = TRAILER_LIMIT = 64 * 1024
# Responses of 1xx before the one that is meant. Each costs a look at all that follows it.
MOST_INTERIM = 100

# Bytes that a step reads of a body, as it came and unpacked.
DEFAULT_BODY_LIMIT = 10 * 1024 * 1024
# Pieces of a body that are kept apart: of two bytes each, they would take twenty times as much.
MOST_PIECES = 1024

# Codings on top of each other, as in curl: one that packs nothing costs as much time as any.
MOST_CODINGS = 5
# For each member of gzip all that follows is copied, so the time grows with the square of their number. Files
# that are made of blocks have one for each 64 KiB.
MOST_MEMBERS = 256
# Bytes that a frame of zstd may look back at (RFC 9659).
ZSTD_WINDOW = 8 * 1024 * 1024

# Per VU; browsers keep as many for one host. The oldest go.
MOST_COOKIES = 180
# Letters: of a cookie's name and value, and of any other word about it (RFC 6265bis).
LONGEST_COOKIE = 4096
LONGEST_ATTRIBUTE = 1024

# Letters of a host (RFC 1035), and names that an agent remembers the addresses of.
LONGEST_HOST = 253
MOST_NAMES = 1024

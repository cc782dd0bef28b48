"""The options of curl, as far as it must be known which of them take a value."""

from __future__ import annotations

LONG_BY_SHORT = {
    "X": "request", "H": "header", "d": "data", "u": "user", "A": "user-agent", "e": "referer",
    "b": "cookie", "G": "get", "I": "head", "F": "form", "m": "max-time", "k": "insecure",
    "T": "upload-file", "x": "proxy", "E": "cert", "r": "range", "o": "output", "w": "write-out",
    "c": "cookie-jar", "K": "config", "D": "dump-header", "L": "location", "s": "silent",
    "S": "show-error", "v": "verbose", "i": "include", "f": "fail", "g": "globoff", "0": "http1.0",
    "O": "remote-name", "#": "progress-bar", "N": "no-buffer", "n": "netrc", "j": "junk-session-cookies",
    "4": "ipv4", "6": "ipv6", "y": "speed-time", "Y": "speed-limit", "z": "time-cond", "U": "proxy-user",
    "J": "remote-header-name", "R": "remote-time", "Z": "parallel", "q": "disable",
}  # fmt: skip

# What changes what is printed or kept, and nothing of what is sent.
WITHOUT_EFFECT = frozenset((
    *("silent", "show-error", "verbose", "include", "fail", "location", "globoff", "no-buffer"),
    *("progress-bar", "remote-name", "remote-header-name", "remote-time", "fail-with-body"),
    *("no-progress-meter", "parallel", "disable", "http1.1", "location-trusted", "basic"),
    *("output", "write-out", "dump-header", "cookie-jar", "stderr"),
))  # fmt: skip

WITH_VALUE = frozenset((
    *("data", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json", "request", "header"),
    *("user", "user-agent", "referer", "cookie", "max-time", "url", "connect-timeout", "proxy"),
    *("proxy-user", "resolve", "output", "write-out", "dump-header", "cookie-jar", "stderr"),
    *("form", "form-string", "upload-file", "cert", "key", "cacert", "capath", "range", "config"),
    *("connect-to", "interface", "retry", "limit-rate", "retry-delay", "retry-max-time", "speed-time"),
    *("speed-limit", "time-cond", "ciphers", "cert-type", "oauth2-bearer", "aws-sigv4", "max-redirs"),
    *("tls-max", "unix-socket", "pass", "max-filesize", "url-query", "socks5", "socks5-hostname"),
    *("tls13-ciphers", "proto", "local-port", "noproxy"),
))  # fmt: skip

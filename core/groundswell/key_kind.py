"""Which keys of certificates gRPC shakes hands with: fewer than OpenSSL, and it does not say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

if TYPE_CHECKING:
    from cryptography import x509

NOT_TAKEN = "is of a kind that gRPC does not take"
TAKEN = "keys are on P-256 or P-384, or RSA"


def grpc_takes(certificate: x509.Certificate) -> bool:
    """With another one, a server listens, or not even that, and nobody gets a connection."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return False
    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(key.curve, (ec.SECP256R1, ec.SECP384R1))
    return isinstance(key, rsa.RSAPublicKey)

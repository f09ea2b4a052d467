"""The certificate to serve HTTPS with, looked at before anything else is loaded."""

import ssl
from pathlib import Path

from app.errors import ConfigurationError

NO_PASSWORD = b""
"""Given so that an encrypted key is refused; without, OpenSSL would ask the terminal."""


def check_certificate(certificate: Path, key: Path) -> None:
    """See to it that the two PEM files can be read and belong to each other.

    Raises:
        ConfigurationError: they cannot, or do not; names the file.
    """
    for name, path in (("INSPECTOR_TLS_CERT", certificate), ("INSPECTOR_TLS_KEY", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{name}: {path} cannot be read: {error.strerror}.") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, NO_PASSWORD)
    except ssl.SSLError as error:
        raise ConfigurationError(_explained(error, certificate, key)) from error


def _explained(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"INSPECTOR_TLS_KEY: {key} is not the key of the certificate {certificate}. Give the one it belongs to."
    return (
        f"INSPECTOR_TLS_CERT, INSPECTOR_TLS_KEY: {certificate} and {key} are no PEM certificate (the server's first, "
        f"then its chain) with its key, unencrypted: {error.reason or error}."
    )

"""The certificate that HTTPS is served with, looked at before the start."""

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from app.errors import ConfigurationError
from app.tls import check_certificate

AUTHORITY = trustme.CA()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "cert.pem"
    issued = AUTHORITY.issue_cert("127.0.0.1")
    path.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    (tmp_path / "key.pem").write_bytes(issued.private_key_pem.bytes())
    return path


@pytest.fixture
def key(certificate: Path) -> Path:
    return certificate.with_name("key.pem")


def test_a_pair_passes(certificate: Path, key: Path) -> None:
    check_certificate(certificate, key)


@pytest.mark.parametrize("setting", ["INSPECTOR_TLS_CERT", "INSPECTOR_TLS_KEY"])
def test_a_file_that_is_not_there_is_named(certificate: Path, key: Path, setting: str, tmp_path: Path) -> None:
    files = {"INSPECTOR_TLS_CERT": certificate, "INSPECTOR_TLS_KEY": key} | {setting: tmp_path / "nosuch.pem"}
    with pytest.raises(ConfigurationError, match=rf"{setting}: .*nosuch\.pem cannot be read: No such file"):
        check_certificate(*files.values())


def test_a_folder_is_no_certificate(key: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"INSPECTOR_TLS_CERT: .*directory"):
        check_certificate(tmp_path, key)


def test_the_key_of_another_certificate_is_named(certificate: Path, key: Path) -> None:
    key.write_bytes(AUTHORITY.issue_cert("127.0.0.1").private_key_pem.bytes())
    with pytest.raises(ConfigurationError, match=r"INSPECTOR_TLS_KEY: .*key\.pem is not the key of .*cert\.pem"):
        check_certificate(certificate, key)


def test_what_is_no_certificate_is_told(certificate: Path, key: Path) -> None:
    certificate.write_text("no certificate")
    with pytest.raises(ConfigurationError, match=r"cert\.pem and .*key\.pem are no PEM certificate"):
        check_certificate(certificate, key)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(certificate: Path, key: Path) -> None:
    plain = load_pem_private_key(key.read_bytes(), None)
    password = BestAvailableEncryption(b"open sesame")
    key.write_bytes(plain.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, password))
    with pytest.raises(ConfigurationError, match="unencrypted"):
        check_certificate(certificate, key)

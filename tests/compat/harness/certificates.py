# Certificates of every kind, made once per run with one authority (and one that is not trusted).
# A file holds the chain and the private key, as a server or clientcert.pem wants them.
import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

_NOW = datetime.datetime.utcnow()
_DAY = datetime.timedelta(days=1)


def _key(kind):
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, 1024 if kind == "rsa-1024" else 2048)
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def _name(common):
    if common is None:
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Nameless")])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Maker:
    """Makes certificates into a directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.authorities, self.leaves = {}, {}

    def authority(self, title, issuer=None, kind="ec"):
        key = _key(kind)
        signer_key, signer = self.authorities[issuer] if issuer else (key, None)
        name = _name(f"Test authority {title}")
        certificate = (
            x509.CertificateBuilder().subject_name(name)
            .issuer_name(signer.subject if signer else name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW - 30 * _DAY).not_valid_after(_NOW + 300 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True,
                                         False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .sign(signer_key, None if isinstance(signer_key, ed25519.Ed25519PrivateKey)
                  else hashes.SHA256()))
        self.authorities[title] = (key, certificate)
        (self.directory / f"{title}.pem").write_bytes(_pem(certificate))

    def leaf(self, title, names=(), common=None, issuer="ca", kind="ec", begins=-10, ends=200,
             chain=(), addresses=()):
        """A certificate and key in title.pem; issuer None signs itself; days count from today."""
        key = _key(kind)
        signer_key, signer = self.authorities[issuer] if issuer else (key, None)
        name = _name(common)
        builder = (
            x509.CertificateBuilder().subject_name(name)
            .issuer_name(signer.subject if signer else name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW + begins * _DAY).not_valid_after(_NOW + ends * _DAY))
        others = [x509.DNSName(each) for each in names]
        others += [x509.IPAddress(each) for each in addresses]
        if others:
            builder = builder.add_extension(x509.SubjectAlternativeName(others), False)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        certificate = builder.sign(
            signer_key, None if isinstance(signer_key, ed25519.Ed25519PrivateKey)
            else hashes.SHA256())
        self.leaves[title] = (key, certificate)
        data = _pem(certificate) + b"".join(_pem(self.authorities[each][1]) for each in chain)
        (self.directory / f"{title}.pem").write_bytes(data + _key_pem(key))
        (self.directory / f"{title}.cert.pem").write_bytes(_pem(certificate))
        (self.directory / f"{title}.key.pem").write_bytes(_key_pem(key))


def make(directory):
    """Makes all the suite's certificates."""
    maker = Maker(directory)
    maker.authority("ca")
    maker.authority("ca-rsa", kind="rsa")
    maker.authority("stranger")
    maker.authority("intermediate", issuer="ca")
    good = "mx1.dest.example"
    maker.leaf(good, [good])
    maker.leaf("mx2.dest.example", ["mx2.dest.example"])
    maker.leaf("rsa", [good], kind="rsa", issuer="ca-rsa")
    maker.leaf("ed25519", [good], kind="ed25519")
    maker.leaf("weak-rsa", [good], kind="rsa-1024", issuer=None)
    maker.leaf("second-name", ["other.example", good])
    maker.leaf("upper-case", [good.upper()])
    maker.leaf("cn-only", common=good)
    maker.leaf("cn-only-wrong", common="other.example")
    maker.leaf("cn-wildcard", common="*.dest.example")
    maker.leaf("cn-good-san-wrong", ["other.example"], common=good)
    maker.leaf("cn-good-san-address", common=good, addresses=[_ip("198.51.100.1")])
    maker.leaf("address-only", addresses=[_ip("198.51.100.1")], common="other.example")
    maker.leaf("wrong-name", ["other.example"])
    maker.leaf("parent-name", ["dest.example"])
    maker.leaf("longer-name", ["a.mx1.dest.example"])
    maker.leaf("suffix-name", ["xmx1.dest.example"])
    maker.leaf("wildcard", ["*.dest.example"])
    maker.leaf("wildcard-top", ["*.example"])
    maker.leaf("wildcard-same", ["*.mx1.dest.example"])
    maker.leaf("wildcard-inside", ["mx1.*.example"])
    maker.leaf("wildcard-part", ["mx*.dest.example"])
    maker.leaf("wildcard-all", ["*"])
    maker.leaf("expired", [good], begins=-20, ends=-5)
    maker.leaf("not-yet-valid", [good], begins=5, ends=20)
    maker.leaf("self-signed", [good], issuer=None)
    maker.leaf("unknown-authority", [good], issuer="stranger")
    maker.leaf("chained", [good], issuer="intermediate", chain=["intermediate"])
    maker.leaf("chain-missing", [good], issuer="intermediate")
    maker.leaf("dest.example", ["dest.example"])
    maker.leaf("relay.example", ["relay.example"])
    maker.leaf("nul-name", ["mx1.dest.example\0.other.example"])
    maker.leaf("leaf", ["leaf.example"])
    maker.authorities["leaf"] = maker.leaves["leaf"]
    maker.leaf("signed-by-a-leaf", [good], issuer="leaf", chain=["leaf"])
    for kind in ("rsa", "ec", "ed25519"):
        maker.leaf(f"client-{kind}", common="me.example", issuer=None, kind=kind)
    maker.leaf("client-chained", common="me.example", issuer="intermediate",
               chain=["intermediate"])


def _ip(text):
    return ipaddress.ip_address(text)


class Store:
    """Finds the certificates made before."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)

    def path(self, title):
        return str(self.directory / f"{title}.pem")

    def text(self, title):
        return (self.directory / f"{title}.pem").read_text()

    def der(self, title):
        pem = (self.directory / f"{title}.cert.pem").read_bytes()
        return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)

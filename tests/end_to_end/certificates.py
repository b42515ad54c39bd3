# Certificates for the servers and for qmail-remote, made afresh for each run with keys that live
# no longer than it. Decides nothing about who shows which.
import datetime
import functools
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.utcnow()


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


@functools.cache
def rsa_key():
    """One for all, since each takes long to find."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_key(kind):
    if kind == "rsa":
        return rsa_key()
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else \
        ec.generate_private_key(ec.SECP256R1())


class Authority:
    def __init__(self, common):
        self.key = new_key("ecdsa")
        self.name = name(common)
        self.certificate = sign(self.name, self.name, self.key, self.key, authority=True)

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, common, dns_names=(), kind="ecdsa", until=NOW + DAY):
        """Certificate chain and private key, as one PEM text: (chain, key)."""
        key = new_key(kind)
        leaf = sign(name(common), self.name, key, self.key, dns_names, until)
        return leaf.public_bytes(serialization.Encoding.PEM) + self.pem(), pem(key)


def self_signed(common, kind):
    key = new_key(kind)
    leaf = sign(name(common), name(common), key, key, [common])
    return leaf.public_bytes(serialization.Encoding.PEM), pem(key)


def sign(subject, issuer, key, issuer_key, dns_names=(), until=NOW + DAY, authority=False):
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(NOW - 30 * DAY).not_valid_after(until)
               .add_extension(x509.BasicConstraints(authority, None), True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                   issuer_key.public_key()), False))
    if not authority:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
    if dns_names:
        names = [x509.DNSName(each) for each in dns_names]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    digest = None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(issuer_key, digest)


class Certificates:
    """The authority operators trust, another that they do not, and files for the servers."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.authority = Authority("Test Authority")
        self.stranger = Authority("Strange Authority")
        (self.directory / "authority.pem").write_bytes(self.authority.pem())

    def for_face(self, receiver, face):
        """Paths of the chain, of the key, and of a file with the key before the chain."""
        if face == "selfsigned":
            chain, key = self_signed("localhost.localdomain", "rsa")
        elif face == "expired":
            chain, key = self.authority.issue("expired", [receiver.mx(face)], "rsa",
                                              until=NOW - DAY)
        else:
            names = [receiver.mx(face), f"mx-only6.{receiver.domain}"]
            chain, key = self.authority.issue("a mail server", names, "rsa")
        stem = self.directory / f"{receiver.name}-{face}"
        paths = [pathlib.Path(f"{stem}.{end}") for end in ("chain.pem", "key.pem", "pem")]
        for path, content in zip(paths, (chain, key, key + chain)):
            path.write_bytes(content)
            path.chmod(0o600)
        return paths

    def client(self, kind):
        """Text of a clientcert.pem with a key of that kind."""
        return b"".join(self.client_pair(kind))

    def client_pair(self, kind="ecdsa"):
        """Chain and key."""
        return self.authority.issue("qmail client", ["client.me.example"], kind)



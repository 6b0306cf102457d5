"""A certificate authority for one test, made with the openssl command line: server and client certificates, a CRL."""

import subprocess
import tempfile
from pathlib import Path

CONFIGURATION = """
[ca]
default_ca = authority
[authority]
dir = {folder}
database = $dir/index.txt
new_certs_dir = $dir/issued
serial = $dir/serial
crlnumber = $dir/crlnumber
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = anything
unique_subject = no
[anything]
commonName = supplied
[req]
distinguished_name = subject
[subject]
[extensions_authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
"""


def openssl(*arguments):
    run = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    if run.returncode != 0:
        raise AssertionError(f"openssl {' '.join(map(str, arguments))}: {run.stderr}")
    return run.stdout


class Authority:
    """Signs certificates and takes them back.  Every key is of P-256: making one takes no time."""

    def __init__(self, name="Test Authority", folder=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="tombo-ca-"))
        (self.folder / "issued").mkdir()
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "crlnumber").write_text("01\n")
        self._configuration = self.folder / "openssl.cnf"
        self._configuration.write_text(CONFIGURATION.format(folder=self.folder))
        self.certificate, key = self.folder / "ca.pem", self.folder / "ca.key"
        openssl("req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-config", self._configuration, "-extensions", "extensions_authority", "-subj", f"/CN={name}",
                "-keyout", key, "-out", self.certificate)

    def server(self, name, *alternatives, file=None):
        """A server's certificate and key, for these DNS names and for 127.0.0.1."""
        names = ",".join([f"DNS:{one}" for one in (name, *alternatives)] + ["IP:127.0.0.1"])
        return self._issue(file or name, name, f"basicConstraints=CA:false\nextendedKeyUsage=serverAuth\nsubjectAltName={names}\n")

    def client(self, name, expired=False):
        dates = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"] if expired else []
        return self._issue(name, name, "basicConstraints=CA:false\nextendedKeyUsage=clientAuth\n", *dates)

    def _issue(self, file, name, extensions, *options):
        certificate, key, request = (self.folder / f"{file}.{ending}" for ending in ("pem", "key", "csr"))
        described = self.folder / f"{file}.ext"
        described.write_text(extensions)
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", self._configuration,
                "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl("ca", "-batch", "-notext", "-config", self._configuration, "-extfile", described, *options,
                "-in", request, "-out", certificate)
        return certificate, key

    def revoke(self, certificate):
        openssl("ca", "-config", self._configuration, "-revoke", certificate)

    def write_crl(self, path):
        """A list of what was taken back until now; replaces the file at once."""
        fresh = Path(f"{path}.new")
        openssl("ca", "-config", self._configuration, "-gencrl", "-out", fresh)
        fresh.rename(path)

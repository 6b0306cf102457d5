"""Certificates, rules, passwords and configurations of both brokers for each way in, as templates of tombo_e2e."""

import subprocess

TOMBO = """allow_anonymous = {anonymous}
{top}
[log]
connections = false

[[listener]]
port = {{port}}
address = "127.0.0.1"
{listener}
{sections}
"""
# In the order that mosquitto wants: what follows `listener` belongs to it.
MOSQUITTO = """allow_anonymous {anonymous}
log_dest none
max_inflight_messages 0
max_queued_messages 0
persistence false
set_tcp_nodelay true
{top}
{listener}
"""
RULES = 10_000
PAIRS = 10  # topics bench/0 to bench/9 of the load
USER = "alice"


class Configurations:
    """Files in one folder; of(broker, way) is the path of a configuration, or None where the broker has no such thing."""

    def __init__(self, folder, mosquitto, tomboctl, password):
        self.folder, self.mosquitto, self.tomboctl, self.password = folder, mosquitto, tomboctl, password
        folder.chmod(0o755)  # mosquitto gives up root before it reads them
        self.paths = {}
        self.tcp()
        self.tls()
        self.websocket()
        self.acl()
        self.passwords()

    def of(self, broker, way):
        return self.paths.get((broker, way))

    @property
    def tombo_tls(self):
        return self.of("tombo", "tls")

    @property
    def mosquitto_tls(self):
        return self.of("mosquitto", "tls")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def add_tombo(self, way, listener="", sections="", top="", anonymous="true"):
        text = TOMBO.format(anonymous=anonymous, top=top, listener=listener, sections=sections)
        self.paths["tombo", way] = self.write(f"{way}.toml", text)

    def add_mosquitto(self, way, listener="", top="", anonymous="true", before=""):
        listener = f"{before}listener {{port}}{'' if before else ' 127.0.0.1'}\n{listener}"
        self.paths["mosquitto", way] = self.write(f"{way}.conf", MOSQUITTO.format(anonymous=anonymous, top=top, listener=listener))

    def tcp(self):
        self.add_tombo("tcp")
        self.add_mosquitto("tcp")

    def tls(self):
        run = lambda *words: subprocess.run(("openssl", *map(str, words)), check=True, capture_output=True)
        ca, ca_key = self.folder / "ca.pem", self.folder / "ca.key"
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        run("req", "-x509", *new_key, "-keyout", ca_key, "-out", ca, "-subj", "/CN=Bench CA", "-days", 2)
        for name in ("server", "client"):
            key, asked, pem = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
            run("req", *new_key, "-keyout", key, "-out", asked, "-subj", f"/CN={name}")
            run("x509", "-req", "-in", asked, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out", pem, "-days", 2)
            self.write(pem.name, pem.read_text() + key.read_text())
        server = self.folder / "server.pem"
        self.certificate_way = f"tls13,certificate={self.folder / 'client.pem'}"
        tombo, mosquitto = f'certificates = ["{server}"]\n', f"certfile {server}\nkeyfile {server}\n"
        self.add_tombo("tls", tombo)
        self.add_mosquitto("tls", mosquitto)
        self.add_tombo("certificate", f'{tombo}ca_file = "{ca}"\nclient_certificate = "required"\n')
        self.add_mosquitto("certificate", f"{mosquitto}cafile {ca}\nrequire_certificate true\n")

    def websocket(self):
        self.add_tombo("websocket", 'protocol = "websocket"\n')
        # 2.0.11 does not start with WebSocket alone, and libwebsockets takes names of interfaces, not addresses.
        self.add_mosquitto("websocket", "protocol websockets\nsocket_domain ipv4\n", before="listener 0 {dir}/socket\n")

    def acl(self):
        """10,000 rules for everybody; those of the load's topics stand evenly among them."""
        every = RULES // PAIRS
        rules = [f"topic readwrite bench/{i // every}" if i % every == every // 2 else f"topic readwrite site/{i % 100}/line/{i}/#"
                 for i in range(RULES)]
        path = self.write("acl", "\n".join(rules) + "\n")
        self.add_tombo("acl", sections=f'[acl]\nfile = "{path}"\n')
        self.add_mosquitto("acl", top=f"acl_file {path}")

    def passwords(self):
        """The same file for both, made by mosquitto_passwd ($7$ of 101 rounds), and one by tomboctl (argon2id)."""
        pbkdf2 = self.write("pbkdf2", f"{USER}:{self.password}\n")
        subprocess.run(("mosquitto_passwd", "-U", pbkdf2), check=True, capture_output=True)
        pbkdf2.chmod(0o644)
        self.add_passwords("pbkdf2", pbkdf2)
        self.add_mosquitto("pbkdf2", top=f"password_file {pbkdf2}", anonymous="false")
        if self.tomboctl:
            argon2id = self.folder / "argon2id.passwords"
            subprocess.run((self.tomboctl, "passwd", "-c", argon2id, USER), input=f"{self.password}\n{self.password}\n", text=True,
                           check=True, capture_output=True)
            self.add_passwords("argon2id", argon2id)

    def add_passwords(self, way, path):
        self.add_tombo(way, sections=f'[auth]\nbackends = ["passwords"]\n\n[passwords]\nfile = "{path}"\n', anonymous="false")

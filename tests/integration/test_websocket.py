"""MQTT over WebSocket: MQTT.js in Node and in headless Chromium, Paho Python, each with and without TLS; handshakes by hand.

BROKER=mosquitto runs what does not depend on the broker's own manners against Debian's broker.
"""

import base64
import http.server
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
import unittest
import urllib.parse
from pathlib import Path

from paho.mqtt.client import MQTTv311, MQTTv5

from certificates import Authority
from harness import BrokerTest, DEADLINE_S, HOST, ROOT, free_port, main, testing_tombo
from paho_client import PahoClient

MODULES = Path(os.environ.get("TOMBO_NPM", ROOT / "build/npm")) / "node_modules"
PAGE = Path(__file__).with_name("websocket_page.html")
DOCUMENTED = re.search("```html\n(.*?)```", (ROOT / "docs/websocket.md").read_text(), re.S).group(1)
# Added to the documented page: sends a message as a person would and tells when it has come back.
VISITOR = """<script>
client.once('connect', () => setTimeout(() => {
  document.getElementById('text').value = 'hello'
  document.getElementById('form').requestSubmit()
}, 200))
client.on('message', (topic, payload) => setTimeout(() => {
  const lines = [...document.querySelectorAll('li')].map(line => line.textContent)
  const good = payload.toString() === 'hello' && lines.includes('hello') && state.textContent.startsWith('connected to')
  fetch('/result', { method: 'POST', body: good ? 'PASSED' : `FAILED: ${lines} ${state.textContent}` })
}))
</script>"""
CHROMIUM = shutil.which("chromium")
# Nothing that a browser does by itself, and no sandbox, which root and containers cannot have.
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-proxy-server"]


class PageServer(http.server.ThreadingHTTPServer):
    """Serves the page and MQTT.js's bundle on loopback and takes the page's result."""

    def __init__(self):
        super().__init__((HOST, 0), PageHandler)
        self.result = None
        self.come = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class PageHandler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path == "/":
            return self.answer(200, "text/html; charset=utf-8", PAGE.read_bytes())
        if path == "/documented":
            return self.answer(200, "text/html; charset=utf-8", (DOCUMENTED + VISITOR).encode())
        if path == "/mqtt.min.js":
            return self.answer(200, "text/javascript", (MODULES / "mqtt/dist/mqtt.min.js").read_bytes())
        return self.answer(404, "text/plain", b"")

    def do_POST(self):
        self.server.result = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(204, "text/plain", b"")
        self.server.come.set()

    def log_message(self, *arguments):
        pass


class WebSocketTest(BrokerTest):
    listener = 'protocol = "any"\nwebsocket_path = "/mqtt"\nwebsocket_header_bytes_max = 2000'
    mosquitto = f"protocol websockets\nlistener {free_port()} {HOST}"  # it does not start with WebSocket alone


class MqttJs(WebSocketTest):
    environment = {}

    def run_cases(self, version, protocol="ws"):
        cases = Path(__file__).with_name("mqttjs_cases.js")
        node = self.run_tool("node", cases, HOST, self.port, version, protocol,
                             env={**os.environ, "NODE_PATH": str(MODULES), **self.environment})
        self.assertEqual(node.wait_exit(120), 0, node.output())
        self.assertEqual(node.lines()[-1], "PASSED")

    def test_version_3_1_1(self):
        self.run_cases(4)

    def test_version_5(self):
        self.run_cases(5)

    def test_tcp_on_the_same_port(self):
        if not testing_tombo():
            self.skipTest("one port for both is tombo's")
        self.run_cases(5, "mqtt")


class PahoPython(WebSocketTest):
    authority = None

    def arrives(self, version):
        client = PahoClient(self.port, version, connect=False, transport="websockets")
        client.paho.ws_set_options(path="/mqtt")
        if self.authority:
            client.paho.tls_set(ca_certs=str(self.authority.certificate))
        self.addCleanup(client.end)
        client.connect()
        client.subscribe(self.topic("#"), 2)
        sent = ["", "short", "long" * 50_000]
        for qos, payload in enumerate(sent):
            client.publish_done(self.topic(str(qos)), payload, qos)
        client.wait_messages(3)
        self.assertEqual(client.payloads(), sent)

    def test_version_3_1_1(self):
        self.arrives(MQTTv311)

    def test_version_5(self):
        self.arrives(MQTTv5)


class Browser(WebSocketTest):
    scheme, flags = "ws", ()

    def run_page(self, version, path=""):
        if not CHROMIUM:
            self.skipTest("chromium is not installed (packaging/debian-packages.txt, group test)")
        server = PageServer()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        profile = tempfile.mkdtemp(prefix="tombo-chromium-")
        self.addCleanup(shutil.rmtree, profile, ignore_errors=True)
        asked = {"broker": f"{self.scheme}://{HOST}:{self.port}/mqtt", "version": version}
        if not testing_tombo():
            asked["lenient"] = 1
        url = f"http://{HOST}:{server.server_port}/{path}?{urllib.parse.urlencode(asked)}"
        browser = self.run_tool(CHROMIUM, *QUIET, *self.flags, f"--user-data-dir={profile}", url)
        come = server.come.wait(4 * DEADLINE_S)
        browser.process.terminate()  # so that its own children go with it; run_tool kills what is left
        browser.wait_exit()
        self.assertTrue(come, f"the page has said nothing; the browser:\n{browser.output()}")
        self.assertEqual(server.result.splitlines()[-1], "PASSED", server.result)

    def test_version_3_1_1(self):
        self.run_page(4)

    def test_version_5(self):
        self.run_page(5)

    def test_the_page_in_the_docs(self):
        self.run_page(5, "documented")


class Certified:
    """The same over wss, with the certificate of an authority that was made for this test."""

    @classmethod
    def setUpClass(cls):
        if not testing_tombo():
            raise unittest.SkipTest("the certificates are named to tombo")
        folder = tempfile.mkdtemp(prefix="tombo-wss-ca-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.authority = authority = Authority(folder=folder)
        certificate, key = authority.server("localhost")
        cls.listener = f'{WebSocketTest.listener}\ncertificates = ["{certificate}"]\nkeys = ["{key}"]'
        cls.environment = {"NODE_EXTRA_CA_CERTS": str(authority.certificate)}
        super().setUpClass()


class MqttJsOverTls(Certified, WebSocketTest):
    environment = {}
    run_cases = MqttJs.run_cases

    def test_version_3_1_1(self):
        self.run_cases(4, "wss")

    def test_version_5(self):
        self.run_cases(5, "wss")


class PahoPythonOverTls(Certified, PahoPython):
    pass


class BrowserOverTls(Certified, Browser):
    """The browser is not asked to know the authority, which only its own store could tell it."""
    scheme, flags = "wss", ("--ignore-certificate-errors",)


class Handshake(WebSocketTest):
    """What tombo answers to handshakes, byte by byte."""

    def setUp(self):
        super().setUp()
        if not testing_tombo():
            self.skipTest("tombo's own answers")

    def ask(self, changes=(), path="/mqtt", more=b""):
        """Sends a handshake with these headers changed (None: left out); returns status line and the whole answer."""
        headers = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(), "Sec-WebSocket-Protocol": "mqtt", **dict(changes)}
        lines = [f"GET {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items() if value is not None]
        with socket.create_connection((HOST, self.port), timeout=DEADLINE_S) as peer:
            peer.sendall("\r\n".join(lines + ["", ""]).encode() + more)
            answer = b""
            while b"\r\n\r\n" not in answer or not answer.startswith(b"HTTP/1.1 101"):
                piece = peer.recv(4096)
                if not piece:
                    break
                answer += piece
        return answer.split(b"\r\n")[0].decode(), answer.decode(errors="replace")

    def test_is_answered_or_refused(self):
        for changes, path, status in (
                ({}, "/mqtt", "101"), ({}, "/other", "404"), ({"Upgrade": None}, "/mqtt", "426"),
                ({"Sec-WebSocket-Version": "8"}, "/mqtt", "426"), ({"Sec-WebSocket-Protocol": None}, "/mqtt", "400"),
                ({"Sec-WebSocket-Protocol": "chat"}, "/mqtt", "400"), ({"Sec-WebSocket-Key": "x"}, "/mqtt", "400"),
                ({"X-Long": "x" * 3000}, "/mqtt", "431")):
            with self.subTest(changes=changes, path=path):
                line, answer = self.ask(changes, path)
                self.assertTrue(line.startswith(f"HTTP/1.1 {status} "), answer)
                self.assertEqual("\r\nConnection: close\r\n" in answer, status != "101")

    def test_a_refusal_arrives_whole_although_more_was_sent(self):
        # A socket that is closed with unread bytes resets, and the answer would be lost.
        line, answer = self.ask({"Sec-WebSocket-Protocol": "chat"}, more=b"x" * 200_000)
        self.assertTrue(line.startswith("HTTP/1.1 400 "), answer)
        self.assertTrue(answer.endswith("must offer mqtt\n"), answer)


if __name__ == "__main__":
    if not (MODULES / "mqtt").is_dir():
        print(f"MQTT.js is not in {MODULES}: run tests/run.sh, or npm install --prefix build/npm mqtt@5")
        sys.exit(77)  # ctest shows the test as skipped
    main()

"""tombo-bench against a real broker: every sub-command, every QoS, both versions, and nothing goes wrong.

TOMBO_BENCH_BIN names the tool (default: beside the tombo binary).
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from harness import (BrokerTest, HOST, end_with_parent, free_port, main, raise_descriptor_limit, tombo_binary,
                     wait_until)

BENCH = os.environ.get("TOMBO_BENCH_BIN") or str(Path(tombo_binary()).parent / "tombo-bench")
RUN_LIMIT_S = 100


def bench(*arguments):
    """Runs the tool to its end."""
    return subprocess.run([BENCH, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=RUN_LIMIT_S)


class ToolTest(BrokerTest):
    # Its default of 20 is told to 5.0 clients only; others it cuts off when they have more QoS 2 messages under way.
    mosquitto = "max_inflight_messages 0"

    def run_bench(self, command, *arguments, code=0, port=None):
        """The report of one run as the JSON has it."""
        run = bench(command, "-h", HOST, "-p", port or self.port, "--no-live", "--quiet", "--json", "-", *arguments)
        self.assertEqual(run.returncode, code, run.stderr + run.stdout[:2000])
        if code == 0:
            self.assertEqual(run.stderr, "")
        return json.loads(run.stdout)["runs"][0] if run.stdout else None

    def expect_no_faults(self, report, received):
        self.assertEqual(set(report["faults"].values()), {0}, report)
        self.assertTrue(report["promise_kept"])
        self.assertEqual(report["totals"]["received_in_all"], received)

    def expect_one_line(self, code, pattern, *arguments):
        run = bench(*arguments)
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertRegex(run.stderr, pattern)
        self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        self.assertEqual(run.stdout, "")


class SubCommands(ToolTest):
    def test_pairs_at_every_qos_and_version(self):
        for version in ("3.1.1", "5"):
            for qos in (0, 1, 2):
                with self.subTest(version=version, qos=qos):
                    report = self.run_bench("pubsub", "-V", version, "-q", qos, "-c", 4, "-n", 2000)
                    self.expect_no_faults(report, 8000)
                    self.assertEqual(report["totals"]["sent_in_all"], 8000)

    def test_mqtt_3_1(self):
        self.expect_no_faults(self.run_bench("pubsub", "-V", "3.1", "-q", 2, "-c", 2, "-n", 500), 1000)

    def test_the_subscription_lowers_the_qos(self):
        report = self.run_bench("pubsub", "--publish-qos", 2, "--subscribe-qos", 1, "-c", 2, "-n", 1000)
        self.expect_no_faults(report, 2000)

    def test_every_topology(self):
        deliveries = {"fan-in": 2000, "fan-out": 4 * 500, "shared": 2000, "wildcard": 2000, "request-response": 2000}
        for topology, received in deliveries.items():
            for version, qos in (("5", 1), ("5", 2), ("3.1.1", 1)):
                if topology == "shared" and version != "5":
                    continue
                with self.subTest(topology, version=version, qos=qos):
                    counts = ["--subscribers", 4] if topology == "fan-out" else ["--publishers", 4]
                    report = self.run_bench("pubsub", "--topology", topology, "-V", version, "-q", qos, *counts,
                                            "-n", 500, "--name", topology)
                    self.expect_no_faults(report, received)
                    self.assertEqual(report["name"], topology)

    def test_several_threads(self):
        for topology in ("pairs", "fan-out", "shared"):
            report = self.run_bench("pubsub", "--topology", topology, "--threads", 3, "--publishers", 6,
                                    "--subscribers", 6, "-q", 1, "-n", 500)
            self.expect_no_faults(report, 18000 if topology == "fan-out" else 3000)

    def test_pub_and_sub_as_two_processes(self):
        with tempfile.TemporaryDirectory() as folder:
            record = Path(folder) / "record.csv"
            sub = self.run_tool(BENCH, "sub", "-p", self.port, "-t", self.topic("#"), "-q", 1, "-n", 3000, "-d", 60,
                                "--quiet", "--json", Path(folder) / "sub.json", "--record", record)
            # The subscriber is ready when a retained message has reached it: the record is written as they arrive.
            self.run_bench("pub", "-c", 1, "-n", 1, "-r", "-q", 1, "-t", self.topic("ready"))
            report = self.run_bench("pub", "-c", 3, "-n", 1000, "-q", 1, "-t", self.topic("%i"))
            self.assertEqual(report["totals"]["acknowledged"], 3000)
            # Where publishing was quicker than the subscription, the rest is sent again until enough has come.
            while sub.process.poll() is None:
                self.run_bench("pub", "-c", 3, "-n", 1000, "-q", 1, "-t", self.topic("%i"))
            self.assertEqual(sub.wait_exit(), 0, sub.output())
            report = json.loads((Path(folder) / "sub.json").read_text())["runs"][0]
            self.assertGreaterEqual(report["totals"]["received_in_all"], 3000)
            self.assertEqual(report["faults"]["corrupted"], 0)
            lines = record.read_text().splitlines()
            self.assertRegex(lines[0], r"^\d{16}$")
            self.assertRegex(lines[1], r"^\d{16},tb-\w{4}-0,R,-?\d+$")

    def test_templates_and_files(self):
        with tempfile.NamedTemporaryFile() as payload:
            payload.write(os.urandom(300_000))
            payload.flush()
            report = self.run_bench("pubsub", "-c", 2, "-n", 50, "-q", 2, "--payload-file", payload.name)
            self.expect_no_faults(report, 100)
        report = self.run_bench("pubsub", "-c", 2, "-n", 500, "-q", 1, "-u", "u%i", "-t", self.topic("%i/%u/%s"),
                                "-m", "number %s of %c at %t")
        self.expect_no_faults(report, 1000)

    def test_retained(self):
        report = self.run_bench("retained", "-n", 5000, "-t", self.topic("%r/%s"), "-q", 1)
        self.expect_no_faults(report, 5000)
        self.assertIn("delivered per second", json.dumps(report["figures"]))

    def test_subs(self):
        report = self.run_bench("subs", "--filters", 5000, "-c", 5, "-n", 1000, "-q", 1)
        self.expect_no_faults(report, 5000)

    def test_latency_on_a_schedule(self):
        report = self.run_bench("latency", "--rate", 1000, "-c", 2, "-n", 250, "-q", 1)
        self.expect_no_faults(report, 500)
        self.assertGreaterEqual(report["measured_s"], 0.49)

    def test_measures_the_process_of_the_broker(self):
        report = self.run_bench("pubsub", "-c", 2, "-d", 0.5, "--ramp-up", 0.1, "--broker-pid", self.broker.pid)
        self.assertGreater(report["broker"]["cpu_s"], 0)
        self.assertGreater(report["broker"]["rss_after_bytes"], 100_000)

    def test_source_addresses(self):
        report = self.run_bench("conn", "-c", 10, "-d", 0.1, "--source-address", "127.0.0.2-6")
        self.assertEqual(report["connections"]["connects"], 10)

    def test_churn(self):
        report = self.run_bench("conn", "-c", 10, "-d", 0.5, "--churn", 100)
        self.assertGreater(report["connections"]["connects"], 10)
        self.assertEqual(report["connections"]["lost"], 0)

    def test_a_kept_session_is_resumed(self):
        arguments = ["-c", 1, "-n", 100, "-q", 1, "--clean-start=false", "-x", 60, "--client-id", self.topic("%i")]
        for _ in range(2):
            self.expect_no_faults(self.run_bench("pubsub", *arguments, "-t", self.topic("%r")), 100)

    def test_ten_thousand_idle_connections(self):
        if raise_descriptor_limit() < 11_000:
            self.skipTest("the descriptor limit of this machine is too low")
        report = self.run_bench("conn", "-c", 10_000, "-d", 1, "--broker-pid", self.broker.pid)
        self.assertEqual(report["connections"]["connects"], 10_000)
        self.assertEqual(report["connections"]["failures"], 0)
        self.assertEqual(report["connections"]["lost"], 0)

    def test_control_c_ends_with_the_report(self):
        tool = self.run_tool(BENCH, "pubsub", "-p", self.port, "-c", 2, "-d", 600, "-q", 1)
        tool.wait_for(r"received +[\d,]+/s")
        tool.process.send_signal(signal.SIGINT)
        self.assertEqual(tool.wait_exit(), 0, tool.output())
        self.assertTrue(tool.lines("promise kept: 0 lost"), tool.output())

    def test_a_scenario_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(f"[defaults]\nport = {self.port}\nmessages = 200\npublishers = 2\nsubscribers = 2\n"
                       "ramp-up = 0\n\n[[run]]\nname = \"one\"\nqos = 1\n\n[[run]]\nname = \"two\"\nqos = 2\n")
            file.flush()
            run = bench("run", file.name, "--quiet", "--no-live", "--json", "-")
            self.assertEqual(run.returncode, 0, run.stderr)
            runs = json.loads(run.stdout)["runs"]
            self.assertEqual([(r["name"], r["totals"]["received_in_all"]) for r in runs], [("one", 400), ("two", 400)])

    def test_an_mqttloader_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(f"broker = {HOST}\nbroker_port = {self.port}\nnum_publishers = 2\nnum_subscribers = 2\n"
                       f"qos_publisher = 1\nqos_subscriber = 1\nnum_messages = 100\nsubscriber_timeout = 1\n"
                       f"topic = {self.topic()}\n")
            file.flush()
            run = bench("loader", "-c", file.name)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertRegex(run.stdout, "Number of published messages: 200")
            self.assertRegex(run.stdout, "Number of received messages: 400")


class Mistakes(ToolTest):
    """One clear line on stderr, and an exit code of its own."""

    def test_bad_options(self):
        self.expect_one_line(2, "no command")
        self.expect_one_line(2, "no command 'pbu'", "pbu")
        self.expect_one_line(2, "--qos must be 0, 1 or 2", "pub", "-q", 3)
        self.expect_one_line(2, "--size must be between 24", "pub", "-s", 23)
        self.expect_one_line(2, "--nonsense", "conn", "--nonsense", 1)
        self.expect_one_line(2, "WebSocket is not built yet", "pub", "--ws")
        self.expect_one_line(2, "no.such.conf", "loader", "-c", "/no.such.conf")
        self.expect_one_line(2, "no.such.toml", "run", "/no.such.toml")

    def test_unreachable(self):
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            self.expect_one_line(3, "Connection refused", "pub", "-p", taken.getsockname()[1])
        self.expect_one_line(3, "no.such.host.invalid", "sub", "-h", "no.such.host.invalid")

    def test_tls_to_a_port_without(self):
        self.expect_one_line(5, "TLS handshake failed", "pubsub", "-p", self.port, "--tls")

    def test_help_tells_the_exit_codes(self):
        for arguments in (["--help"], ["conn", "--help"]):
            run = bench(*arguments)
            self.assertEqual(run.returncode, 0)
            self.assertIn("Exit codes", run.stdout)


class Refused(ToolTest):
    """A broker that lets nobody in without a password."""

    def test_a_wrong_password(self):
        conf = self.broker_with_password()
        for version in ("3.1.1", "5"):
            self.expect_one_line(4, "(?i)not authori[sz]ed|bad user name", "pub", "-p", conf.port, "-V", version,
                                 "-u", "joe", "-P", "wrong")
        report = self.run_bench("pubsub", "-c", 2, "-n", 10, "-u", "joe", "-P", "secret", port=conf.port)
        self.expect_no_faults(report, 20)

    def broker_with_password(self):
        """Debian's mosquitto, which has had password files for long."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        passwords = Path(folder.name) / "passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "joe", "secret"], check=True, capture_output=True)
        broker = Mosquitto(folder.name, f"allow_anonymous false\npassword_file {passwords}\n")
        self.addCleanup(broker.stop)
        return broker


class Tls(ToolTest):
    """TLS of the tool, against Debian's mosquitto."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory()
        make_certificates(cls.folder.name)
        f = cls.folder.name
        cls.tls = Mosquitto(f, f"allow_anonymous true\ncafile {f}/ca.crt\ncertfile {f}/server.crt\n"
                               f"keyfile {f}/server.key\nrequire_certificate true\n")

    @classmethod
    def tearDownClass(cls):
        cls.tls.stop()
        cls.folder.cleanup()
        super().tearDownClass()

    def flags(self, *, ca="ca", client=True):
        f = self.folder.name
        certificate = ["--cert", f"{f}/client.crt", "--key", f"{f}/client.key"] if client else []
        return ["--tls", "--ca", f"{f}/{ca}.crt", *certificate]

    def test_messages_of_every_qos_and_size(self):
        for qos in (0, 1, 2):
            for size, count in ((64, 2000), (100_000, 50)):
                report = self.run_bench("pubsub", *self.flags(), "-c", 2, "-n", count, "-q", qos, "-s", size,
                                        port=self.tls.port)
                self.expect_no_faults(report, 2 * count)

    def test_a_stranger_is_not_trusted(self):
        self.expect_one_line(5, "certificate verify failed", "pub", "-p", self.tls.port, *self.flags(ca="stranger"))
        self.expect_one_line(5, "certificate verify failed.*mismatch", "pub", "-p", self.tls.port, *self.flags(), "--server-name", "other.example")

    def test_without_the_certificate_that_is_asked_for(self):
        self.expect_one_line(5, "TLS", "pub", "-p", self.tls.port, *self.flags(client=False))

    def test_insecure_takes_any(self):
        report = self.run_bench("conn", *self.flags(ca="stranger"), "--insecure", "-c", 3, "-d", 0.1, port=self.tls.port)
        self.assertEqual(report["connections"]["connects"], 3)


class Mosquitto:
    """A mosquitto of its own configuration."""

    def __init__(self, folder, lines):
        self.port = free_port()
        config = Path(folder) / "mosquitto.conf"
        config.write_text(f"user root\nlog_dest none\nmax_queued_messages 0\nset_tcp_nodelay true\nlistener {self.port} {HOST}\n{lines}")
        self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent)
        wait_until(self.accepts, "mosquitto accepts connections")

    def accepts(self):
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def make_certificates(folder):
    """A CA, a stranger, a server for 127.0.0.1 and a client; all of them by openssl's command line."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    for ca in ("ca", "stranger"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={ca}", "-keyout",
                f"{ca}.key", "-out", f"{ca}.crt")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out",
                f"{name}.csr")
        (Path(folder) / "ext").write_text(f"subjectAltName = IP:{HOST}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2", "-extfile", "ext", "-out", f"{name}.crt")


if __name__ == "__main__":
    raise_descriptor_limit()  # brokers that do not do so themselves inherit it
    main()

"""The options of bridges, seen from the other side: what Debian's mosquitto logs, what openssl is shown, what a tombo gets."""

import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from bridged import BridgeTest, bridge
from certificates import Authority, openssl
from harness import HOST, Broker, Tool, free_port, main, wait_until
from strace import env_of_traced, strace_reason

STATE = "$SYS/broker/connection/{}/state"


class Refuser:
    """A broker that knows no levels but those of the standard, as several do; keeps the levels that it was asked for."""

    def __init__(self):
        self.socket = socket.create_server((HOST, 0))
        self.port = self.socket.getsockname()[1]
        self.levels, self.kept = [], []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            got = b""
            while b"MQTT" not in got or len(got) < got.index(b"MQTT") + 5:
                more = peer.recv(1024)
                if not more:
                    break
                got += more
            else:
                self.levels.append(got[got.index(b"MQTT") + 4])
                peer.sendall(b"\x20\x02\x00\x01" if self.levels[-1] > 5 else b"\x20\x02\x00\x00")
                self.kept.append(peer)
                if self.levels[-1] > 5:
                    peer.close()

    def end(self):
        self.socket.close()


class AtMosquitto(BridgeTest):
    """What mosquitto's log says of those who connect."""

    def test_who_connects_and_how(self):
        there = self.mosquitto("log_type all")
        here = self.tombo(
            bridge("v31", there.port, ["in/# in 2", "out/a out 0"], 'version = "3.1"', 'client_id = "old"') +
            bridge("v311", there.port, ["in/# in 2", "out/b out 0"], 'client_id = "middle"', "attempt_unsubscribe = false") +
            bridge("v5", there.port, ["in/# in 2", "out/c out 0"], 'version = "5"', 'client_id = "new"', "keep_alive_s = 77") +
            bridge("plain", there.port, ["in/# in 2", "out/d out 0"], "try_private = false", 'bind_address = "127.0.0.2"',
                   'user_name = "gateway"', 'client_id = "quiet"', "clean_session = true", "notifications = false"))
        for name in ("v31", "v311", "v5", "plain"):
            self.up(here, name)
        wait_until(lambda: "\tout/d\n" in there.log(), "the last one has unsubscribed")
        log = there.log()
        for line in (r"New bridge connected from 127\.0\.0\.1:\d+ as old \(p1, c0, k60\)",
                     r"New bridge connected from 127\.0\.0\.1:\d+ as middle \(p2, c0, k60\)",
                     r"New client connected from 127\.0\.0\.1:\d+ as new \(p5, c0, k77\)",
                     r"New client connected from 127\.0\.0\.2:\d+ as quiet \(p2, c1, k60, u'gateway'\)\.\n\d+: No will message specified"):
            self.assertRegex(log, line)
        for topic in ("\tout/a\n", "\tout/c\n", "\tout/d\n"):  # from what only goes out
            self.assertIn(topic, log)
        self.assertNotIn("\tout/b\n", log)

    def test_the_private_bit_is_left_out_where_it_is_refused(self):
        there = Refuser()
        self.addCleanup(there.end)
        here = self.tombo(bridge("to", there.port, ["t/# out 0"]) + bridge("plain", there.port, ["t/# out 0"], "try_private = false"))
        self.up(here, "to")
        self.up(here, "plain")
        self.assertEqual(sorted(there.levels), [4, 4, 0x84])
        here.says("bridge to: the other broker does not know bridges; trying without")

    def test_to_a_bridge_of_mosquitto_nothing_is_sent_back(self):
        here = self.tombo()
        there = self.mosquitto("log_type all", "connection c", f"address {HOST}:{here.port}", "topic t/# both 1", "try_private true",
                               "restart_timeout 1", "remote_clientid c")
        near = self.reader(here.port, STATE.format("c"), "t/#")
        wait_until(lambda: "1" in near.payloads(), "mosquitto's bridge is there")
        self.client(there.port).publish_done("t/x", "from there", 1)
        near.wait_messages(2)
        far = self.reader(there.port, "t/#")
        self.client(here.port).publish_done("t/x", "from here", 1)
        far.wait_messages(1)
        # What was sent back would have come before.
        self.assertEqual(far.payloads(), ["from here"])
        self.assertEqual(len(re.findall(r"Received PUBLISH from local\.c .*'t/x'", there.log())), 1)

    def test_notifications_there_and_here(self):
        there = self.mosquitto()
        here = self.tombo(bridge("all", there.port, ["t/# out 1"], 'client_id = "all"') +
                          bridge("own", there.port, ["t/# out 1"], 'client_id = "own"', 'notification_topic = "links/own"') +
                          bridge("local", there.port, ["t/# out 1"], 'client_id = "local"', "notifications_local_only = true") +
                          bridge("none", there.port, ["t/# out 1"], 'client_id = "none"', "notifications = false"))
        far = self.reader(there.port, STATE.format("+"), "links/#")
        near = self.reader(here.port, STATE.format("+"), "links/#")

        def said(client):
            return {message.topic: message.payload.decode() for message in client.messages}
        every = {STATE.format("all"): "1", "links/own": "1"}
        wait_until(lambda: said(near) == {**every, STATE.format("local"): "1"}, "all but one tell it here")
        wait_until(lambda: said(far) == every, "two tell it there")
        here.process.kill()
        here.process.wait()
        wait_until(lambda: said(far) == dict.fromkeys(every, "0"), "their wills say 0")
        late = self.reader(there.port, STATE.format("+"), "links/#")
        late.wait_messages(2)
        self.assertTrue(all(message.retain for message in late.messages))
        here.start()

    def test_retained_messages_go_out_as_what_they_are_unless_told_otherwise(self):
        there = self.mosquitto()
        here = self.tombo(bridge("keep", there.port, ['t/# out 1 "" keep/']) +
                          bridge("drop", there.port, ['t/# out 1 "" drop/'], "outgoing_retain = false"))
        self.up(here, "keep")
        self.up(here, "drop")
        far = self.reader(there.port, "+/t/#")
        self.client(here.port).publish_done("t/x", "it", 1, retain=True)
        far.wait_messages(2)
        late = self.reader(there.port, "+/t/#", "end")
        self.client(there.port).publish_done("end", "", 1)
        late.wait_messages(2)
        self.assertEqual([message.topic for message in late.messages], ["keep/t/x", "end"])

    def test_what_is_too_long_for_the_other_broker_is_given_up(self):
        there = self.mosquitto("max_packet_size 300")
        other = self.mosquitto()
        here = self.tombo(bridge("told", there.port, ["t/# out 1"], 'version = "5"') +
                          bridge("set", other.port, ["t/# out 1"], "outgoing_packet_bytes_max = 300"))
        self.up(here, "told")
        self.up(here, "set")
        readers = [self.reader(broker.port, "t/#") for broker in (there, other)]
        writer = self.client(here.port)
        for size in (1000, 100, 1000, 10):
            writer.publish_done("t/x", "x" * size, 1)
        for reader in readers:
            reader.wait_messages(2)
            self.assertEqual([len(payload) for payload in reader.payloads()], [100, 10])
        for name in ("told", "set"):
            self.figures(here.port, name, dropped=2, sent=2, in_flight=0, queued__messages=0, reconnects=0)
            longer = f"bridge {name}: a message on t/x is not carried: it is longer"
            here.says(longer)
            self.assertEqual(here.log().count(longer), 1)

    def test_what_nobody_asked_for_is_not_taken(self):
        there = self.mosquitto()
        # A subscription that the bridge had under an earlier configuration and that the session there has kept.
        before = self.client(there.port, client_id="site", version=4, clean=False)
        before.subscribe("former/#", 1)
        before.disconnect()
        here = self.tombo(bridge("to", there.port, ["now/# in 1 here/ there/"], 'client_id = "site"'))
        self.up(here, "to")
        near = self.reader(here.port, "#")
        writer = self.client(there.port)
        for topic in ("former/x", "former/y", "there/now/x"):
            writer.publish_done(topic, topic, 1)
        near.wait_messages(1)
        self.assertEqual([message.topic for message in near.messages], ["here/now/x"])
        self.figures(here.port, "to", dropped=2, received=3)
        here.says("a message on former/")
        self.assertEqual(here.log().count("a message on former/"), 1)

    def test_a_lazy_one_comes_when_enough_waits_and_goes_when_it_is_idle(self):
        there = self.mosquitto()
        here = self.tombo(bridge("to", there.port, ["t/# out 1"], 'start = "lazy"', "threshold = 3", "idle_timeout_s = 1",
                                 'client_id = "lazy"'))
        far = self.reader(there.port, "t/#")
        counts = self.reader(here.port, *(f"$SYS/broker/bridge/to/{leaf}" for leaf in ("queued/messages", "in_flight")))
        writer = self.client(here.port)
        for turn in range(2):
            for number in range(2):
                writer.publish_done("t/x", str(number), 1)
            wait_until(lambda: sum({m.topic: int(m.payload) for m in counts.messages}.values()) == 2, "two wait")
            self.assertEqual(there.log().count(" as lazy "), turn)
            writer.publish_done("t/x", "2", 1)
            far.wait_messages(3 * (turn + 1))
            wait_until(lambda: there.log().count("Client lazy disconnected") == turn + 1, "it has gone")
        self.state(here.port, "to", "idle")
        self.assertEqual(far.payloads(), ["0", "1", "2"] * 2)
        self.assertNotIn("bridge to: connection lost", here.log())

    def test_the_socket_is_as_the_options_say(self):
        if reason := strace_reason():
            self.skipTest(reason)
        there = self.mosquitto()
        folder = Path(tempfile.mkdtemp(prefix="tombo-bridge-trace-"))
        self.addCleanup(shutil.rmtree, folder, True)
        here = Broker(sections=bridge("to", there.port, ["t/# out 1"], "tcp_keepalive_s = 1234", "tcp_user_timeout_ms = 5678"))
        here.command = ["strace", "-D", "-f", "-e", "trace=setsockopt", "-o", str(folder / "trace"), *here.command]
        here.env = env_of_traced()
        here.start()
        self.addCleanup(here.stop)
        self.up(here, "to")
        here.stop()
        trace = (folder / "trace").read_text(errors="replace")
        for option in (r"TCP_NODELAY, \[1\]", r"SO_KEEPALIVE, \[1\]", r"TCP_KEEPIDLE, \[1234\]", r"TCP_USER_TIMEOUT, \[5678\]"):
            self.assertRegex(trace, option)


class SeveralAddresses(BridgeTest):
    def test_the_first_address_is_gone_back_to_unless_all_are_equal(self):
        first, second = self.mosquitto(), self.mosquitto()
        ports = [first.port, second.port]
        here = self.tombo(bridge("back", ports, ["t/# out 1"], 'client_id = "back"', host="localhost") +
                          bridge("equal", ports, ["t/# out 1"], 'client_id = "equal"', "round_robin = true"))

        def at(broker, name, count=1):
            wait_until(lambda: broker.log().count(f" as {name} (") >= count, f"{name} is at {broker.port}, time {count}")
        for name in ("back", "equal"):
            at(first, name)
        self.assertNotIn("New connection", second.log())
        first.stop()
        for name in ("back", "equal"):
            at(second, name)
        first.start()
        at(first, "back", 2)
        self.assertEqual(first.log().count(" as equal ("), 1)
        far = self.reader(first.port, "t/#")
        # What waits goes to whichever it is connected to.
        second.stop()
        at(first, "equal", 2)
        self.client(here.port).publish_done("t/x", "it", 1)
        far.wait_messages(2)
        self.assertEqual(far.payloads(), ["it", "it"])
        self.figures(here.port, "equal", reconnects=2, state="connected")


class Reloaded(BridgeTest):
    def test_a_lazy_change_waits_for_the_next_connection_and_others_notice_nothing(self):
        stays, there = self.mosquitto("log_type all"), self.mosquitto()
        kept = bridge("kept", stays.port, ["t/# out 1"], 'client_id = "kept"')
        here = self.tombo(kept + bridge("to", there.port, ["t/# out 1"], 'reload = "lazy"'))
        self.up(here, "kept")
        self.up(here, "to")
        here.sections = kept + bridge("to", there.port, ["u/# out 1"], 'reload = "lazy"') + bridge("new", stays.port, ["n/# out 1"])
        here.write_config()
        here.signal(signal.SIGHUP)
        self.up(here, "new")
        far = self.reader(there.port, "#")
        writer = self.client(here.port)
        for topic in ("u/1", "t/1"):
            writer.publish_done(topic, topic, 1)
        far.wait_messages(1)
        self.assertEqual(far.payloads(), ["t/1"])
        there.stop()
        there.start()
        self.up(here, "to", 2)
        far = self.reader(there.port, "#")
        for topic in ("t/2", "u/2"):
            writer.publish_done(topic, topic, 1)
        far.wait_messages(1)
        self.assertEqual(far.payloads(), ["u/2"])
        here.sections = kept
        here.write_config()
        here.signal(signal.SIGHUP)
        wait_until(lambda: "bridge new is not wanted any more" in here.log() and "bridge to is not wanted any more" in here.log(),
                   "two are gone")
        writer.publish_done("t/3", "t/3", 1)
        far = stays.log
        wait_until(lambda: "'t/3'" in far(), "the one that was left alone carries on")
        self.assertEqual(far().count("New connection"), 2)  # its own and that of `new`
        self.assertEqual(far().count(" as kept ("), 1)


    def test_each_connection_has_its_figures_for_as_long_as_it_is_wanted(self):
        there = self.mosquitto()
        here = self.tombo(bridge("to", there.port, ["t/# out 1"], "connections = 2"))
        zero = dict.fromkeys(("queued__messages", "queued__bytes", "in_flight", "sent", "received", "dropped", "looped",
                              "reconnects"), 0)
        for name in ("to.1", "to.2"):
            self.up(here, name)
            self.figures(here.port, name, state="connected", **zero)
        here.sections = ""
        here.write_config()
        here.signal(signal.SIGHUP)

        def left():
            late = self.reader(here.port, "$SYS/broker/bridge/#", "end")
            self.client(here.port).publish_done("end", "", 1)
            wait_until(lambda: "end" in [m.topic for m in late.messages], "all that is retained has come")
            return [m.topic for m in late.messages][:-1]
        wait_until(lambda: left() == ["$SYS/broker/bridge/looped"], "nothing is retained of them")


class Lost(BridgeTest):
    def test_kill_9_in_the_midst_loses_nothing_of_what_was_acknowledged(self):
        store = tempfile.mkdtemp(prefix="tombo-bridge-store-")
        self.addCleanup(shutil.rmtree, store, True)
        there = self.mosquitto("max_queued_messages 0")
        far = self.reader(there.port, "t/#", qos=1)
        here = self.tombo(bridge("to", there.port, ["t/# out 1"]) + f'[persistence]\ndirectory = "{store}"\n')
        self.up(here, "to")
        writer = self.client(here.port, version=4)
        sent = [writer.publish("t/x", str(number), 1) for number in range(2000)]
        wait_until(lambda: len(writer.published) >= 500, "some are acknowledged")
        here.process.kill()
        here.process.wait()
        writer.paho.loop_stop()
        acknowledged = [number for number, info in enumerate(sent) if info.mid in writer.published]
        here.start()
        self.up(here, "to", 2)
        wait_until(lambda: {str(number) for number in acknowledged} <= set(far.payloads()), "all that was acknowledged is there")
        self.assertLess(len(acknowledged), 2000)
        first = list(dict.fromkeys(map(int, far.payloads())))
        self.assertEqual(first, sorted(first))

    def test_a_ring_with_a_mosquitto_in_it_is_cut_and_whole_again(self):
        self.mixed_ring('version = "5"')

    def test_a_ring_of_3_1_1_with_a_mosquitto_in_it(self):
        self.mixed_ring("loop_window_s = 100")  # longer than a busy machine takes

    def mixed_ring(self, option):
        folder = tempfile.mkdtemp(prefix="tombo-bridge-store-")
        self.addCleanup(shutil.rmtree, folder, True)
        middle = self.mosquitto("persistence true", f"persistence_location {folder}/", "autosave_interval 1")
        ports = [free_port(), free_port()]
        to_middle = [bridge("middle", middle.port, ["t/# both 1"], option, f'client_id = "t{at}"') for at in (0, 1)]
        ring = [self.tombo(to_middle[0] + bridge("next", ports[1], ["t/# both 1"], option, 'client_id = "n0"'), port=ports[0]),
                self.tombo(to_middle[1], port=ports[1])]
        self.up(ring[0], "next")
        for broker in ring:
            self.up(broker, "middle")
        everywhere = [*ports, middle.port]
        readers = [self.reader(port, "t/#") for port in everywhere]

        def told(word, *which):
            for at in which:
                self.client(everywhere[at]).publish_done("t/x", f"{word} {at}", 1)

        def heard(word, *which, by=(0, 1, 2)):
            wanted = {f"{word} {at}" for at in which}
            for at in by:
                wait_until(lambda: wanted <= set(readers[at].payloads()), f"{wanted} at {at}: {readers[at].payloads()}")
        told("whole", 0, 1, 2)
        heard("whole", 0, 1, 2)
        middle.stop()
        told("cut", 0, 1)
        heard("cut", 0, 1, by=(0, 1))
        middle.start()
        readers[2] = self.reader(middle.port, "t/#")
        for broker in ring:
            self.up(broker, "middle", 2)
        told("again", 0, 1, 2)
        heard("again", 0, 1, 2)
        # It comes to rest: nothing passes any more while two reports of $SYS are made.
        def passed():
            counts = self.reader(ports[0], *(f"$SYS/broker/bridge/{name}/{leaf}" for name in ("middle", "next")
                                             for leaf in ("sent", "received")), "$SYS/broker/uptime")
            wait_until(lambda: sum("uptime" in m.topic for m in counts.messages) >= 3, "two reports")
            return sorted((m.topic, m.payload) for m in counts.messages if "uptime" not in m.topic)
        wait_until(lambda: len(passed()) == 4, "the ring comes to rest")
        # There are two ways round; what begins at mosquitto, which has no id, comes back to it by both.
        for most, reader in zip((2, 2, 3), readers):
            for at in range(3):
                self.assertLessEqual(reader.payloads().count(f"again {at}"), most, reader.payloads())


class Shaken(BridgeTest):
    """TLS: what the bridge offers, and what it wants."""

    def setUp(self):
        self.authority = Authority()
        self.addCleanup(shutil.rmtree, self.authority.folder, True)
        self.certificate, self.key = self.authority.server("localhost")
        self.trust = f'ca_file = "{self.authority.certificate}"'

    def answer(self, name, signer=None):
        """What the authority says of the certificate at present, as a staple; or what `signer` says in its place."""
        request, answer = self.authority.folder / f"{name}.req", self.authority.folder / f"{name}.der"
        issuer, signer = self.authority.certificate, signer or self.authority
        openssl("ocsp", "-issuer", issuer, "-cert", self.certificate, "-no_nonce", "-reqout", request)
        openssl("ocsp", "-index", self.authority.folder / "index.txt", "-CA", issuer, "-rsigner", signer.certificate,
                "-rkey", signer.folder / "ca.key", "-reqin", request, "-respout", answer, "-ndays", "7")
        return answer

    def server(self, *arguments):
        """openssl s_server, which speaks TLS and no MQTT, and tells what it was offered."""
        port = free_port()
        tool = Tool(["openssl", "s_server", "-accept", f"{HOST}:{port}", "-cert", self.certificate, "-key", self.key, *arguments],
                    stdin=subprocess.PIPE)
        self.addCleanup(tool.kill)
        tool.wait_for("ACCEPT")
        return port, tool

    def test_the_protocol_and_the_suites_that_are_offered(self):
        port, tool = self.server("-alpn", "x-amzn-mqtt-ca,mqtt", "-state")
        here = self.tombo(bridge("to", port, ["t/# out 1"], self.trust, 'alpn = "x-amzn-mqtt-ca"',
                                 'ciphersuites = "TLS_CHACHA20_POLY1305_SHA256"', host="localhost"))
        tool.wait_for("ALPN protocols selected: x-amzn-mqtt-ca|ALPN protocols advertised by the client: x-amzn-mqtt-ca")
        tool.wait_for("Shared ciphers:TLS_CHACHA20_POLY1305_SHA256$|CIPHER is TLS_CHACHA20_POLY1305_SHA256")
        self.assertNotIn("not accepted", here.log())

    def test_a_staple_that_is_good(self):
        there = self.tombo(listener=f'certificates = ["{self.certificate}"]\nkeys = ["{self.key}"]\nocsp_file = "{self.answer("good")}"\n')
        here = self.tombo(bridge("to", there.port, ["t/# out 1"], self.trust, "require_ocsp = true", host="localhost"))
        self.up(here, "to")

    def test_staples_that_are_not_good(self):
        another = Authority("Another")
        self.addCleanup(shutil.rmtree, another.folder, True)
        by_another, nothing = self.answer("another", another), []
        self.authority.revoke(self.certificate)
        for staple in (["-status_file", self.answer("revoked")], ["-status_file", by_another], nothing):
            port, _ = self.server(*staple)
            here = self.tombo(bridge("to", port, ["t/# out 1"], self.trust, "require_ocsp = true", host="localhost"))
            with self.subTest(staple):
                here.says("bridge to: no connection to localhost")
                here.says("staples no good OCSP answer")

    def test_suites_that_there_are_not_are_told_at_the_start(self):
        broker = Broker(sections=bridge("to", 1, ["t/# out 1"], self.trust, 'ciphersuites = "TLS_NO_SUCH"'))
        self.addCleanup(shutil.rmtree, broker.folder, True)
        run = subprocess.run(broker.command, capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn('bridge to: ciphersuites = "TLS_NO_SUCH"', run.stdout + run.stderr)


if __name__ == "__main__":
    main()

"""Two minutes of everything at once; then the broker must be what it was.  usage: soak.py [SECONDS]   (TOMBO_SOAK_S)

Workers of several processes connect, publish and subscribe with every QoS, take each other over, resume sessions,
and vanish by reset.  After a warm-up of a quarter of the time all workers leave and the broker's resident memory and
descriptors are noted; after the rest they leave again, and
  - descriptors: not one more than at the first pause,
  - memory: at most 10 % and 4 MB more (sanitized: 30 % and 100 MB), after up to 20 s to settle,
  - every worker has seen its own messages come back, and none an error that it did not cause.
"""

import multiprocessing
import os
import random
import sys
import time

from harness import Broker, end_with_parent, sanitized
from raw_client import PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, RawClient, packet

WORKERS = 4


def answer(client, flags, body):
    """Acknowledges a delivered PUBLISH as its QoS asks; gives the payload."""
    qos, length = flags >> 1 & 3, int.from_bytes(body[:2], "big")
    at = 2 + length
    identifier = body[at:at + 2] if qos else b""
    at += 2 if qos else 0
    if client.level == 5:
        at += 1 + body[at]
    if qos == 1:
        client.send(packet(PUBACK, 0, identifier))
    elif qos == 2:
        client.send(packet(PUBREC, 0, identifier))
    return body[at:]


def receive(client):
    """The next packet as (kind, payload or body), answered as the protocol asks: nothing is left unacknowledged."""
    kind, flags, body = client.receive()
    if kind == PUBLISH:
        return kind, answer(client, flags, body)
    if kind == PUBREL:
        client.send(packet(PUBCOMP, 0, body[:2]))
    elif kind == PUBREC:
        client.send(packet(PUBREL, 2, body[:2]))
    return kind, body


def receive_own(client, wanted):
    """Receives until every wanted payload was seen; returns how many messages came."""
    count, wanted = 0, set(wanted)
    while wanted:
        kind, payload = receive(client)
        if kind == PUBLISH:
            wanted.discard(payload)
            count += 1
    return count


def subscribe(client, topic, qos):
    """As RawClient.subscribe, but what a resumed session delivers before the SUBACK is answered too."""
    client.send(client.subscribe_bytes(topic, qos))
    while receive(client)[0] != SUBACK:
        pass


def end_somehow(client, chance):
    how = chance.random()
    if how < 0.4:
        client.disconnect()
    elif how < 0.7:
        client.abort()
    else:
        client.socket.close()


def one_life(port, number, round_number, chance):
    """A connection from CONNECT to its end, of one of several kinds; returns messages received."""
    level = chance.choice((4, 5))
    name = f"soak-{number}-{chance.randrange(20)}"
    kept = chance.random() < 0.3
    expiry = bytes([0x11, 0, 0, 0, 60]) if kept and level == 5 else b""
    client = RawClient(port, name, level, clean=not kept, properties=expiry, keep_alive=30)
    topic, qos = f"soak/{name}/{round_number}", chance.randrange(3)
    subscribe(client, topic, qos)
    payloads = [f"{round_number}.{n}".encode() + bytes(chance.choice((0, 100, 5000))) for n in range(20)]
    if kept:
        # Packet ids of a resumed session may still be in use: what it does not remember it must not publish with.
        sender = RawClient(port, f"{name}-sender", level)
        for payload in payloads:
            sender.publish(topic, payload, chance.randrange(3))
        sender.disconnect()
    else:
        for payload in payloads:
            client.send(client.publish_bytes(topic, payload, chance.randrange(3) if qos else 0))
    count = receive_own(client, payloads)
    if chance.random() < 0.2:
        thief = RawClient(port, name, level, clean=True)
        thief.ping()
        client.socket.close()
        client = thief
    if chance.random() < 0.2:
        client.send(client.publish_bytes(f"soak/retained/{number}/{chance.randrange(50)}", b"r" * 50, 1, True))
        while receive(client)[0] != PUBACK:
            pass
    end_somehow(client, chance)
    return count


def worker(port, number, end, results):
    end_with_parent()
    chance, lives, messages = random.Random(number), 0, 0
    try:
        while time.monotonic() < end:
            messages += one_life(port, number, lives, chance)
            lives += 1
        for n in range(20):  # end the sessions that were kept, so that the pauses compare alike
            RawClient(port, f"soak-{number}-{n}", 5, clean=True).disconnect()
        results.put((lives, messages, None))
    except Exception as error:  # the test is over: the parent tells why
        results.put((lives, messages, f"worker {number}, life {lives}: {error!r}"))


def run_workers(broker, seconds, first):
    results, end = multiprocessing.Queue(), time.monotonic() + seconds
    workers = [multiprocessing.Process(target=worker, args=(broker.port, first + n, end, results)) for n in range(WORKERS)]
    for process in workers:
        process.start()
    outcomes = [results.get(timeout=seconds + 60) for _ in workers]
    for process in workers:
        process.join(20)
    errors = [error for _, _, error in outcomes if error]
    if errors:
        raise AssertionError("\n".join(errors) + "\n" + broker.tail())
    return sum(lives for lives, _, _ in outcomes), sum(messages for _, messages, _ in outcomes)


def settle(read, limit, seconds=20):
    """The smallest value read until it is within the limit or the time has passed."""
    end, smallest = time.monotonic() + seconds, read()
    while smallest > limit and time.monotonic() < end:
        time.sleep(0.2)
        smallest = min(smallest, read())
    return smallest


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("TOMBO_SOAK_S", "120"))
    # The same client ids connect some hundred times a second, which is what a penalty is for.
    broker = Broker(sections="[log]\nconnections = false\n[defence]\nflapping_max = 0\n",
                    mosquitto="connection_messages false").start()
    idle_descriptors = broker.descriptors()
    # The same workers before and after: their retained topics and client ids are the same, so is what the broker keeps.
    lives, messages = run_workers(broker, seconds // 4, 1)
    descriptors = settle(broker.descriptors, idle_descriptors)
    memory = broker.rss_kb()
    print(f"warm-up: {lives} connections, {messages} messages; {memory} kB, {descriptors} descriptors", flush=True)
    more_lives, more_messages = run_workers(broker, seconds - seconds // 4, 1)
    allowed = int(memory * 1.3 + 100_000) if sanitized() else int(memory * 1.1 + 4_000)
    memory_after = settle(broker.rss_kb, allowed)
    descriptors_after = settle(broker.descriptors, descriptors)
    print(f"soak: {more_lives} connections, {more_messages} messages; {memory_after} kB (allowed {allowed}), "
          f"{descriptors_after} descriptors", flush=True)
    broker.stop()
    assert descriptors <= idle_descriptors, f"descriptors leaked in the warm-up: {idle_descriptors} -> {descriptors}"
    assert descriptors_after <= descriptors, f"descriptors leaked: {descriptors} -> {descriptors_after}"
    assert memory_after <= allowed, f"memory grew: {memory} -> {memory_after} kB"
    assert more_lives > 10 * WORKERS, "hardly anything happened"
    print("PASSED")


if __name__ == "__main__":
    main()

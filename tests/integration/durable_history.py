"""What clients saw over many lives of a broker, and what is wrong with it.

Clients tell a History what they sent, what was acknowledged and what came; violations() compares it with what a durable
broker promises.  Moments are numbers that only count up: an acknowledgement that was read before something was sent has
the lower one.  Nothing here knows sockets, so that the checker itself can be checked (test_durability.Checker).
"""

from collections import Counter, defaultdict


def matches(topic_filter, topic):
    if topic_filter.startswith("$share/"):
        topic_filter = topic_filter.split("/", 2)[2]
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at >= len(levels) or level not in ("+", levels[at]):
            return False
    return len(wanted) == len(levels)


class Message:
    """One publication.  Its key is its publisher, topic, QoS and number within these."""

    __slots__ = ("publisher", "topic", "qos", "number", "key", "sent_at", "acked_at", "empty", "order")

    def __init__(self, publisher, topic, qos, number, sent_at, empty, order):
        self.publisher, self.topic, self.qos, self.number = publisher, topic, qos, number
        self.key = publisher, topic, qos, number
        self.sent_at, self.acked_at, self.empty = sent_at, None, empty
        self.order = order  # among the retained ones of its topic

    def payload(self, size=0):
        return b"" if self.empty else f"{self.publisher}|{self.topic}|{self.qos}|{self.number}|".encode().ljust(size, b".")


class Subscription:
    def __init__(self, topic_filter, qos, identifier=0):
        self.filter, self.qos, self.identifier = topic_filter, qos, identifier
        self.acked_at = self.unsubscribe_sent_at = self.unsubscribed_at = None


class Session:
    def __init__(self, name, group=None):
        self.name, self.group = name, group
        self.subscriptions = []
        self.received = []  # (message key, QoS, subscription identifiers, moment), in the order of coming


class Violation:
    def __init__(self, kind, what):
        self.kind, self.what = kind, what

    def __repr__(self):
        return f"{self.kind}: {self.what}"


class History:
    def __init__(self):
        self.moment = 0
        self.messages = {}
        self.numbers = Counter()  # by stream
        self.sessions = {}
        self.retained = defaultdict(list)  # topic -> messages in the order of sending
        self.seen_at_once = []  # violations that need no comparison at the end
        self._by_topic = defaultdict(list)

    def tick(self):
        self.moment += 1
        return self.moment

    def session(self, name, group=None):
        return self.sessions.setdefault(name, Session(name, group))

    # --- what publishers tell

    def sent(self, publisher, topic, qos, retain=False, empty=False):
        stream = (publisher, topic, qos)
        self.numbers[stream] += 1
        message = Message(publisher, topic, qos, self.numbers[stream], self.tick(), empty, len(self.retained[topic]) if retain else 0)
        self.messages[message.key] = message
        self._by_topic[topic].append(message)
        if retain:
            self.retained[topic].append(message)
        return message

    def acknowledged(self, message, reason=0):
        if reason >= 0x80:
            self.wrong("refused", f"{message.key} with 0x{reason:02x}")
        elif message.acked_at is None:
            message.acked_at = self.tick()

    # --- what subscribers tell

    def subscribed(self, subscription):
        subscription.acked_at = self.tick()

    def received(self, session, payload, qos, subscription_ids=()):
        fields = payload.split(b"|", 4)
        try:
            key = fields[0].decode(), fields[1].decode(), int(fields[2]), int(fields[3])
        except (ValueError, IndexError):
            key = None
        if key not in self.messages:
            self.wrong("ghost", f"{session.name} received {payload[:60]!r}, which nobody sent")
            return
        session.received.append((key, qos, subscription_ids, self.tick()))

    def wrong(self, kind, what):
        self.seen_at_once.append(Violation(kind, what))

    # --- retained messages

    def retained_bounds(self, topic):
        """The messages that a new subscriber may be sent for the topic: none, or as the last acknowledged, or later."""
        sent = self.retained[topic]
        last = max((at for at, message in enumerate(sent) if message.acked_at is not None), default=None)
        allowed = sent[last or 0:]
        may_be_absent = last is None or any(message.empty for message in allowed)
        return [message for message in allowed if not message.empty], may_be_absent

    def retained_seen(self, found, when):
        """`found` maps topics to the payloads that a new subscriber was sent."""
        for topic in list(self.retained):
            allowed, may_be_absent = self.retained_bounds(topic)
            payload = found.get(topic)
            if payload is None:
                if not may_be_absent:
                    self.wrong("retained", f"{when}: {topic} has none, {allowed[0].key} was acknowledged")
            elif payload.rstrip(b".") not in [message.payload() for message in allowed]:
                self.wrong("retained", f"{when}: {topic} has {payload[:60]!r}, allowed: "
                                       f"{[message.key for message in allowed[:3]]} and later, {len(allowed)} in all")
        for topic in found.keys() - self.retained.keys():
            self.wrong("ghost", f"{when}: retained {topic} was never sent")

    # --- what is owed and what is wrong

    def missing(self):
        """Acknowledged messages that some session should have and has not: (session or group, message)."""
        found = []
        for name, members in self._receivers().items():
            have = {entry[0] for member in members for entry in member.received}
            found += [(name, message) for message in self._owed(members[0]) if message.key not in have]
        return found

    def _receivers(self):
        """Sessions that share one subscription count as one receiver."""
        by_name = defaultdict(list)
        for session in self.sessions.values():
            by_name[session.group or session.name].append(session)
        return by_name

    def _owed(self, session):
        owed = {}
        for subscription in session.subscriptions:
            if subscription.acked_at is None or subscription.unsubscribe_sent_at is not None:
                continue
            for topic, messages in self._by_topic.items():
                if matches(subscription.filter, topic):
                    owed.update((message.key, message) for message in messages if message.acked_at is not None and
                                not message.empty and message.sent_at > subscription.acked_at)
        return owed.values()

    def violations(self):
        found = list(self.seen_at_once)
        found += [Violation("loss", f"{name} never had {message.key}") for name, message in self.missing()]
        for name, members in self._receivers().items():
            found += self._duplicates(name, members)
            for session in members:
                found += self._misfits(session)
                if session.group is None:  # the standard orders nothing among those who share
                    found += self._inversions(session)
        return found

    @staticmethod
    def _duplicates(name, members):
        times = Counter(entry[0] for member in members for entry in member.received if entry[1] == 2)
        return [Violation("duplicate", f"{name} had {key} {count} times at QoS 2") for key, count in times.items() if count > 1]

    def _inversions(self, session):
        found, highest, seen = [], {}, set()
        for key, *_ in session.received:
            stream, number = key[:3], key[3]
            if key in seen:
                continue
            seen.add(key)
            if number < highest.get(stream, 0):
                found.append(Violation("inversion", f"{session.name} had {key} first after number {highest[stream]}"))
            highest[stream] = max(number, highest.get(stream, 0))
        return found

    def _misfits(self, session):
        """What came without a subscription, with another QoS or with other identifiers than those of its subscriptions."""
        found, cache = [], {}
        for key, qos, identifiers, moment in session.received:
            message = self.messages[key]
            fitting = cache.get(message.topic)
            if fitting is None:
                fitting = cache[message.topic] = [s for s in session.subscriptions if matches(s.filter, message.topic)]
            alive = [s for s in fitting if s.unsubscribed_at is None or message.sent_at < s.unsubscribed_at]
            if not alive:
                found.append(Violation("unsubscribed", f"{session.name} had {key} at {moment} without a subscription"))
            elif len(alive) == len(fitting) and all(s.unsubscribe_sent_at is None for s in alive):
                if qos != min(message.qos, max(s.qos for s in alive)):
                    found.append(Violation("form", f"{session.name} had {key} at QoS {qos}"))
                if identifiers != tuple(sorted(s.identifier for s in alive if s.identifier)):
                    found.append(Violation("form", f"{session.name} had {key} with identifiers {identifiers}"))
        return found

    def summary(self):
        acked = sum(message.acked_at is not None for message in self.messages.values())
        deliveries = sum(len(session.received) for session in self.sessions.values())
        distinct = sum(len({entry[0] for entry in session.received}) for session in self.sessions.values())
        return f"{len(self.messages)} sent, {acked} acknowledged, {deliveries} deliveries of which {deliveries - distinct} repeated"


def report(violations, shown=5):
    """Counts by kind and a few of each."""
    kinds = Counter(violation.kind for violation in violations)
    lines = [f"{sum(kinds.values())} violations: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))]
    for kind in sorted(kinds):
        lines += [f"  {violation}" for violation in [v for v in violations if v.kind == kind][:shown]]
    return "\n".join(lines)

"""The part of a Dockerfile's language that packaging/Dockerfile uses; anything else is an error."""

import json
import re
from dataclasses import dataclass, field

SHELL, EXEC, WORDS = "shell", "exec", "words"
KNOWN = {"RUN": SHELL, "COPY": WORDS, "WORKDIR": WORDS, "USER": WORDS, "EXPOSE": WORDS, "STOPSIGNAL": WORDS, "VOLUME": EXEC,
         "ENTRYPOINT": EXEC, "CMD": EXEC, "HEALTHCHECK": WORDS}


@dataclass
class Stage:
    image: str
    name: str
    steps: list = field(default_factory=list)  # (instruction, what follows), in order

    def last(self, instruction):
        found = [value for name, value in self.steps if name == instruction]
        if not found:
            raise ValueError(f"no {instruction} in stage {self.name or self.image}")
        return found[-1]


def instructions(text):
    """(number of the line, instruction, rest) with continued lines joined."""
    joined, begun = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if not joined and (not line.strip() or line.startswith("#")):
            continue
        begun = begun if joined else number
        joined += line.rstrip("\\") if line.endswith("\\") else line
        if line.endswith("\\"):
            continue
        word, _, rest = joined.strip().partition(" ")
        yield begun, word, rest.strip()
        joined = ""


def parse(text):
    stages = []
    for number, word, rest in instructions(text):
        if word == "FROM":
            found = re.fullmatch(r"(\S+)(?: AS (\S+))?", rest)
            if not found:
                raise ValueError(f"line {number}: FROM {rest}")
            stages.append(Stage(found.group(1), found.group(2) or ""))
            continue
        kind = KNOWN.get(word)
        if kind is None or not stages or not rest:
            raise ValueError(f"line {number}: {word} {rest}")
        stages[-1].steps.append((word, json.loads(rest) if kind == EXEC else rest.split() if kind == WORDS else rest))
    return stages


def health_command(words):
    """The words of HEALTHCHECK --option=value... CMD [...]"""
    at = words.index("CMD")
    if not all(re.fullmatch(r"--(interval|timeout|start-period)=\d+s", word) for word in words[:at]):
        raise ValueError("HEALTHCHECK " + " ".join(words))
    return json.loads(" ".join(words[at + 1:]))

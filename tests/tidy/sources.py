"""The files of the project, as the tidy scripts see them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(*folders, suffixes=(".hpp", ".cpp", ".h", ".c")):
    """Paths below the folders, sorted; build trees never count."""
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file() and "node_modules" not in path.parts:
                found.append(path)
    return found


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def without_comments_and_strings(text):
    """The code with comments and literals blanked, lines kept where they were."""
    out, at, end = [], 0, len(text)
    while at < end:
        two = text[at:at + 2]
        if two == "//":
            stop = text.find("\n", at)
            stop = end if stop < 0 else stop
        elif two == "/*":
            stop = text.find("*/", at + 2)
            stop = end if stop < 0 else stop + 2
        elif two == 'R"':
            mark = text[at + 2:text.index("(", at)]
            stop = text.find(")" + mark + '"', at)
            stop = end if stop < 0 else stop + len(mark) + 2
        elif text[at] == '"' or (text[at] == "'" and not (at and (text[at - 1].isalnum()))):
            stop = at + 1
            while stop < end and text[stop] != text[at] and text[stop] != "\n":
                stop += 2 if text[stop] == "\\" else 1
            stop += 1
        else:
            out.append(text[at])
            at += 1
            continue
        out.append("".join("\n" if char == "\n" else " " for char in text[at:stop]))
        at = stop
    return "".join(out)

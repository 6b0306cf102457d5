"""A page of man(7), written piece by piece, and the part of Markdown that our docs use turned into it."""

import re

LIST_ITEM = re.compile(r"^(\s*)([-*]|\d+\.) +(.*)$")


def plain(text):
    """Text that groff prints as it is."""
    text = text.replace("\\", "\\e")
    # ASCII only where groff would print something prettier that nobody can paste into a shell.
    return text.replace("'", "\\(aq").replace("`", "\\(ga").replace("~", "\\(ti").replace("^", "\\(ha")


def literal(text):
    return plain(text).replace("-", "\\-")


def guarded(line):
    """No line of text is taken for a request."""
    return "\\&" + line if line[:1] in (".", "'") else line


def inline(text):
    """Bold, code and links of a paragraph of Markdown."""
    out = []
    for part in re.split(r"(`[^`]+`|\*\*.+?\*\*|\[[^\]]+\]\([^)]+\))", text):
        if part.startswith("`") and len(part) > 2:
            out.append("\\fB" + literal(part[1:-1].replace("\\|", "|")) + "\\fR")
        elif part.startswith("**") and len(part) > 4:
            out.append("\\fB" + inline(part[2:-2]).replace("\\fR", "\\fB") + "\\fR")
        elif re.match(r"\[[^\]]+\]\(", part):
            out.append(inline(re.match(r"\[([^\]]+)\]", part).group(1)))
        else:
            part = plain(part).replace(" -", " \\-").replace("\\|", "|")
            out.append(re.sub(r"(?<![\w*])\*([^*]+)\*(?![\w*])", r"\\fI\1\\fR", part))
    return "".join(out)


class Page:
    def __init__(self, name, section, about, version, date, source="tombo", manual="tombo manual"):
        # Words stay whole: a name that is broken in two cannot be looked for.
        self.lines = ["'\\\" -*- coding: utf-8 -*-", ".nr HY 0",
                      f'.TH {name.upper()} {section} "{date}" "{source} {version}" "{manual}"',
                      ".ad l", ".SH NAME", f"{literal(name)} \\- {plain(about)}"]

    def text(self):
        return "\n".join(line for line in self.lines if line) + "\n"

    def section(self, title):
        title = title if title.startswith("[") else title.upper()  # keys of a file are as they are written
        self.lines.append(f'.SH "{plain(title)}"')

    def subsection(self, title):
        self.lines.append(f'.SS "{inline(title)}"')

    def paragraph(self, formatted):
        self.lines += [".PP", guarded(formatted)]

    def say(self, formatted):
        self.lines.append(guarded(formatted))

    def item(self, tag, formatted):
        self.lines += [".TP", guarded(tag), guarded(formatted)]

    def example(self, lines):
        self.lines += [".PP", ".RS 4", ".EX", *(guarded(literal(line)) or "\\&" for line in lines), ".EE", ".RE"]

    def table(self, rows):
        """The first column is what is explained; the head names what the others are where there are more than two."""
        head, *body = rows
        for row in body:
            if len(head) <= 2:
                said = inline(row[1]) if len(row) > 1 else ""
            else:
                said = "; ".join(f"{inline(what)}: {inline(cell)}" for what, cell in zip(head[1:], row[1:]) if cell)
            self.item("\\fB" + inline(row[0]).replace("\\fR", "\\fB") + "\\fR", said)

    def markdown(self, text):
        """Headings within become sub-sections; they start at ###."""
        lines, at = text.strip("\n").split("\n"), 0
        while at < len(lines):
            line = lines[at]
            if line.startswith("```"):
                end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith("```")), len(lines))
                self.example(lines[at + 1:end])
                at = end + 1
            elif line.startswith("#"):
                self.subsection(line.lstrip("# "))
                at += 1
            elif line.startswith("|"):
                end = next((i for i in range(at, len(lines)) if not lines[i].startswith("|")), len(lines))
                self.table([cells(row) for i, row in enumerate(lines[at:end]) if i != 1])
                at = end
            elif LIST_ITEM.match(line):
                at = self.list_item(lines, at)
            elif not line.strip():
                at += 1
            else:
                end = next((i for i in range(at, len(lines)) if not lines[i].strip() or lines[i][0] in "|#" or
                            lines[i].startswith("```") or LIST_ITEM.match(lines[i])), len(lines))
                self.paragraph(inline(" ".join(part.strip() for part in lines[at:end])))
                at = end

    def list_item(self, lines, at):
        mark = LIST_ITEM.match(lines[at])
        parts = [mark.group(3)]
        at += 1
        while at < len(lines) and lines[at].startswith("  ") and not LIST_ITEM.match(lines[at]):
            parts.append(lines[at].strip())
            at += 1
        bullet = "\\(bu" if mark.group(2) in "-*" else mark.group(2)
        self.lines += [f".IP {bullet} 3", guarded(inline(" ".join(parts)))]
        return at


def cells(row):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def sections(markdown):
    """heading -> text of every section of the second level; "" is what stands before the first."""
    found, heading, fenced = {"": []}, "", False
    for line in markdown.split("\n"):
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            heading = line[3:].strip()
            found[heading] = []
        elif not (line.startswith("# ") and not fenced):
            found[heading].append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}

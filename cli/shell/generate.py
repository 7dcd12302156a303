#!/usr/bin/env python3
"""Makes a man page or the completions of a shell out of a tool's option table and its help text.

generate.py man|bash|zsh|fish TOOL VERSION TABLES HELP

TABLES is what option_tables prints, HELP what TOOL --help prints. An option that the help does not describe is an error.
"""
import re
import sys

# Words that are values of these options; those are offered that the help names in the option's description.
VALUES = {
    "output": ["text", "json", "quiet"],
    "transport": ["classic", "sharded", "streams", "all", "auto"],
    "sharded-mode": ["dynamic", "static", "dynamic-private"],
    "format": ["json", "lines"],
    "on-error": ["stop", "skip"],
}
OPTION_LINE = re.compile(r"^  (?:-\w, |    )--")
DESCRIPTION_COLUMN = 27


class Option:
    def __init__(self, names, takes_value):
        self.letters = [name for name in names if len(name) == 1]
        self.longs = [name for name in names if len(name) > 1]
        self.takes_value = takes_value
        self.description = ""
        self.placeholder = "VALUE" if takes_value else ""

    @property
    def dashed(self):
        return [f"-{letter}" for letter in self.letters] + [f"--{name}" for name in self.longs]

    @property
    def values(self):
        wanted = [word for name in self.longs for word in VALUES.get(name, [])]
        return [word for word in wanted if re.search(rf"(?<![\w-]){word}(?![\w-])", self.description)]

    @property
    def is_file(self):
        return self.placeholder.startswith("FILE")


def read_tables(path, tool):
    options, commands = [], []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            owner, kind, name, *rest = line.rstrip("\n").split("\t")
            if owner == tool and kind == "option":
                options.append(Option(name.split(","), rest[0] == "value"))
            elif owner == tool:
                commands.append((name, rest[1]))
    return options, commands


def option_blocks(lines):
    """Yields (what stands left, description) of every option line with the lines that go on with it."""
    block = None
    for line in [*lines, ""]:
        continues = block is not None and re.match(rf"^ {{{DESCRIPTION_COLUMN}}}\S", line)
        if continues:
            block[1] += " " + line.strip()
            continue
        if block is not None:
            yield block[0], block[1].strip()
            block = None
        if OPTION_LINE.match(line):
            left, _, description = line.strip().partition("  ")
            if not description and " " in line[DESCRIPTION_COLUMN - 1:]:  # a long name, with one blank before the description
                cut = line[:DESCRIPTION_COLUMN].strip()
                left, description = (cut, line[DESCRIPTION_COLUMN:]) if line[DESCRIPTION_COLUMN - 1] == " " else (left, "")
            block = [left, description.strip()]


def describe(options, help_lines, tool):
    by_name = {name: option for option in options for name in option.longs}
    for left, description in option_blocks(help_lines):
        for name, placeholder in re.findall(r"--([a-z-]+)(?: ([A-Z][^\s,]*))?", left):
            if name not in by_name:
                sys.exit(f"{tool}: the help describes --{name}, which the parser does not know")
            option = by_name[name]
            option.description = option.description or description
            if placeholder:
                option.placeholder = placeholder
    for option in options:
        if not option.description:
            sys.exit(f"{tool}: the help does not describe --{option.longs[0]}")


# ---- man -------------------------------------------------------------------------------------------------------------------

def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return re.sub(r"^\.", r"\\&.", text, flags=re.MULTILINE)


def sections(help_lines):
    """Splits the help into (title, lines): a title is a line of its own that ends with a colon, or the start of a paragraph."""
    title, lines = "", []
    for line in help_lines:
        head = re.match(r"^(?:([A-Z]\w*(?: \w+){0,3}|[a-z]+):|(Environment|Exit status): (.*))$", line)
        if head:
            yield title, lines
            title, lines = head.group(1) or head.group(2), [head.group(3)] if head.group(3) else []
        elif line == "" and title in ("Environment", "Exit status", "Usage"):
            yield title, lines
            title, lines = "Description" if title == "Usage" else "Notes", []
        else:
            lines.append(line)
    yield title, lines


def man_body(lines):
    blocks = {left: description for left, description in option_blocks(lines)}
    out, verbatim, skipping = [], [], False

    def flush():
        text = "\n".join(verbatim).strip("\n")
        if text:
            out.extend([".PP", ".nf", roff(text), ".fi"])
        verbatim.clear()

    for line in lines:
        if OPTION_LINE.match(line):
            flush()
            left = next(left for left in blocks if line.strip().startswith(left))
            out.extend([".TP", ".B " + roff(left), roff(blocks[left])])
            skipping = True
        elif not (skipping and re.match(rf"^ {{{DESCRIPTION_COLUMN}}}\S", line)):
            skipping = False
            verbatim.append(line)
    flush()
    return out


def man(tool, version, _options, _commands, help_lines):
    summary = help_lines[0].removeprefix(tool).strip().rstrip(".")
    out = [f".TH {tool.upper()} 1 \"\" \"socketio-redis {version}\" \"User Commands\"", ".SH NAME", roff(f"{tool} - {summary}")]
    found = [(title, lines) for title, lines in sections(help_lines[1:]) if any(lines)]
    order = {"Usage": 0, "Description": 1, "Commands": 2, "Environment": 7, "Exit status": 8, "Examples": 9, "Notes": 6}
    renamed = {"Usage": "Synopsis"}
    last = None
    for title, lines in sorted(found, key=lambda section: order.get(section[0], 5)):
        if title != last:
            out.append(f".SH \"{renamed.get(title, title).upper()}\"")
        last = title
        out.extend(man_body(lines))
    return "\n".join(out) + "\n"


# ---- shells ----------------------------------------------------------------------------------------------------------------

def bash(tool, _version, options, commands, _help_lines):
    function = "_" + tool.replace("-", "_")
    cases = []
    for option in options:
        if option.takes_value:
            how = 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word")' if option.is_file else \
                f'mapfile -t COMPREPLY < <(compgen -W "{" ".join(option.values)}" -- "$word")' if option.values else ":"
            cases.append(f"    {'|'.join(option.dashed)}) {how}; return ;;")
    names = " ".join(name for option in options for name in option.dashed)
    words = " ".join(name for name, _ in commands)
    return f"""# bash completion for {tool}; made from its option table.
{function}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
  if [ "$word" = "=" ]; then
    word=
  elif [ "$before" = "=" ]; then
    before=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  COMPREPLY=()
  case $before in
{chr(10).join(cases)}
  esac
  case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "{names}" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "{words}" -- "$word") ;;
  esac
}}
complete -F {function} {tool}
"""


def zsh(tool, _version, options, commands, _help_lines):
    def text(words):
        return re.sub(r"([\[\]:\\])", r"\\\1", words).replace("'", "'\\''")

    specs = []
    for option in options:
        action = ""
        if option.takes_value:
            action = f":{option.placeholder}:" + ("_files" if option.is_file else f"({' '.join(option.values)})" if option.values else "")
        for name in option.dashed:
            joint = "" if not option.takes_value else "=" if name.startswith("--") else "+"
            specs.append(f"  '*{name}{joint}[{text(option.description)}]{action}'")
    if commands:
        listed = " ".join(f'{name}\\:"{text(summary)}"' for name, summary in commands)
        specs.append(f"  '1:command:(({listed}))'")
    lines = " \\\n".join(specs)
    return f"#compdef {tool}\n# Made from the tool's option table.\n_arguments -s \\\n{lines}\n"


def fish(tool, _version, options, commands, _help_lines):
    def quoted(words):
        return "'" + words.replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = [f"# fish completion for {tool}; made from its option table.", f"complete -c {tool} -f"]
    for name, summary in commands:
        lines.append(f"complete -c {tool} -n __fish_use_subcommand -a {name} -d {quoted(summary)}")
    for option in options:
        names = "".join(f" -s {letter}" for letter in option.letters) + "".join(f" -l {name}" for name in option.longs)
        value = ""
        if option.takes_value:
            value = " -r -F" if option.is_file else f" -x -a {quoted(' '.join(option.values))}" if option.values else " -x"
        lines.append(f"complete -c {tool}{names}{value} -d {quoted(option.description)}")
    return "\n".join(lines) + "\n"


def main():
    kind, tool, version, tables, help_path = sys.argv[1:]
    options, commands = read_tables(tables, tool)
    with open(help_path, encoding="utf-8") as text:
        help_lines = text.read().splitlines()
    describe(options, help_lines, tool)
    make = {"man": man, "bash": bash, "zsh": zsh, "fish": fish}[kind]
    sys.stdout.write(make(tool, version, options, commands, help_lines))


main()

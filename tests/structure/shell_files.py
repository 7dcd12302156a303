#!/usr/bin/env python3
"""Man pages and completions know every option that the parsers know, and no other. Where bash and groff are here, they run."""
import pathlib
import re
import shutil
import subprocess
import sys

TABLES = pathlib.Path(sys.argv[1])
FOLDER = TABLES.parent


def read_tables():
    tools = {}
    for line in TABLES.read_text().splitlines():
        tool, kind, name, *rest = line.split("\t")
        options, commands = tools.setdefault(tool, ({}, []))
        if kind == "option":
            options.update({("-" if len(one) == 1 else "--") + one: rest[0] == "value" for one in name.split(",")})
        else:
            commands.append(name)
    return tools


def bash_offers(tool, *words):
    script = f"""source {FOLDER / tool}
COMP_WORDS=({" ".join(f"'{word}'" for word in (tool, *words))}); COMP_CWORD={len(words)}
_{tool.replace("-", "_")}; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
    return done.stdout.split(), done.stderr


def check_bash(tool, options, commands):
    offered, complaints = bash_offers(tool, "-")
    if complaints:
        yield f"bash complains: {complaints}"
    yield from difference("bash", set(offered), set(options))
    if sorted(bash_offers(tool, "")[0]) != sorted(commands):
        yield "bash does not offer the commands"
    for name, takes_value in options.items():
        after = bash_offers(tool, name, "-")[0]
        if takes_value == bool(after):
            yield f"bash thinks that {name} takes {'no ' if takes_value else 'a '}value"
    if bash_offers(tool, "--output", "=", "j")[0] != ["json"] or bash_offers(tool, "-o", "q")[0] != ["quiet"]:
        yield "bash does not offer the values of --output"


def check_zsh(tool, options, commands):
    text = (FOLDER / f"_{tool}").read_text()
    found = dict(re.findall(r"^  '\*(-[^\[=+]+)([=+]?)\[", text, re.MULTILINE))
    yield from difference("zsh", set(found), set(options))
    yield from (f"zsh: the value of {name}" for name, joint in found.items() if options.get(name) != bool(joint))
    yield from (f"zsh: no {command}" for command in commands if f'{command}\\:"' not in text)


def check_fish(tool, options, commands):
    text = (FOLDER / f"{tool}.fish").read_text()
    found = {}
    for line in text.splitlines():
        head = line.partition(" -d ")[0]
        names = {f"-{one}" for one in re.findall(r" -s (\S+)", head)} | {f"--{one}" for one in re.findall(r" -l (\S+)", head)}
        found.update({name: bool(re.search(r" -[xr]\b", head)) for name in names})
    yield from difference("fish", set(found), set(options))
    yield from (f"fish: the value of {name}" for name in found if options.get(name) != found[name])
    yield from (f"fish: no {command}" for command in commands if f" -a {command} " not in text)


def check_man(tool, options, commands):
    page = FOLDER / f"{tool}.1"
    plain = page.read_text().replace("\\-", "-")
    heads = " ".join(re.findall(r"^\.B (.*)$", plain, re.MULTILINE))
    found = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", heads))
    yield from difference("man", found, set(options))
    yield from (f"man: no {command}" for command in commands if not re.search(rf"^  {command} ", plain, re.MULTILINE))
    for section in ("NAME", "SYNOPSIS", "EXAMPLES", "ENVIRONMENT", "EXIT STATUS"):
        if not re.search(rf'^\.SH "?{section}"?$', plain, re.MULTILINE):
            yield f"man: no section {section}"
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True)
        if done.returncode != 0 or done.stderr:
            yield f"groff: {done.stderr}"


def difference(where, found, known):
    yield from (f"{where}: {name} is no option" for name in sorted(found - known))
    yield from (f"{where}: {name} is missing" for name in sorted(known - found))


def main():
    checks = [check_zsh, check_fish, check_man] + ([check_bash] if shutil.which("bash") else [])
    problems, tools = [], read_tables()
    for tool, (options, commands) in tools.items():
        for check in checks:
            problems += [f"{tool}: {problem}" for problem in check(tool, options, commands)]
    for problem in problems:
        print(problem)
    print(f"{sum(len(options) for options, _ in tools.values())} names in {len(tools)} tools, {len(problems)} problems")
    return 1 if problems or len(tools) != 2 else 0


sys.exit(main())

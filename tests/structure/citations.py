#!/usr/bin/env python3
"""Every section that a source file cites exists in the documentation."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
FOLDERS = ["protocol", "net", "redis", "emitter", "adapter", "server", "cli", "examples", "tests"]
CITATION = re.compile(r'(docs/\w+\.md), ((?:"[^"]+"(?:, | and )?)+)')
HEADING = re.compile(r"^#+ +(?:\d+(?:\.\d+)*\.? +)?(.+)$", re.MULTILINE)


def main():
    headings, problems, seen = {}, [], 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in {".hpp", ".cpp"} or "node_modules" in path.parts:
                continue
            text = re.sub(r"\s*\n\s*//+\s*", " ", path.read_text())
            for page, titles in CITATION.findall(text):
                if page not in headings:
                    file = ROOT / page
                    headings[page] = HEADING.findall(file.read_text()) if file.exists() else []
                for title in re.findall(r'"([^"]+)"', titles):
                    seen += 1
                    if not any(heading.startswith(title) for heading in headings[page]):
                        problems.append(f"{path.relative_to(ROOT)}: {page} has no section \"{title}\"")
    for problem in problems:
        print(problem)
    print(f"{seen} citations, {len(problems)} problems")
    return 1 if problems or seen < 10 else 0


sys.exit(main())

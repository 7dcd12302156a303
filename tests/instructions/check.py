#!/usr/bin/env python3
"""Compares what the hot paths cost, in instructions, with baseline.json: check.py HOT_PATHS BASELINE COMPILER [--update]

Counted by callgrind, so that neither the machine's speed nor its other work matters. A path that costs more than `slack` above its
baseline fails, and so does one above its limit. One that has become cheaper is named: write the baseline anew (--update) then.
Exit status 77 (skipped) where callgrind is missing or the compiler is another than the baseline's.
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77


def instructions(command):
    """What callgrind counts over the whole run."""
    run = subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', *command],
                         capture_output=True, text=True, timeout=300)
    found = re.search(r'Collected : (\d+)', run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f'{" ".join(command)}: status {run.returncode}\n{run.stderr}')
    return int(found.group(1))


def per_call(program, path, few, many, *rest):
    """Two runs, so that what happens once does not count."""
    difference = instructions([program, path, str(many), *rest]) - instructions([program, path, str(few), *rest])
    return difference / (many - few)


def measure(program, paths):
    counted = {}
    with tempfile.TemporaryDirectory() as folder:
        socket = f'{folder}/redis.sock'
        redis = subprocess.Popen(['redis-server', '--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder],
                                 stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 20
            while not Path(socket).exists():
                if redis.poll() is not None or time.monotonic() > until:
                    sys.exit('redis-server does not start')
                time.sleep(0.01)
            for path in paths:
                if path == 'publish':
                    counted[path] = per_call(program, path, 10_000, 30_000, f'unix://{socket}')
                else:
                    counted[path] = per_call(program, path, 500, 2_500)
        finally:
            redis.terminate()
            redis.wait()
    return counted


def main():
    program, baseline_file, compiler = sys.argv[1:4]
    baseline = json.loads(Path(baseline_file).read_text())
    for command in ('valgrind', 'redis-server'):
        if shutil.which(command) is None:
            print(f'skipped: {command} is not installed')
            return SKIPPED
    if compiler != baseline['compiler'] and '--update' not in sys.argv:
        print(f'skipped: the baseline was counted with {baseline["compiler"]}, this is {compiler}')
        return SKIPPED

    counted = measure(program, baseline['paths'])
    failed = False
    print(f'{"path":26}{"counted":>10}{"baseline":>10}{"limit":>8}')
    for path, entry in baseline['paths'].items():
        now, before, limit = counted[path], entry['instructions'], entry.get('limit')
        verdict = ''
        if now > before * (1 + baseline['slack']):
            verdict, failed = f'  costs {now / before - 1:+.1%}', True
        elif now < before * (1 - baseline['slack']):
            verdict = f'  is cheaper by {1 - now / before:.1%}: write the baseline anew'
        if limit is not None and now > limit:
            verdict, failed = f'{verdict}  above its limit', True
        print(f'{path:26}{now:10.0f}{before:10}{limit or "-":>8}{verdict}')

    if '--update' in sys.argv:
        baseline['compiler'] = compiler
        for path, now in counted.items():
            baseline['paths'][path]['instructions'] = round(now)
        Path(baseline_file).write_text(json.dumps(baseline, indent=2) + '\n')
        return 0
    return 1 if failed else 0


sys.exit(main())

#!/usr/bin/env python3
"""Runs the test cases that need a pseudo-terminal, or says that this system has none (77: skipped)."""
import os
import subprocess
import sys

try:
    os.openpty()
except OSError as error:
    print(f"skipped: this system gives no pseudo-terminals ({error.strerror})")
    sys.exit(77)
sys.exit(subprocess.call([sys.argv[1], "--test-case=*on a terminal*"]))

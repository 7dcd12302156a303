// Loaded before a test (node --import): without the packages the test is skipped, which is exit status 77 for meson.

import { existsSync } from 'node:fs';

if (!existsSync(new URL('node_modules', import.meta.url))) {
  console.log('skipped: the official packages are not installed; run "./run setup", or "npm ci" in tests/interop');
  process.exit(77);
}

#!/usr/bin/env bash
# Builds the web console's files into internal/console/dist, where the program
# embeds them. Without npm, and without root to install it, it says so and
# leaves the console out: the program then serves everything but its pages.
set -euo pipefail

cd "$(dirname "$0")/../console"
if ! command -v npm >/dev/null; then
	echo "console: npm is missing, so bin/dbtls is built without the web console; install nodejs and npm, then make build" >&2
	exit 0 # what needs the pages says so
fi
npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
npx --no-install tsc --noEmit
node build.mjs

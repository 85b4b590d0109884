#!/usr/bin/env bash
# phase.sh TITLE COMMAND [ARG…]: runs one phase of a long job under a headline
# that says how long the job has run, and says at the end how long the phase
# took. The job's start is PHASE_START (seconds since the epoch), set by make.
set -euo pipefail

title=$1
shift
start=$(date +%s)

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

printf '\n==> [%s] %s\n' "$(clock $((start - ${PHASE_START:-$start})))" "$title"
if "$@"; then
	printf '    %s: done in %s\n' "$title" "$(clock $(($(date +%s) - start)))"
else
	status=$?
	printf '    %s: FAILED after %s: %s\n' "$title" "$(clock $(($(date +%s) - start)))" "$*" >&2
	exit "$status"
fi

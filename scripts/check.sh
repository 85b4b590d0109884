#!/usr/bin/env bash
# Everything about the code that needs no running program: format, vet, the
# module files, staticcheck. All checks run; the exit code is 1 if any failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A linter that changes by itself breaks builds on days when nothing changed.
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2

failed=0
check() { # check NAME FIX COMMAND…
	local name=$1 fix=$2
	shift 2
	echo "--- $name"
	if ! "$@"; then
		echo "$name failed; $fix" >&2
		failed=1
	fi
}

formatted() {
	local files
	files=$("$(go env GOROOT)/bin/gofmt" -l .) || return
	[[ -z $files ]] || {
		printf '%s\n' "$files"
		return 1
	}
}

check "gofmt" "run: gofmt -w ." formatted
check "go vet" "repair what it names" go vet ./...
check "go mod tidy" "run: go mod tidy" go mod tidy -diff
check "staticcheck" "repair what it names" go run "$staticcheck" ./...
exit "$failed"

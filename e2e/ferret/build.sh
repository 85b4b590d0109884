#!/bin/sh
# Builds FerretDB, in the version that go.mod pins, as the program $1. The module
# lacks a file that its release process writes, and without which the program
# does not start: it is built from a copy that has the file.
set -eu
out=$(realpath -m "${1:?usage: build.sh PROGRAM}")
cd "$(dirname "$0")"
module=github.com/FerretDB/FerretDB
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
go mod download "$module"
cp -R "$(go list -m -f '{{.Dir}}' "$module")" "$work/src"
chmod -R u+w "$work/src"
go list -m -f '{{.Version}}' "$module" >"$work/src/build/version/version.txt"
cp go.mod go.sum "$work"
go mod edit -replace "$module=$work/src" "$work/go.mod"
CGO_ENABLED=0 go build -modfile "$work/go.mod" -trimpath -buildvcs=false -o "$out" "$module/cmd/ferretdb"

# The targets people use are listed by `make help`. Everything else is in
# scripts/, so that it can be read and run without make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# The phases share two cores and one set of database servers: one at a time.
.NOTPARALLEL:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# UNIT_P and E2E_P: how many packages are tested at once. The end-to-end tests
# start real servers and measure what a client sees, so they run alone.
UNIT_P ?= $(shell nproc 2>/dev/null || echo 2)
E2E_P ?= 1
UNIT_TIMEOUT ?= 10m
E2E_TIMEOUT ?= 15m
# BENCH selects benchmarks: make bench BENCH=Issue
BENCH ?= .
BENCH_TIME ?= 1s

export PHASE_START := $(shell date +%s)
PHASE := scripts/phase.sh
# A missing server must fail the tests, not silently skip them.
ENGINES := DBTLS_REQUIRE_ENGINES=1

.PHONY: help deps console build check unit e2e test test-ferret bench run clean

help: ## print the targets
	@echo 'make TARGET, where TARGET is one of'
	@awk -F ':[^#]*## ' '/^[a-z0-9-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

deps: ## install what is missing: database servers, clients, tools (root, Debian)
	@$(PHASE) 'dependencies' scripts/install-deps.sh --for test

# The console's files are embedded in the program; they are made again when a
# source of theirs is newer.
CONSOLE := internal/console/dist/index.html
$(CONSOLE): $(shell find console -path console/node_modules -prune -o -type f -print 2>/dev/null)
	@$(PHASE) 'console' scripts/console.sh

console: $(CONSOLE) ## build the web console's files

build: $(CONSOLE) ## make bin/dbtls
	@$(PHASE) 'build bin/dbtls $(VERSION)' env CGO_ENABLED=0 go build -trimpath -buildvcs=false \
		-ldflags '-s -w -X main.version=$(VERSION)' -o bin/dbtls ./cmd/dbtls

check: ## format, vet, module files, staticcheck
	@$(PHASE) 'static checks' scripts/check.sh

unit: ## unit tests with the race detector
	@$(PHASE) 'unit tests' env $(ENGINES) CGO_ENABLED=1 \
		go test -race -p $(UNIT_P) -timeout $(UNIT_TIMEOUT) ./internal/... ./cmd/... ./wallet/...

e2e: $(CONSOLE) ## end-to-end tests of bin/dbtls with real servers and clients
	@$(PHASE) 'end-to-end tests' env $(ENGINES) \
		go test -p $(E2E_P) -count=1 -timeout $(E2E_TIMEOUT) ./e2e/...

test: deps build check unit e2e ## do all set-up and run every check and test
	@$(PHASE) 'all checks and tests passed' true

# FerretDB is a program of its own and takes minutes to build, so it is not part
# of test.
test-ferret: ## log in at FerretDB, which speaks MongoDB's protocol (builds it first)
	@$(PHASE) 'build bin/ferretdb' e2e/ferret/build.sh bin/ferretdb
	@$(PHASE) 'FerretDB' env DBTLS_FERRETDB=$(CURDIR)/bin/ferretdb go test -count=1 -v -run Ferret ./e2e/login

bench: build ## measure the server, and the benchmarks (BENCH=regexp BENCH_TIME=1s)
	@$(PHASE) 'the server, beside its goals' env $(ENGINES) go run ./e2e/bench
	@$(PHASE) 'benchmarks' go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCH_TIME) -benchmem -p 1 ./internal/... ./wallet/...

run: ## do all set-up and show the whole of dbtls at work
	@$(PHASE) 'dependencies' scripts/install-deps.sh --for run
	@$(MAKE) --no-print-directory build
	@$(PHASE) 'run' scripts/run.sh

clean: ## remove what make built
	rm -rf bin

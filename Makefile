# Every command a person needs. `make help` lists them.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
GO          ?= go
PKG         ?= ./...
FUZZTIME    ?= 20s
BENCHCOUNT  ?= 6
MUTATIONS   ?= 10000
SEQUENCES   ?= 300

.PHONY: help run build test test-long servers lint fmt fuzz bench peers browser

help: ## list the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the demo on http://127.0.0.1:8080
	$(GO) run ./cmd/sallyport demo

build: ## build the binary into ./bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/sallyport ./cmd/sallyport

# The results of internal/e2e and internal/readers hang on programs that go does not know, so they are
# never taken from its cache. Those of bench that are tests hold our readings to other libraries'.
# What compares times in account needs the processors for itself, and the stress of cmd/sallyport takes them.
# The model test of account runs a tenth of its sequences under the race detector, and all of them without;
# the failures of every store call, which come one after the other, are tried without alone.
# What counts allocations is run again without the race detector, which adds to them.
test test-long browser: export TMPDIR = $(shell scripts/tmp)
test: lint servers ## everything that must pass: linters, and all tests with the race detector
	$(GO) test -race -timeout 12m -skip '^(TestEnumeration|TestInjection)$$' \
		$$($(GO) list $(PKG) | grep -v -e /internal/e2e$$ -e /internal/readers$$ -e /cmd/sallyport$$)
	$(GO) test -race -timeout 8m -run '^TestEnumeration$$' ./account
	$(GO) test -timeout 5m -run '^(TestModel|TestInjection)' ./account
	$(GO) test -race -timeout 5m ./cmd/sallyport
	$(GO) test -race -count 1 -timeout 5m ./internal/e2e ./internal/readers
	$(GO) test -timeout 5m -run 'Hostile|allocations|FitsText|Allocate' ./validate/openapi/internal/schema ./internal/route
	cd bench && $(GO) test -timeout 5m ./openapi ./validate

test-long: servers ## what is worth some minutes: many mutated requests for internal/readers, a backlog to prune, the store's contract behind a pooler, the fault bench, and the model test
	$(GO) test -v -count 1 -timeout 15m ./internal/readers -mutations $(MUTATIONS)
	$(GO) test -v -count 1 -timeout 10m -run '^TestBacklog$$' ./account/sqlite ./account/postgres -long
	$(GO) test -v -count 1 -timeout 10m -run '^TestPooler' ./account/postgres -long
	$(GO) test -v -count 1 -timeout 18m ./internal/faults -long
	$(GO) test -v -count 1 -timeout 15m -run '^TestModel' ./account -model.runs $(SEQUENCES)

servers: ## install what is missing of the programs that the tests run: PostgreSQL, PgBouncer, Redis, nginx, Node.js, PHP, Python's frameworks, Rack, curl
	@if [ "$${SALLYPORT_SKIP_SERVERS:-}" != 1 ]; then scripts/servers; fi

lint: ## gofmt, vet, staticcheck
	@files=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi
	$(GO) vet $(PKG)
	$(GO) vet -tags browser ./internal/e2e
	cd bench && $(GO) vet ./...
	$(GO) tool staticcheck $(PKG)
	$(GO) tool staticcheck -tags browser ./internal/e2e

fmt: ## format the code
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

fuzz: ## run every fuzz test for FUZZTIME each
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

bench: ## run the benchmarks, for benchstat
	$(GO) test -run '^$$' -bench . -benchmem -count $(BENCHCOUNT) $(PKG)

peers: ## run ratelimit's store beside those of other libraries, see bench/README.md
	cd bench && $(GO) test -run '^$$' -bench . -benchtime 1000000x -count $(BENCHCOUNT) -timeout 1h

browser: ## drive a real Chromium against a running gate
	@if [ "$${SALLYPORT_SKIP_SERVERS:-}" != 1 ]; then scripts/servers browser; fi
	$(GO) test -race -count 1 -tags browser -timeout 8m -run '^TestBrowser' ./internal/e2e

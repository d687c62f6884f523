# Every command a person needs. `make help` lists them.
SHELL      := bash
GO         ?= go
PKG        ?= ./...
FUZZTIME   ?= 20s
BENCHCOUNT ?= 6

.PHONY: help run build test lint fmt fuzz bench browser interop

help: ## list the commands
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the demo on http://127.0.0.1:8080
	$(GO) run ./cmd/sallyport demo

build: ## build the binary into ./bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/sallyport ./cmd/sallyport

test: lint ## everything that must pass: linters, and all tests with the race detector
	$(GO) test -race -timeout 8m $(PKG)

lint: ## gofmt, vet, staticcheck
	@files=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi
	$(GO) vet $(PKG)
	$(GO) tool staticcheck $(PKG)

fmt: ## format the code
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

fuzz: ## run every fuzz test for FUZZTIME each
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

bench: ## run the benchmarks, for benchstat
	$(GO) test -run '^$$' -bench . -benchmem -count $(BENCHCOUNT) $(PKG)

interop: ## have npm's jose and jsonwebtoken verify our tokens (needs node and npm)
	$(GO) test -race -count 1 -tags interop -timeout 5m -run '^TestInterop' ./cmd/sallyport

browser: ## drive a real Chromium against a running Gate (needs chromium)
	$(GO) test -race -count 1 -tags browser -timeout 5m -run '^TestBrowser' ./cmd/sallyport

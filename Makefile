# Everything a developer runs. CI runs `make check`.
GO ?= go

.PHONY: build check deps test race vet lint fmt bench generate fuzz reliability clean

build:           ## the program, as bin/polyplan
	$(GO) build -trimpath -tags urfave_cli_no_docs -o bin/polyplan ./cmd/polyplan

# Without build: its -trimpath has every dependency compiled once more, and the tests
# of pkg/internal/process build the program, too.
check: vet fmt lint deps race   ## all that CI demands

deps:            ## what the tests need beside Go
	scripts/deps

test:            ## the tests, quickly
	$(GO) test ./...

race:            ## the same with the race detector, see pkg/internal/suite
	$(GO) run ./pkg/internal/suite -race -vet=off -timeout=30m ./...

vet:
	$(GO) vet ./...

lint:
	$(GO) tool staticcheck ./...

fmt:
	@out=$$(gofmt -l cmd pkg); test -z "$$out" || { echo "gofmt would change:"; echo "$$out"; exit 1; }

generate:        ## generated pages and golden files; read the diff
	$(GO) test ./pkg/manual ./pkg/render ./pkg/schema ./cmd/polyplan -update

bench:           ## figures with ratios, see scripts/bench
	scripts/bench

reliability:     ## the promises of docs/reliability.md, each with its figure; takes long
	scripts/reliability

FUZZTIME ?= 30s
fuzz:            ## every fuzz target for FUZZTIME
	scripts/fuzz $(FUZZTIME)

clean:
	rm -rf bin

# The two commands: `make demo` and `make test`. Both install what is missing.

.PHONY: demo test soak run build lint bench bench-http bench-flow fuzz screenshots setup setup-tests clean

demo: setup        ## Takes a payment on every rail against the sandbox; with DATABASE=postgres on a PostgreSQL of its own
	swift build --product settlegate -Xswiftc -gnone
	swift build --product settlegate-sandbox -Xswiftc -gnone
ifeq ($(DATABASE),postgres)
	scripts/setup --postgres
	scripts/with-postgres .build/debug/settlegate demo --postgresql "POSTGRES"
else
	.build/debug/settlegate demo
endif

run: setup         ## Gateway and sandbox stay up; their addresses are printed
	swift build --product settlegate -Xswiftc -gnone
	swift build --product settlegate-sandbox -Xswiftc -gnone
	.build/debug/settlegate sandbox

test: setup-tests  ## All tests: Swift, and other people's clients against us
	scripts/test

soak: setup-tests  ## A thousand losses of power on each database; POWER_CUTS sets another number
	scripts/soak

lint: setup        ## The formatter's rules, all of them
	swift format lint --strict --recursive Sources Tests Package.swift

screenshots: setup-tests ## The pictures of docs/checkout.md, made by the tests
	swift build --product settlegate -Xswiftc -gnone
	swift build --product settlegate-sandbox -Xswiftc -gnone
	SCREENSHOTS=docs/images .venv/bin/python -m pytest -q Tests/Browser

bench: setup-tests ## The figures of README, as ratios to ceilings measured in the same run
	scripts/bench

bench-http: setup-tests ## The HTTP interface under load, beside a constant answer of the same server
	scripts/setup --bench
	swift build -c release --product settlegate -Xswiftc -gnone
	swift build -c release --product settlegate-sandbox -Xswiftc -gnone
	.venv/bin/python Benchmarks/Foreign/load.py "$$(swift build -c release --show-bin-path)/settlegate"
	.venv/bin/python Benchmarks/Foreign/page.py "$$(swift build -c release --show-bin-path)/settlegate"

bench-flow: setup-tests ## How long payments take while nodes or endpoints are slow; docs/flow.md has the figures
	scripts/bench-flow --markdown

fuzz: setup        ## 10 million inputs for each parser of outside bytes; RUNS and PARSERS choose others
	scripts/fuzz

build: setup
	swift build -Xswiftc -gnone

setup:
	@scripts/setup

setup-tests:
	@scripts/setup --tests

clean:
	rm -rf .build .venv var

# SPDX-License-Identifier: MIT
# Everything here installs what it needs, then calls CMake or a tool.
.PHONY: build install uninstall demo test sim sim-nightly abi deb doc bench bench-instructions \
	bench-plots bench-profile bench-table fuzz coverage canary format clean
.DEFAULT_GOAL := build

# make fuzz SECONDS=n: for each target
SECONDS ?= 60

build:
	@tools/setup.sh build
	cmake --preset release
	cmake --build --preset release --target programs devp2p_static

# make install PREFIX=dir DESTDIR=dir
PREFIX ?= /usr/local
BUILD ?= build

install: build
	cmake --install "$(BUILD)" --prefix "$(abspath $(PREFIX))"
	@case "$(DESTDIR)$(PREFIX)" in /usr|/usr/local) \
		PATH="$$PATH:/sbin" ldconfig;; esac

uninstall:
	@tools/uninstall.sh "$(BUILD)" "$(abspath $(PREFIX))"

demo:
	@tools/setup.sh build
	cmake --preset release
	cmake --build --preset release --target foobar
	@tools/demo.sh build/bin/foobar

test:
	@tools/setup.sh build
	@tools/test.py

# the seeds of every change, and those of a night, which may be interrupted
sim: build
	@tools/sim.py

sim-nightly: build
	@tools/sim.py --nightly

abi:
	@tools/setup.sh build abi
	@tools/abi.py

deb:
	@tools/setup.sh build deb
	@tools/deb.py
	@ls build/deb/*.deb

# the API reference, in build/doc/html
doc:
	@tools/setup.sh doc
	@rm -rf build/doc && mkdir -p build
	doxygen doc/Doxyfile

# make bench ROW=echo_100,latency: only these
bench:
	@tools/setup.sh build
	@python3 bench/run.py $(ROW)

# make bench-instructions RECORD=--record: what is counted is right from now on
bench-instructions:
	@tools/setup.sh build
	@python3 bench/instructions.py $(RECORD)

# needs perf; where the time of three rows goes
bench-profile:
	@tools/setup.sh build
	@python3 bench/profile.py

# from the last run: the table of doc/PERFORMANCE.md; doc/figures
bench-table:
	@python3 bench/table.py --write

bench-plots:
	@python3 bench/plots.py

fuzz:
	@tools/setup.sh build clang
	cmake --preset fuzz
	cmake --build --preset fuzz --target fuzzers
	@tools/fuzz.py --seconds $(SECONDS)

coverage:
	@tools/setup.sh build
	cmake --preset coverage
	cmake --build --preset coverage --target fuzzers
	@tools/coverage.py

canary:
	@tools/setup.sh build format
	@tools/canary.py

format:
	@tools/setup.sh format
	@tools/format.sh --fix

clean:
	rm -rf build

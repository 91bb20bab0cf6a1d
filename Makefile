# For GNU make 3.81 or newer and bash 3.2 or newer: what Debian 12 and macOS bring. `make` alone lists the targets.
# Everything is installed into .venv; a system package is installed only where it is missing and apt-get is there.

SHELL := /bin/bash
PYTHON ?= python3
PHOTOS ?= tests/photos
TO ?= Organized
ARGS ?=
# A pair that belongs together; where there is no GPU: TORCH='torch torchvision --extra-index-url URL' of CPU builds.
TORCH ?= torch==2.13.0 torchvision==0.28.0

PIP := .venv/bin/python -m pip --disable-pip-version-check install --quiet
# Recipes read these from the environment: a path may hold spaces and quotes.
export PYTHON PHOTOS TO

.PHONY: help run test test-servers test-live test-crash test-clip check format bench bench-scan bench-embedded bench-describe bench-quality bench-truth bench-writing bench-search bench-blur bench-groups crash clean exiftool readers

help: ## list these targets
	@echo "make TARGET [PHOTOS=folder] [TO=folder] [PYTHON=python3.12] [ARGS='for pytest or the benchmark']"
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

run: .venv/for-run exiftool readers ## organise the pictures in PHOTOS into the tree TO and show it (PHOTOS is only read)
	@case "$$PHOTOS" in "~/"*) PHOTOS=$$HOME/$${PHOTOS#??} ;; esac; \
	case "$$TO" in "~/"*) TO=$$HOME/$${TO#??} ;; esac; \
	.venv/bin/phototag organize "$$PHOTOS" --to "$$TO" --explain; code=$$?; \
	if [ $$code -gt 1 ]; then exit $$code; fi; .venv/bin/phototag status "$$TO"; \
	one=$$(find "$$TO" -name .phototag -prune -o -type f -name '*.jpg' -print | sort | tail -n 1); \
	if [ -z "$$one" ]; then exit 0; fi; echo; echo "$$one, as ExifTool reads it:"; \
	exiftool -G1 -s -XMP-dc:Subject -XMP-dc:Description -XMP-lr:HierarchicalSubject -IPTC:Keywords \
	  -XMP-photoshop:City -XMP-photoshop:Country "$$one"; \
	if command -v exiv2 >/dev/null; then echo "and as exiv2 reads it:"; \
	  exiv2 -PXIt -K Xmp.dc.subject -K Xmp.dc.description -K Iptc.Application2.Keywords -K Xmp.photoshop.City "$$one" || true; fi

test: .venv/for-test exiftool readers ## run the tests, without a model, a network or torch (ARGS="tests/test_x.py -k name")
	.venv/bin/pytest -n auto --dist loadfile -m "not slow and not clip and not crash and not server" $(ARGS)

test-servers: .venv/for-test exiftool ## run the tests of what talks to servers, against stand-ins on loopback
	.venv/bin/pytest -n auto --dist loadfile -m "server and not slow" $(ARGS)

test-live: .venv/for-test exiftool ## ask a real Ollama on this machine (OLLAMA_HOST, PHOTOTAG_OLLAMA_MODEL)
	.venv/bin/pytest --live -m live -rs $(ARGS)

test-crash: .venv/for-test exiftool ## kill some runs at random and see that nothing is lost (a minute)
	.venv/bin/pytest -n auto --dist loadfile -m "crash and not slow" $(ARGS)

test-clip: .venv/for-clip exiftool ## install torch and open_clip (a gigabyte or more) and test CLIP with tiny models
	.venv/bin/pytest -m "clip and not slow" $(ARGS)

check: .venv/for-test ## look at format, style and types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

format: .venv/for-test ## put format and imports right
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench: .venv/for-bench exiftool ## measure speed and memory (ARGS go to the benchmark)
	.venv/bin/python tests/bench/run.py $(ARGS)

bench-scan: .venv/for-bench exiftool ## scan 100,000 files: speed, memory, and a second scan (ten minutes)
	.venv/bin/python tests/bench/scan100k.py $(ARGS)

bench-embedded: .venv/for-bench exiftool ## measure the built-in looks on PHOTOS (ARGS="--search" for the search vectors)
	.venv/bin/python tests/bench/embedded.py "$$PHOTOS" $(ARGS)

bench-describe: .venv/for-bench exiftool ## how busy a run keeps a vision model of a stand-in server (fifteen minutes)
	.venv/bin/python tests/bench/describe.py $(ARGS)

bench-quality: .venv/for-bench exiftool ## how well search finds the captioned photos of ../shared/photos, by source
	.venv/bin/python tests/bench/search_quality.py $(ARGS)

bench-truth: .venv/for-bench exiftool ## hold the keywords for ../shared/photos against the verdicts of people
	.venv/bin/python tests/bench/truth.py "$$PHOTOS" $(ARGS)

bench-writing: .venv/for-bench exiftool ## measure writing into files beside bare ExifTool (ARGS="--disk FOLDER": bytes that undo takes)
	.venv/bin/python tests/bench/writing.py $(ARGS)

bench-search: .venv/for-bench exiftool ## search 100,000 and 1,000,000 vectors beside numpy and LanceDB (8 GB for ten minutes)
	.venv/bin/python tests/bench/search.py $(ARGS)

bench-blur: .venv/for-bench ## blur PHOTOS by known amounts and see how the measures of craft rank them (ten minutes)
	.venv/bin/python tests/bench/blur.py "$$PHOTOS" $(ARGS)

bench-groups: .venv/for-bench ## do copies, edits and series find each other (PHOTOS), and a million hashes (five minutes)
	.venv/bin/python tests/bench/groups.py "$$PHOTOS" $(ARGS)

crash: .venv/for-test exiftool ## kill runs at every point and see that nothing is lost (half an hour)
	.venv/bin/pytest -m "crash and slow" $(ARGS)

clean: ## remove .venv, caches and builds (never photos, never the library TO)
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find phototag tests -name __pycache__ -prune -exec rm -rf {} +

# ---- set-up ----------------------------------------------------------------------------------------------------------

# $(call apt_install,package): through sudo where we are not root; fresh package lists first where there are none or the
# ones at hand are too old to find the package.
apt_install = as=; [ "$$(id -u)" = 0 ] || as=sudo; \
	if [ -n "$$as" ] && ! command -v sudo >/dev/null; then \
	  echo "make: $(1) is missing and there is no sudo. As root: apt-get install $(1)" >&2; exit 1; fi; \
	echo "make: $(1) is missing: installing it with $${as:+$$as }apt-get" >&2; \
	ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 || $$as apt-get update -qq; \
	install() { $$as env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$$1" >/dev/null; }; \
	install "$(1)" || { $$as apt-get update -qq && install "$(1)"; }

# Not a file: looked for on every run, for it may be removed.
exiftool:
	@if command -v exiftool >/dev/null; then exit 0; fi; \
	if command -v apt-get >/dev/null; then $(call apt_install,libimage-exiftool-perl); exit; fi; \
	echo "make: ExifTool is missing. Type: brew install exiftool" >&2; \
	echo "      (without Homebrew: the package at https://exiftool.org), then make again." >&2; exit 1

# Two programs that no one here wrote, to read what we have written; the tests that need them skip without.
readers:
	@if command -v exiv2 >/dev/null && command -v exempi >/dev/null; then exit 0; fi; \
	if command -v apt-get >/dev/null && ( $(call apt_install,exiv2) ) && ( $(call apt_install,exempi) ); then exit 0; fi; \
	echo "make: exiv2 or exempi is missing: what they read of our files is not tested" >&2

# A venv that was moved, lost its Python or was made with another PYTHON than the one asked for is made anew. An
# interrupted set-up leaves no stamp, so it is taken up again.
same_place := $(shell [ -x .venv/bin/python ] && [ "$$(sed -n 1p .venv/made 2>/dev/null)" = "$$(pwd -P)" ] && echo yes)
ifeq ($(origin PYTHON),file)
same_python := yes
else
same_python := $(shell [ "$$(sed -n 2p .venv/made 2>/dev/null)" = '$(PYTHON)' ] && echo yes)
endif
ifneq ($(same_place)$(same_python),yesyes)
.PHONY: .venv/made
endif

.venv/made:
	@if [ "$$PYTHON" = python3 ] && ! command -v python3 >/dev/null && command -v apt-get >/dev/null; then \
	  $(call apt_install,python3-venv); fi
	@if ! "$$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "make: phototag needs Python 3.11 or newer, and '$$PYTHON' is older or missing." >&2; \
	  echo "      Install one (apt-get install python3, or brew install python@3.12)," >&2; \
	  echo "      or name one: make PYTHON=python3.12 ..." >&2; exit 1; fi
	@if ! "$$PYTHON" -c 'import venv, ensurepip' 2>/dev/null; then \
	  if command -v apt-get >/dev/null; then $(call apt_install,$(notdir $(PYTHON))-venv); \
	  else echo "make: '$$PYTHON' has no venv module: install it, or name another: make PYTHON=..." >&2; exit 1; fi; fi
	@echo "make: setting up .venv; the first time this takes a minute or two" >&2
	@"$$PYTHON" -m venv --clear .venv
	@{ pwd -P; echo "$$PYTHON"; } > $@

.venv/for-run: pyproject.toml .venv/made
	@$(PIP) --editable .
	@touch $@

.venv/for-test: pyproject.toml .venv/made
	@$(PIP) --editable '.[test]'
	@touch $@ .venv/for-run

# In one command, so that what comes along fits the torch that was asked for.
.venv/for-clip: pyproject.toml .venv/for-test
	@$(PIP) --editable '.[test,clip]' $(TORCH)
	@touch $@

.venv/for-bench: pyproject.toml .venv/made
	@$(PIP) --editable '.[bench]'
	@touch $@ .venv/for-run

# Builds the book and runs its tests in a virtual environment of their own: .venv, made on first use.

PYTHON ?= python3
PORT   ?= 8000
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
LAB    := $(VENV)/.lab
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Pages and tests run in folders of their own, where a relative path would point elsewhere.
ifneq ($(strip $(FUSION_DATA)),)
override FUSION_DATA := $(if $(filter /%,$(firstword $(FUSION_DATA))),$(FUSION_DATA),$(CURDIR)/$(FUSION_DATA))
export FUSION_DATA
endif

.DEFAULT_GOAL := help
.PHONY: help book serve lab test check check-book pair bench clean
.DELETE_ON_ERROR:

help: ## show this list
	@echo "All in Focus. Needs Python 3.11 to 3.13, git and make."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 \2/p' Makefile | awk '{ printf "  make %-10s", $$2; $$1 = $$2 = ""; print }'
	@echo
	@echo "  PYTHON=python3.12   the Python that .venv is made from (to change it, remove .venv first)"
	@echo "  FUSION_DATA=folder  take picture sets from this folder: lytro/01, mef/venice, ... (see fusion data list)"
	@echo "  PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu  torch without CUDA, which the book does not need"
	@echo "  PORT=8000           where \`make serve\` listens"

# A page with a warning fails. Sphinx reads a page only when it changed, and would not warn a second time:
# after a failure it is made to read all of them again. What the pages computed is kept.
book: check-pictures $(READY) ## run the pages and build the book, in _build/html
	@$(BIN)/jupyter-book build . -W --keep-going -n || { rm -rf _build/.doctrees; exit 1; }
	@echo
	@echo "The book: $(CURDIR)/_build/html/index.html"

serve: book ## build the book and serve it on this machine
	@echo "http://127.0.0.1:$(PORT), until Ctrl-C"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

# From the root: a page and its notebook are paired by their paths from there.
lab: $(LAB) ## open the notebooks in JupyterLab
	$(BIN)/python -m jupyterlab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks

test: check-pictures $(READY) ## run the tests
	$(BIN)/python -m pytest

check: $(READY) ## check style, imports between rooms, and that notebooks follow their pages
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m pytest -q tests/test_rooms.py
	$(BIN)/python tools/pair.py --check

check-book: $(READY) ## check the built book: links, weights, no other host, and every page in a browser
	@test -f _build/html/index.html || { echo "There is no built book to check: run make book first" >&2; exit 1; }
	$(BIN)/python -m pytest -q tests/test_site.py tests/browser/test_book.py

pair: $(READY) ## write notebooks/ from the pages in book/
	$(BIN)/python tools/pair.py

bench: $(READY) ## measure speed, memory and quality
	$(BIN)/python -m benchmarks.guided
	$(BIN)/python -m benchmarks.exposure
	$(BIN)/python -m benchmarks.registration
	$(BIN)/python -m benchmarks.stacking
	$(BIN)/python -m benchmarks.boundary
	$(BIN)/python -m benchmarks.depth
	$(BIN)/python -m benchmarks.choice
	$(BIN)/python -m benchmarks.scenes
	$(BIN)/python -m benchmarks.metrics
	$(BIN)/python -m benchmarks.leaderboard

clean: ## remove what was built, and caches; .venv stays
	rm -rf _build build dist .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -path './$(VENV)' -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

# An environment without its mark was left half-made: start again. With it, requirements have changed: install those.
$(READY): requirements.txt pyproject.toml
	@{ test -e $@ && $(BIN)/python -c '' 2>/dev/null; } || \
	{ $(check_python) && echo "Making $(VENV) with $(PYTHON)" && "$(PYTHON)" -m venv --clear $(VENV); }
	@rm -f $@
	@echo "Installing requirements.txt"
	@$(PIP) install -r requirements.txt
	@$(PIP) install --no-build-isolation --editable .
	@touch $@

.PHONY: check-pictures
check-pictures:
	@test -z "$(FUSION_DATA)" || test -d "$(FUSION_DATA)" || { echo "FUSION_DATA is $(FUSION_DATA), which is no folder; set it to the folder of the picture sets, or unset it" >&2; exit 1; }

$(LAB): requirements-lab.txt $(READY)
	@echo "Installing requirements-lab.txt"
	@$(PIP) install -r requirements-lab.txt
	@touch $@

# Says what was found, what is needed, and the way out, in one line, whatever $(PYTHON) is.
define check_python
{ version=$$("$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || version=missing; \
case "$$version" in \
  3.11 | 3.12 | 3.13) ;; \
  missing) echo "No Python found as $(PYTHON); Python 3.11, 3.12 or 3.13 is needed: make book PYTHON=python3.12" >&2; exit 1 ;; \
  *) echo "$(PYTHON) is Python $$version; Python 3.11, 3.12 or 3.13 is needed: make book PYTHON=python3.12" >&2; exit 1 ;; \
esac; \
"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
  echo "$(PYTHON) has no venv or no ensurepip; install them (on Debian: apt install python3-venv) or take another: make book PYTHON=python3.12" >&2; \
  exit 1; }; }
endef

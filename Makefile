# Everything here works from a fresh clone: each target first makes what it needs. Wanted beforehand are
# Go, a C++ compiler, cmake and python3 with pip. LIBTORCH=DIR takes an existing libtorch instead of a download.

GO   ?= go
# Packages that run goroutines against the same handles, or read files with several.
RACE := ./internal/ctorch ./torch ./torch/checkpoint/... ./jit/... ./verify/...

.DEFAULT_GOAL := help
.PHONY: help libtorch onnxruntime shim verify scenarios test test-matrix sanitize gpu-test nightly-demo test-slurm test-deploy soak test-python fuzz check bench bench-python bench-history fixtures generate doctor clean

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

libtorch: ## Get libtorch: $LIBTORCH, that of Python, or a download into the user's cache folder
	@scripts/libtorch

onnxruntime: ## Get ONNX Runtime, which verify runs .onnx files with: a download into the user's cache folder
	@scripts/onnxruntime >/dev/null

shim: ## Build the C++ side, build/libtorchgo.so, if anything it is made from has changed
	@scripts/shim

verify: shim ## Check the three saving scenarios under testdata with cmd/verify
	@scripts/scenarios

scenarios: shim ## Play the three scenarios in Go, and exchange their files with Python torch if bench-python was made
	@$(GO) run ./examples/scenarios -python "$$(scripts/python --if-there)"

test: shim onnxruntime ## Run all tests, once more under the race detector where it matters; none may skip for want of libtorch
	TORCH_REQUIRE=1 $(GO) test ./...
	TORCH_REQUIRE=1 $(GO) test -race $(RACE)

test-matrix: ## Run the tests that call libtorch with each supported version of it, one test binary for all
	@scripts/matrix

sanitize: ## Run them under the address, leak, thread and race sanitizers, and while garbage is collected at every access
	@scripts/sanitize

gpu-test: ## Run the tests on a machine with a GPU; it needs no Go if build/gpu is carried there
	@scripts/gpu-test

nightly-demo: shim ## Run 40 models over three nights, in which four go wrong, and let the rules of the history find them
	@scripts/nightly-demo

test-slurm: shim ## Run a night on a real Slurm, started here by root; installs Debian's slurm and munge if need be
	@scripts/test-slurm

test-deploy: shim ## Hold the files for Kubernetes against the server's code, run their scripts, and verify in a root with the image's files alone
	@$(GO) build -o build/verify ./cmd/verify
	@cd deploy/kubernetes/validate && $(GO) run . ../*.yaml && VERIFY=$(CURDIR)/build/verify $(GO) test -count=1 .
	@scripts/test-image

soak: ## Measure that memory and threads stay where they are, some minutes long
	@scripts/soak

test-python: shim onnxruntime ## Let Python torch read what we wrote, damaged files beside it, and every leg of verify on real models ($PYTHON, or as bench-python sets it up)
	@python=$$(scripts/python) && PYTHON="$$python" DIFFERENTIAL=$${DIFFERENTIAL:-2000} \
	  $(GO) test -count=1 -timeout 0 -v -run 'TestPython|Differential' ./torch/checkpoint ./jit ./torch/optim ./torch/train ./cmd/verify ./examples/...

fuzz: ## Fuzz every reader of files, for ten minutes each
	@scripts/fuzz

check: ## Format, vet, lint, import directions, generated files, tidiness; needs no libtorch
	@scripts/check

bench: shim ## Measure against C++ on the same libtorch, and against Python torch if bench-python was made
	@scripts/bench

bench-python: ## Set up Python with the pinned torch in the cache folder (several GB), and run the benchmarks with it
	@scripts/python >/dev/null
	@$(MAKE) --no-print-directory bench

bench-history: ## Measure a history of 10,000 checks and 1,000 nights, some minutes and 3 GB long
	$(GO) test -run '^$$' -bench Scale -benchtime 5x -timeout 0 ./verify/history/store

fixtures: ## Make the files under testdata again with Python torch ($PYTHON, or as bench-python sets it up)
	@python=$$(scripts/python) && "$$python" scripts/fixtures/all.py

generate: ## Write the generated files again
	$(GO) generate ./...

doctor: ## Say which Go, compiler, libtorch, shim and devices are in use, and what to do about what is missing
	@$(GO) run ./cmd/verify doctor

clean: ## Remove what was built here; the cache folder stays
	rm -rf build bin

# The front door. `make run` and `make test` install what they need and do the rest.

MODELS := models/fashion-vit.safetensors models/fashion-mae.safetensors
SAMPLE := models/samples/ankle-boot.png
# Where `make run` listens; empty for the program's default, and for no HTTP port.
SOCKET ?=
HTTP ?= 127.0.0.1:7701
VENV := build/venv
CLIENTS_VENV := build/venv-clients
PYTHON := $(VENV)/bin/python
# The program, and the target that makes it: UNMASK=PROGRAM BUILD=packages takes one that is there.
UNMASK := .build/release/unmask
BUILD := build

# What the build needs, and what the tests and recipes need besides: image corpora and labelled data.
BUILD_PACKAGES := python3-minimal libjpeg-dev libpng-dev libwebp-dev libgif-dev libtiff-dev \
	libavif-dev libheif-dev zlib1g-dev libssl-dev libopenblas0-pthread libfaiss-dev pkg-config
TEST_PACKAGES := dataset-fashion-mnist golang-1.19-src golang-golang-x-image-dev golang-github-rwcarlsen-goexif-dev \
	golang-github-disintegration-imaging-dev openssl lomiri-wallpapers-16.04 libonnx-testdata libonnx-dev \
	libprotobuf-dev netcat-openbsd

.PHONY: help build release run demo test quick sanitize parity zoo parity-http bench bench-peers format check-format check-generated fuzz \
	clean packages test-packages venv

help:
	@echo "make run          build, and serve the shipped models and the page; SOCKET=PATH HTTP=HOST:PORT say where"
	@echo "make test         run all tests"
	@echo "make quick        run those that take least, in two minutes"
	@echo "make sanitize     run those of threads and of readers under ThreadSanitizer and AddressSanitizer"
	@echo "make check-aarch64  the kernels for aarch64 against double references, in an emulator"
	@echo "make check-amx    the kernels for AMX against double references, emulated where the processor has none"
	@echo "make check-instructions  counts the instructions of the hot kernels; fails where there are more than stated"
	@echo "make check-allocations  counts a call's requests for memory; fails where they grow with the model's blocks"
	@echo "make check-page   use the page in Debian's Chromium, as people do; pictures in build/page"
	@echo "make demo         embed, classify and rebuild sample images; pictures in build/demo"
	@echo "make parity       compare live with PyTorch, transformers, timm, Pillow and onnxruntime, on fresh seeds"
	@echo "make edge         export for every target, convert and run there: the table in docs/edge.md"
	@echo "make zoo          every architecture of the families that are read, against timm and transformers; docs/families.md"
	@echo "make bench        measure ViT-B/16 on this machine"
	@echo "make bench-peers  the same, side by side with onnxruntime, OpenVINO and PyTorch"
	@echo "make families-peers  a backbone of each family, side by side with onnxruntime and OpenVINO"
	@echo "make trial-index  kill -9 a build of an index twenty times, and compare its bytes; merge three parts of it"
	@echo "make bench-index  searches of a million vectors, side by side with FAISS, hnswlib and usearch"
	@echo "make bench-decode  large photographs to a model's pixels, side by side with Pillow, OpenCV and torchvision"
	@echo "make heads-peers  fitted heads, side by side with scikit-learn's and PyTorch's on the same features"
	@echo "make heads-dense  heads that answer of every place: objects of pictures, and what is wrong with good ones"
	@echo "make fuzz         fuzz the readers of files and of the service's sockets, SECONDS=600 each"
	@echo "make release      a stripped program that needs no Swift libraries, in build/release (deploy/ uses it)"
	@echo "make wheel        what pip installs: program, models and the Python client, in build/dist"
	@echo "make deb          what apt installs: program, models and the systemd unit, in build/dist"
	@echo "make check-packages  installs both where nothing else is, and asks each for an embedding"
	@echo "make trials       the service under load and attack: corpora, overload, slow clients, kill -9, a peer; docs/trials.md"
	@echo "make format       format the Swift sources; make check-format only checks"

packages:
	@scripts/install-packages $(BUILD_PACKAGES)

test-packages: packages
	@scripts/install-packages $(TEST_PACKAGES)

build: packages
	swift build -c release --product unmask

release: packages
	swift build -c release --product unmask --static-swift-stdlib --scratch-path .build-static
	scripts/release .build-static/release/unmask build/release

# The files that people install. WHEEL_PACKAGES have the texts of licences.
.PHONY: wheel deb check-packages wheel-venv
WHEEL_PACKAGES := python3-venv libicu72
wheel: release wheel-venv
	scripts/wheel build/venv-wheel/bin/python build/release/unmask .build-static/checkouts build/dist

wheel-venv:
	@scripts/install-packages $(WHEEL_PACKAGES)
	@scripts/python-environment build/venv-wheel packaging/wheel/requirements.txt

deb: release
	@scripts/install-packages dpkg-dev lintian
	scripts/deb build/release/unmask build/dist

check-packages: wheel deb
	@scripts/install-packages debootstrap
	scripts/check-packages build/dist

run: build
	@scripts/serve $(UNMASK) "$(SOCKET)" "$(HTTP)" $(SAMPLE) $(MODELS)

demo: build
	scripts/demo $(UNMASK) build/demo

test: test-packages clients-venv
	scripts/test $(CLIENTS_VENV)/bin/python

quick: packages
	scripts/quick

# Each sanitizer is a build of everything; KINDS=thread or KINDS=address runs one.
KINDS ?= thread address
sanitize: test-packages
	scripts/sanitize $(KINDS)

# The kernels of another processor, in an emulator.
.PHONY: check-aarch64
check-aarch64:
	@scripts/install-packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
	scripts/check-aarch64

# The instructions of the hot operations, counted.
.PHONY: check-instructions
check-instructions:
	@scripts/install-packages valgrind
	scripts/check-instructions

# What a call asks for memory, counted.
.PHONY: check-allocations
check-allocations: $(BUILD)
	scripts/check-allocations $(UNMASK)

# The kernels of AMX, in their own machine code.
.PHONY: check-amx
check-amx: packages
	scripts/check-amx

.PHONY: clients-venv
clients-venv:
	@scripts/install-packages python3-venv
	@scripts/python-environment $(CLIENTS_VENV) clients/python/requirements.txt

.PHONY: trials
trials: test-packages build
	@scripts/install-packages python3-venv g++
	@scripts/python-environment build/venv-trials bench/service/requirements.txt
	build/venv-trials/bin/python bench/service/run.py --unmask $(UNMASK)

venv:
	@scripts/install-packages python3-venv
	@scripts/python-environment $(VENV) Tests/Oracles/requirements.txt

# Swift's tests keep one processor busy, and the others in turn the other one. SEED=N repeats a run, SAMPLE=1 takes a part.
ifndef SEED
SEED := $(shell od -An -N2 -tu2 /dev/urandom | tr -d ' ')
endif
parity: test-packages $(BUILD) venv
	@echo "seed $(SEED) (SEED=$(SEED) repeats this run)"
	@SEED=$(SEED) $(MAKE) --no-print-directory -j2 --output-sync=target BUILD=packages UNMASK=$(UNMASK) \
		parity-models parity-http parity-program parity-edge

.PHONY: parity-models parity-program parity-edge
parity-models: venv
	scripts/parity-models $(PYTHON)

parity-program: $(BUILD) venv
	scripts/parity-program $(PYTHON) $(UNMASK)

parity-edge: $(BUILD)
	@scripts/install-packages python3-venv
	scripts/edge $(UNMASK) --small

zoo: test-packages build venv
	scripts/zoo $(PYTHON)

# Other people's clients, and schemathesis by the port's own description, against the live HTTP port.
parity-http: $(BUILD)
	@scripts/install-packages python3-venv
	@scripts/python-environment build/venv-http Tests/Oracles/service/requirements.txt
	build/venv-http/bin/python Tests/Oracles/service/check_http.py $(UNMASK)
	build/venv-http/bin/python Tests/Oracles/service/check_v2.py $(UNMASK)
	build/venv-http/bin/python Tests/Oracles/service/check_description.py $(UNMASK) $(SEED)
	build/venv-http/bin/python Tests/Oracles/service/check_deploy.py $(UNMASK)

# Exported files in the runtimes that they are for; ARGUMENTS="--only mnn ncnn" runs some.
.PHONY: edge
edge: test-packages build
	@scripts/install-packages python3-venv g++
	scripts/edge $(UNMASK) $(ARGUMENTS)

# The page in a browser without a screen.
.PHONY: check-page
check-page: $(BUILD)
	@scripts/install-packages python3-venv chromium chromium-driver
	@scripts/python-environment build/venv-page Tests/Oracles/page/requirements.txt
	build/venv-page/bin/python Tests/Oracles/page/check_page.py $(UNMASK) --pictures build/page

bench: build
	@for batch in 1 8; do $(UNMASK) bench --arch vit-b/16 --batch $$batch --profile; done

bench-peers: build
	@scripts/install-packages python3-venv g++
	@scripts/python-environment build/venv-peers bench/peers/requirements.txt
	build/venv-peers/bin/python bench/peers/run.py --unmask $(UNMASK) --json build/bench-peers/result.json

.PHONY: families-peers
families-peers: $(BUILD) venv
	$(PYTHON) bench/peers/families.py --unmask $(UNMASK) --json build/bench-families/result.json

.PHONY: trial-index bench-index index-venv
index-venv:
	@scripts/install-packages python3-venv
	@scripts/python-environment build/venv-index bench/index/requirements.txt

trial-index: build index-venv
	build/venv-index/bin/python bench/index/kill_trial.py --unmask $(UNMASK)

# ARGUMENTS="--rows 100000 --only flat graph" measures less.
bench-index: build index-venv
	build/venv-index/bin/python bench/index/run.py --unmask $(UNMASK) $(ARGUMENTS)

.PHONY: bench-decode
bench-decode: test-packages build
	@scripts/install-packages python3-venv
	@scripts/python-environment build/venv-decode bench/decode/requirements.txt
	build/venv-decode/bin/python bench/decode/run.py --unmask $(UNMASK) $(ARGUMENTS)

# Heads side by side with scikit-learn's; docs/heads.md.
.PHONY: heads-peers
heads-peers: test-packages build venv
	@scripts/install-packages python3-venv
	@scripts/python-environment build/venv-heads bench/heads/requirements.txt
	build/venv-heads/bin/python bench/heads/compare.py --unmask $(UNMASK)
	$(PYTHON) bench/heads/compare_attention.py --unmask $(UNMASK)

.PHONY: heads-dense
heads-dense: test-packages $(BUILD) venv
	@scripts/install-packages tuxpaint-stamps-default
	$(PYTHON) bench/heads/dense.py --unmask $(UNMASK)

format:
	swift format format --in-place --recursive Sources Tests Package.swift

check-format:
	swift format lint --strict --recursive Sources Tests Package.swift

# The Swift code of proto/onnx.proto is committed; generating it again changes nothing.
check-generated:
	scripts/check-generated

# Each reader of files gets this many seconds.
SECONDS ?= 600
fuzz: packages
	scripts/fuzz $(SECONDS)

clean:
	rm -rf .build build

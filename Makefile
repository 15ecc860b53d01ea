# The front door. `make run` and `make test` install what they need and do the rest.

MODELS := models/fashion-vit.safetensors
SAMPLE := models/samples/ankle-boot.png
# Where `make run` listens; empty for the program's default.
SOCKET ?=
VENV := build/venv
CLIENTS_VENV := build/venv-clients
PYTHON := $(VENV)/bin/python
UNMASK := .build/release/unmask

# What the build needs, and what the tests and recipes need besides: image corpora and labelled data.
BUILD_PACKAGES := python3-minimal libjpeg-dev libpng-dev libwebp-dev zlib1g-dev libssl-dev pkg-config
TEST_PACKAGES := dataset-fashion-mnist golang-1.19-src golang-golang-x-image-dev golang-github-rwcarlsen-goexif-dev \
	golang-github-disintegration-imaging-dev openssl lomiri-wallpapers-16.04 libonnx-testdata libonnx-dev \
	libprotobuf-dev netcat-openbsd

.PHONY: help build release run demo test quick sanitize parity parity-http bench bench-peers format check-format check-generated fuzz \
	clean packages test-packages venv

help:
	@echo "make run          build, and serve the shipped model; SOCKET=PATH says where"
	@echo "make test         run all tests"
	@echo "make quick        run those that take least, in two minutes"
	@echo "make sanitize     run those of threads and of readers under ThreadSanitizer and AddressSanitizer"
	@echo "make demo         embed, classify and rebuild sample images; pictures in build/demo"
	@echo "make parity       compare live with PyTorch, transformers, timm, Pillow and onnxruntime, on fresh seeds"
	@echo "make bench        measure ViT-B/16 on this machine"
	@echo "make bench-peers  the same, side by side with onnxruntime, OpenVINO and PyTorch"
	@echo "make fuzz         fuzz the readers of files and of the service's sockets, SECONDS=600 each"
	@echo "make release      a stripped program that needs no Swift libraries, in build/release (deploy/ uses it)"
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

run: build
	@scripts/serve $(UNMASK) "$(SOCKET)" $(SAMPLE) $(MODELS)

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

parity: test-packages build venv parity-http
	scripts/parity $(PYTHON) $(UNMASK)

# OpenAI's client and Prometheus's parser against the live HTTP port.
parity-http: build
	@scripts/install-packages python3-venv
	@scripts/python-environment build/venv-http Tests/Oracles/service/requirements.txt
	build/venv-http/bin/python Tests/Oracles/service/check_http.py $(UNMASK)

bench: build
	@for batch in 1 8; do $(UNMASK) bench --arch vit-b/16 --batch $$batch --profile; done

bench-peers: build
	@scripts/install-packages python3-venv g++
	@scripts/python-environment build/venv-peers bench/peers/requirements.txt
	build/venv-peers/bin/python bench/peers/run.py --unmask $(UNMASK) --json build/bench-peers/result.json

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

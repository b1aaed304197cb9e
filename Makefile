# The verbs. Meson does the work; `make` alone gives build/src/cofferd and build/src/coffer, linked into build/.
PREFIX ?= /usr/local
BUILD ?= build
MESON_FLAGS ?=

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)
	ln -sf src/cofferd src/coffer $(BUILD)/
$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix=$(PREFIX) --sysconfdir=/etc $(MESON_FLAGS)
unit: all
	meson test -C $(BUILD) --print-errorlogs
check: all
	test/run
system: all
	test/system/run
asan:
	CC=clang $(MAKE) BUILD=build-asan MESON_FLAGS='-Db_sanitize=address,undefined -Db_lundef=false' all
	meson test -C build-asan --print-errorlogs
fuzz:
	CC=clang $(MAKE) BUILD=build-fuzz MESON_FLAGS='-Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false' all
	tools/fuzz build-fuzz $(SECONDS)
lint: all
	tools/check-layers
	tools/lint $(BUILD)
bench: all
	bench/run
install: all
	meson install -C $(BUILD) --no-rebuild
clean:
	rm -rf build build-asan build-fuzz
.PHONY: all unit check system asan fuzz lint bench install clean

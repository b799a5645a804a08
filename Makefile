# pocketmark: build, tests, lints. `make help` lists the targets; V=1 shows the commands.

VERSION := 0.1.0
PREFIX  ?= /usr/local
ifeq ($(origin CC),default)
CC := gcc
endif

# A sanitizer gets a build folder of its own; another compiler or other flags rebuild (see the stamps below).
comma := ,
BUILD ?= build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))

# All processors, unless the user gave -j.
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
SUBMAKE := $(MAKE) --no-print-directory

STD      := -std=c17 -D_GNU_SOURCE
WARN     := -Wall -Wextra -Wpedantic -Werror
OPTIMISE ?= $(if $(SANITIZE),-O1,-O2)
CFLAGS   ?= -g -fno-omit-frame-pointer
SANFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)
COMPILE   = $(STD) $(WARN) $(OPTIMISE) $(SANFLAGS) $(CFLAGS)
DEPFLAGS := -I. -MMD -MP
# Silent where there is no compiler yet: `make run` installs one and then calls make again.
MACHINE  := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
X86      := $(filter x86_64,$(MACHINE))
LDLIBS   := -lhwloc -lpapi $(if $(X86),-lcpuid) -lcjson -lcrypto -lsqlite3 -lm -pthread

# ---- sources: what lies in a floor's folder belongs to it -------------------------------------------------------------
FLOORS  := kernels workloads devices devices/cpu reports reports/page runner
SOURCES := $(sort $(wildcard $(addsuffix /*.c,$(FLOORS)) kernels/*.S))
HEADERS := $(sort $(wildcard $(addsuffix /*.h,$(FLOORS))))
# Kernel variants of other processors are left out; their rows in kernels/table.inc are under the same condition.
ISAS_X86 := avx2 avxvnni avx512vnni
ifeq ($(X86),)
SOURCES := $(filter-out $(foreach isa,$(ISAS_X86),%_$(isa).c %_$(isa).S),$(SOURCES))
endif
OBJECTS := $(addprefix $(BUILD)/,$(addsuffix .o,$(basename $(SOURCES))))
LIBRARY := $(BUILD)/libpocketmark.a
PROGRAM := $(BUILD)/pocketmark

# Instruction sets by the end of the file name. fp-contract: products and sums may fuse, as they do in the hand-written kernels.
FLAGS_avx2       := -mavx2 -mfma -mf16c
FLAGS_avxvnni    := $(FLAGS_avx2) -mavxvnni
FLAGS_avx512vnni := $(FLAGS_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni
FLAGS_kernels    := -ffp-contract=fast -fno-math-errno $(if $(SANITIZE),,-O3)
isa_of    = $(filter $(ISAS_X86),$(lastword $(subst _, ,$(basename $(notdir $1)))))
flags_for = $(if $(filter kernels/%,$1),$(FLAGS_kernels)) $(FLAGS_$(call isa_of,$1)) \
            $(if $(filter $(IDENTIFIED),$1),$(DEFINES))

# Only the files that use these words are compiled with them, so that a commit rebuilds no more than those.
COMMIT     := $(shell git rev-parse --verify -q HEAD 2>/dev/null)
COMMIT     := $(COMMIT)$(if $(COMMIT),$(if $(shell git status --porcelain 2>/dev/null),-dirty))
DEFINES     = -DPOCKETMARK_VERSION='"$(VERSION)"' -DPOCKETMARK_COMMIT='"$(COMMIT)"' \
              -DPOCKETMARK_FLAGS='"$(strip $(COMPILE))"' -DPOCKETMARK_SOURCE='"$(CURDIR)"'
IDENTIFIED := $(shell grep -lE 'POCKETMARK_(VERSION|COMMIT|FLAGS|SOURCE)' $(SOURCES) /dev/null)

# $(call run,LABEL,FILE,COMMAND): the command itself with V=1, else one short line.
SILENT := $(findstring s,$(firstword -$(MAKEFLAGS)))
run     = $(if $(V),$3,@$(if $(SILENT),,printf '  %-5s %s\n' '$1' '$2';) $3)

.DELETE_ON_ERROR:
.PHONY: all
all: $(PROGRAM) ## build the program (the default)

$(PROGRAM): $(BUILD)/runner/main.o $(LIBRARY)
	$(call run,LINK,$@,$(CC) $(COMPILE) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS))

# ---- stamps: files whose content says how the build was made; what depends on one is rebuilt when it changes ---------
# $1 file name, $2 content
define stamp
$(BUILD)/$1: FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' $2 | cmp -s - $$@ || printf '%s\n' $2 >$$@
endef
quoted = '$(subst ','\'',$1)'
$(eval $(call stamp,flags,$$(call quoted,$$(CC) $$(COMPILE) $$(CPPFLAGS) $$(LDFLAGS) $$(FLAGS_avx2) $$(FLAGS_avxvnni) \
    $$(FLAGS_avx512vnni) $$(FLAGS_kernels)) $$(call quoted,$$(shell $$(CC) --version 2>/dev/null | head -n 1))))
$(eval $(call stamp,identity,$$(call quoted,$$(DEFINES))))
$(eval $(call stamp,sources,$$(SOURCES)))
$(BUILD)/flags: | compiler
.PHONY: FORCE compiler
FORCE:
compiler:
	@command -v $(firstword $(CC)) >/dev/null || \
	    { echo "no $(firstword $(CC)) here: 'make deps' installs what is missing" >&2; exit 1; }

# ---- generated: registries from file names, texts as strings ------------------------------------------------------------
# $1 prefix of the files, $2 type, $3 array, $4 header. A file devices/energy_rapl.c defines `const struct energy_ops
# energy_rapl`, and so on; the order is alphabetical.
define registry
$3_NAMES := $(notdir $(basename $(sort $(wildcard $1*.c))))
$(BUILD)/gen/$3.c: $(BUILD)/sources
	@mkdir -p $$(@D)
	@{ echo '#include "$4"'; for n in $$($3_NAMES); do echo "extern const struct $2 $$$$n;"; done; \
	   echo 'const struct $2 *const $3[] = {'; for n in $$($3_NAMES); do echo "    &$$$$n,"; done; echo '    NULL};'; } >$$@
GENERATED += $(BUILD)/gen/$3.c
endef
$(eval $(call registry,devices/engine_,engine_ops,engines,devices/engine.h))
$(eval $(call registry,devices/energy_,energy_ops,energy_sources,devices/energy.h))
$(eval $(call registry,reports/write_,writer,writers,reports/writer.h))
$(eval $(call registry,reports/compare_write_,compare_writer,compare_writers,reports/compare_writer.h))
$(eval $(call registry,reports/export_,exporter,exporters,reports/export.h))
$(eval $(call registry,reports/page/page_,page_writer,page_writers,reports/page/writers.h))
$(eval $(call registry,reports/gate_write_,gate_writer,gate_writers,reports/gate_writer.h))

# $1 file, $2 the name that its text gets as a string.
define text
$(BUILD)/gen/$2.c: $1
	@mkdir -p $$(@D)
	@{ echo 'extern const char $2[];'; echo 'const char $2[] ='; \
	   sed 's/[\\"]/\\&/g; s/^/"/; s/$$$$/\\n"/' $$<; echo ';'; } >$$@
GENERATED += $(BUILD)/gen/$2.c
endef
$(eval $(call text,reports/result.schema.json,reports_result_schema))
$(eval $(call text,reports/page/page.html,template_page))
$(eval $(call text,reports/page/style.css,template_style))
$(eval $(call text,reports/page/sort.js,template_sort))

GENERATED_OBJECTS := $(GENERATED:.c=.o)
$(GENERATED_OBJECTS): %.o: %.c $(BUILD)/flags
	$(call run,CC,$<,$(CC) $(DEPFLAGS) $(CPPFLAGS) $(COMPILE) -Wno-overlength-strings -c -o $@ $<)

$(LIBRARY): $(filter-out $(BUILD)/runner/main.o,$(OBJECTS)) $(GENERATED_OBJECTS) $(BUILD)/sources
	$(call run,AR,$@,rm -f $@ && $(AR) rcs $@ $(filter %.o,$^))

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(DEPFLAGS) $(CPPFLAGS) $(COMPILE) $(call flags_for,$<) -c -o $@ $<)
$(BUILD)/%.o: %.S $(BUILD)/flags
	@mkdir -p $(@D)
	$(call run,AS,$<,$(CC) $(DEPFLAGS) $(CPPFLAGS) -c -o $@ $<)
$(IDENTIFIED:%.c=$(BUILD)/%.o): $(BUILD)/identity

# ---- dependencies, running, installing --------------------------------------------------------------------------------
.PHONY: deps deps-test deps-lint deps-browser run install clean help
deps: ## install what building and running needs (Debian; elsewhere it says what is missing)
	@CC='$(CC)' sh .ci/deps build
deps-test: ## the same, and what the tests need
	@CC='$(CC)' sh .ci/deps build test
deps-lint: ## the same, and what lints and fuzzing need
	@CC='$(CC)' sh .ci/deps build test lint
deps-browser: ## what building and the browser tests need
	@CC='$(CC)' sh .ci/deps build test browser

PROFILE ?= quick
run: ## from a bare system to results/report.html: deps, build, `run quick`, `fit`, `report` (PROFILE=standard: another profile)
	+@$(SUBMAKE) deps
	+@$(SUBMAKE) all
	@$(PROGRAM) run $(PROFILE)
	@$(PROGRAM) fit
	@$(PROGRAM) report -o results/report.html

SHARED_DATA := $(wildcard workloads/*/*.json)
SHARE        = $(DESTDIR)$(PREFIX)/share/pocketmark
install: $(PROGRAM) ## install program, descriptions and schema under PREFIX=/usr/local (DESTDIR= goes before it)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/pocketmark
	install -D -m 644 -t $(SHARE) reports/result.schema.json
	@set -e; for f in $(SHARED_DATA:workloads/%=%); do install -D -m 644 workloads/$$f $(SHARE)/$$f; done
	@echo "$(words $(SHARED_DATA)) descriptions under $(SHARE)"

clean: ## remove everything the build made
	rm -rf build

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' Makefile
	@echo 'Settings: CC=gcc|clang  SANITIZE=address,undefined|thread  CFLAGS=  OPTIMISE=  BUILD=  V=1'

# ---- tests ----------------------------------------------------------------------------------------------------------------
TESTS  := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/test_*.c)))
SHARED_TESTS := $(BUILD)/tests/faults.so $(BUILD)/tests/clock_jump.so $(BUILD)/tests/fake_nvml.so
$(TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIBRARY)
	$(call run,LINK,$@,$(CC) $(COMPILE) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) -lcmocka $(LDLIBS))
# Without sanitizers: they are loaded before anything else, or in place of a library of the system.
$(SHARED_TESTS): $(BUILD)/%.so: %.c tests/fault_table.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(STD) $(WARN) -O2 -g -I. -fPIC -shared -o $@ $< -pthread)
$(BUILD)/tests/test_energy_calls: | $(BUILD)/tests/fake_nvml.so

# Kernels one by one: `make bench BENCH='gemm q4_0'` for those whose names contain these words.
$(BUILD)/tests/bench: $(BUILD)/tests/bench.o $(LIBRARY)
	$(call run,LINK,$@,$(CC) $(COMPILE) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) -lcmocka $(LDLIBS))
.PHONY: bench
bench: ## speed, share of the roof and error of every kernel, at every level that this processor has
	+@$(SUBMAKE) deps-test
	+@$(SUBMAKE) $(BUILD)/tests/bench
	@$(BUILD)/tests/bench $(BENCH)

.PHONY: test test-programs schema
schema: $(PROGRAM) ## hold the result schema and the stored results against another validator (python3-jsonschema)
	@python3 tests/check_schema.py reports/result.schema.json $(PROGRAM) $(sort $(wildcard tests/results/*/*.json))
test: ## build and run every test (SANITIZE=address,undefined or thread: under that sanitizer)
	+@$(SUBMAKE) deps-test
	+@$(SUBMAKE) test-programs
	@SANITIZE='$(SANITIZE)' bash tests/run.sh '$(BUILD)' $(notdir $(TESTS))
test-programs: $(PROGRAM) $(TESTS) $(SHARED_TESTS) ## build the tests without running them

# ---- browser tests: tests/browser/, with packages of npm that the lock file there fixes -----------------------------------
NODE_MODULES := tests/browser/node_modules/.package-lock.json
.PHONY: test-browser
test-browser: ## reports and a board in a real browser: layout, markup, accessibility, no request; screenshots in build/browser
	+@$(SUBMAKE) deps-browser
	+@$(SUBMAKE) all $(NODE_MODULES)
	@POCKETMARK='$(PROGRAM)' BROWSER_FOLDER='$(BUILD)/browser' node --test-reporter=spec tests/browser/browser.test.mjs
	@echo 'test-browser: all well; screenshots in $(BUILD)/browser'
$(NODE_MODULES): tests/browser/package-lock.json tests/browser/package.json
	$(call run,NPM,tests/browser,cd tests/browser && npm ci --silent --ignore-scripts --no-audit --no-fund)
	@touch $@

# ---- lints ----------------------------------------------------------------------------------------------------------------
SCRIPTS   := $(wildcard .ci/* tests/*.sh tests/cli/*.sh)
FORMATTED := $(sort $(wildcard $(addsuffix /*.[ch],$(FLOORS) tests tests/*)))
.PHONY: lint check-layers check-headers check-size check-format format check-scripts check-clang
lint: ## every lint: layers, headers, size, format, scripts, and a build with clang
	+@$(SUBMAKE) deps-lint
	+@$(SUBMAKE) check-layers check-headers check-size check-format check-scripts check-clang
	@echo 'lint: all well'
check-layers: ## no floor includes a floor above it; each library has one home
	@bash tests/check_layers.sh
check-headers: $(HEADERS:%=$(BUILD)/headers/%.ok) ## every header compiles alone
	@echo 'check-headers: $(words $(HEADERS)) headers compile alone'
$(BUILD)/headers/%.ok: % $(BUILD)/flags
	@mkdir -p $(@D)
	@echo 'typedef int nothing;' | $(CC) -I. $(STD) $(WARN) $(call flags_for,$<) -MMD -MP -MT $@ -MF $(@:.ok=.d) \
	    -fsyntax-only -include $< -x c -
	@touch $@
check-size: ## functions of at most 80 lines (kernels apart), files of at most 500
	@bash tests/check_size.sh
check-format: ## the sources are as clang-format would have them
	$(call run,LINT,clang-format,clang-format --dry-run $(FORMATTED) 2>&1 | sed -nE 's/^([^ :]+):.*Wclang-format.*/\1/p' | \
	    sort -u | awk '{ print $$1 " is not as `make format` would leave it" } END { exit NR > 0 }')
format: ## format the sources
	$(call run,EDIT,clang-format,clang-format -i $(FORMATTED))
check-scripts: ## shellcheck
	$(call run,LINT,shellcheck,shellcheck -S warning $(SCRIPTS))
check-clang:
	+@$(SUBMAKE) CC=clang BUILD=build/clang all test-programs

# ---- fuzzing: tests/fuzz/fuzz_<name>.c with the seeds of tests/fuzz/corpus_<name>/ -----------------------------------------
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzzers/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
$(FUZZERS): $(BUILD)/fuzzers/%: $(BUILD)/tests/fuzz/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call run,LINK,$@,$(CC) $(COMPILE) $(LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(LDLIBS))
.PHONY: fuzz fuzzers
fuzz: ## feed each fuzzer for FUZZ_SECONDS=60; a crash fails and names the input
	+@$(SUBMAKE) deps-lint
	+@$(SUBMAKE) CC=clang BUILD=build/fuzz SANITIZE=fuzzer-no-link,address,undefined fuzzers
	@bash tests/fuzz.sh build/fuzz '$(FUZZ_SECONDS)' $(notdir $(FUZZERS))
fuzzers: $(FUZZERS)

-include $(OBJECTS:.o=.d) $(GENERATED_OBJECTS:.o=.d) $(TESTS:=.d) $(BUILD)/tests/bench.d $(HEADERS:%=$(BUILD)/headers/%.d) \
         $(FUZZERS:$(BUILD)/fuzzers/%=$(BUILD)/tests/fuzz/%.d)

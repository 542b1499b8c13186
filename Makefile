#> cardgen is built, installed and tested like any PostgreSQL extension:
#>
#>   make                  build against the PostgreSQL of pg_config, or PG_CONFIG=...
#>   make install          install it there; DESTDIR=... is respected
#>   make installcheck     test it on the running server that PGHOST and PGPORT name
#>
#> The following need no pg_config. They work in a private copy of Debian's
#> PostgreSQL with a server of its own, and delete both when they are done. As
#> root, or where sudo asks for no password, they install the packages they need.
#>
#>   make quickstart       from nothing to GOLD.txt, a file of 100,000 card numbers
#>   make test             every test; TESTS="unit regress:NAME" runs a part
#>   make bench            the measurements of README
#>   make lint             compilers' warnings, clang-tidy, cppcheck, shellcheck
#>   make check-sanitize   every test with gcc's address and undefined sanitizers
#>   make test-matrix      "make test" on PostgreSQL 15, 17, 18 and 19; needs root
#>   make dist             a PGXN archive, in DIST_DIR (the parent directory)
#>   make deb              Debian packages, one for each installed server version
#>   make check-deb        the same, installed and tried in a bare Debian; needs root
#>
#> PGVERSION=17 chooses among several installed versions of PostgreSQL. With
#> PG_CONFIG=..., test runs on a PostgreSQL that is not Debian's.
#> OUT=DIR says where quickstart and bench leave their files, instead of here and
#> in bench-results.

EXTENSION = cardgen
MODULE_big = cardgen

source := $(dir $(firstword $(MAKEFILE_LIST)))
names = $(basename $(notdir $(sort $(wildcard $(source)$(1)))))

OBJS := $(patsubst %,src/%.o,$(call names,src/*.c))
DATA := $(patsubst $(source)%,%,$(wildcard $(source)sql/cardgen--*.sql))
# -Bsymbolic: PostgreSQL loads all libraries into one name space, where another
# extension may have a function of the same name.
SHLIB_LINK = -lcrypto -Wl,-Bsymbolic

REGRESS := $(call names,test/sql/*.sql)
REGRESS_OPTS = --inputdir=$(source)test
ISOLATION := $(call names,test/specs/*.spec)
ISOLATION_OPTS = --inputdir=$(source)test --outputdir=.
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

harness = help quickstart test bench lint check-sanitize test-matrix dist deb check-deb
.PHONY: all $(harness)

all:

help:
	@sed -n 's/^#> \{0,1\}//p' $(source)Makefile

quickstart:
	@$(source)test/install-packages build
	@$(source)test/with-server test/quickstart

test:
	@$(source)test/install-packages build test
	@$(source)test/with-server test/run-tests $(TESTS)

# On disk: /tmp may be memory.
bench:
	@$(source)test/install-packages build bench
	@CARDGEN_TMP=$${CARDGEN_TMP:-/var/tmp} OUT=$${OUT:-bench-results} $(source)test/with-server test/bench/run

lint:
	@$(source)test/lint

check-sanitize:
	@$(source)test/install-packages build test
	@$(source)test/check-sanitize $(TESTS)

test-matrix:
	@$(source)test/test-matrix

dist:
	@$(source)test/dist $(or $(DIST_DIR),..)

deb:
	@$(source)test/deb $(or $(DIST_DIR),..)

check-deb:
	@$(source)test/check-deb $(or $(DIST_DIR),..)

ifneq ($(filter-out $(harness),$(or $(MAKECMDGOALS),all)),)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(wildcard $(PGXS)),)
$(error no PostgreSQL to build against: install Debian's postgresql-server-dev-15 or later, set PG_CONFIG, or try "make quickstart")
endif
include $(PGXS)
ifneq ($(filter 9.% 10 11 12 13 14,$(MAJORVERSION)),)
$(error cardgen needs PostgreSQL 15 or later, and $(PG_CONFIG) is of $(MAJORVERSION))
endif

$(OBJS) $(OBJS:.o=.bc): $(wildcard $(source)src/*.h)

# A build outside the source tree needs a place for the objects, and
# pg_regress looks for expected/ where it writes results/.
ifeq ($(wildcard Makefile),)
$(shell mkdir -p src)
installcheck: | $(CURDIR)/expected
$(CURDIR)/expected:
	ln -s $(abspath $(source)expected) $@
endif

endif

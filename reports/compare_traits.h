/* What tells cells apart, as named texts: engine, model, format, threads and every other parameter as requested. For compare*.c. */
#ifndef POCKETMARK_REPORTS_COMPARE_TRAITS_H
#define POCKETMARK_REPORTS_COMPARE_TRAITS_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"
#include "reports/facts.h"
#include "reports/record.h"

/* Programs other than this one time prefill and decode in runs of their own: what the other phase was asked to do then does not
 * tell cells apart, and only what both sides know does. */
enum traits_scope { TRAITS_WHOLE, TRAITS_PREFILL, TRAITS_DECODE };

struct traits {
    struct facts *cells; /* owned; one per cell of the record, sorted by path; empty for cells that are out of scope */
    size_t count;
};

enum status traits_read(struct traits *traits, const struct record *record, enum traits_scope scope,
                        struct error *error);
void traits_close(struct traits *traits);

/* The text of a trait, "" where the cell has none. */
const char *trait_text(const struct facts *cell, const char *name);

/* Traits that do not count. */
enum { DROPS_MAX = 64 };
struct drops {
    const char *names[DROPS_MAX]; /* in the traits */
    size_t count;
};

/* Adds a trait and those that follow from it: another format is another file. */
void drops_add(struct drops *drops, const char *name);
bool drops_has(const struct drops *drops, const char *name);

/* Is this one to be told, or does it only follow from another one of them? */
bool drops_tells(const struct drops *drops, size_t index);

/* Cells that differ in this are about different things, whatever else is allowed to differ. */
bool trait_is_fixed(const char *name);

/* Names of all traits of both sides, each once: those a user would name a difference by first. Returns how many, at most
 * DROPS_MAX. */
size_t traits_names(const struct traits *a, const struct traits *b, const char *names[DROPS_MAX]);

/* Adds every trait that some cell in scope lacks. */
void drops_add_partial(struct drops *drops, const struct traits *a, const struct traits *b);

#endif

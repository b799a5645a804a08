/* The lines of a run's journal: one event each, JSON, in a chain of hashes. Text alone; runner/journal.h has the file. */
#ifndef POCKETMARK_REPORTS_DOCUMENT_JOURNAL_H
#define POCKETMARK_REPORTS_DOCUMENT_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"
#include "reports/digest.h"
#include "reports/facts.h"

enum { EVENT_NAME_MAX = 16 };

/* What happened. The owner of the journal gives names and members their meaning. */
struct event {
    char name[EVENT_NAME_MAX];
    struct facts facts; /* paths are plain names here: dots do not nest; integers are read back as numbers, and a null
                           without its reason */
    char **strings;     /* owned */
    size_t string_count, string_capacity;
};

/* Appends a copy of `string`. False: out of memory. */
bool event_add(struct event *event, const char *string);

bool event_is(const struct event *event, const char *name);

/* A fact of the event: NaN where there is no such number, "" where there is no such text. */
double event_number(const struct event *event, const char *name);
const char *event_word(const struct event *event, const char *name);

void event_close(struct event *event);

/* Where a chain stands: the number of the next line and the hash of the last one. All zero before the first line. */
struct event_chain {
    uint64_t seq;
    char hash[DIGEST_HEX];
};

/* The event as the next line of the chain, its line end included, to be freed with free():
 *
 *   {"seq":N,"prev":HASH,"event":NAME,"facts":{…},"strings":[…],"sha256":HASH}
 *
 * sha256 is of the line before the comma in front of it; prev is that of the line before, "" in the first. Bytes that are no
 * UTF-8 become U+FFFD. STATUS_MEMORY. */
enum status event_text(const struct event *event, struct event_chain *chain, char **text, struct error *error);

struct events {
    struct event *items; /* owned; item i stands in line i + 1 and has seq i */
    size_t count;
    size_t good_bytes; /* of the text: what stands behind is a torn line */
    struct event_chain chain;
};

/* Reads a whole journal. A last line that was not written to its end (no line end, or its own hash does not hold) is left out.
 * STATUS_FORMAT names the line of any other break: bytes, JSON, seq or prev. STATUS_MEMORY. Free with events_close in every
 * case. */
enum status events_read(struct events *events, const char *text, size_t length, struct error *error);

void events_close(struct events *events);

#endif

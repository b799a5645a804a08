/* Text from outside: it may be any bytes, and must come out as valid UTF-8, on one line, or in ASCII. */
#ifndef POCKETMARK_REPORTS_TEXT_H
#define POCKETMARK_REPORTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_REPLACEMENT = 0xfffd }; /* U+FFFD stands for what could not be decoded */

/* Decodes the code point at *cursor, which is before end, and moves the cursor behind it. A byte that begins no valid sequence
 * (overlong, surrogate, cut off, beyond U+10FFFF) yields TEXT_REPLACEMENT, moves by one and sets *valid to false, which is
 * otherwise left alone; valid may be NULL. */
uint32_t text_next(const char **cursor, const char *end, bool *valid);

enum text_form {
    TEXT_UTF8, /* valid UTF-8, control characters kept */
    TEXT_LINE, /* valid UTF-8 without control characters and marks that turn its direction: safe for a terminal, one line */
    TEXT_ASCII, /* the same in ASCII: signs that have a likeness get it ("±" "+/-"), others become '?' */
};

/* Copy in that form, to be freed with free(); NULL: out of memory. */
char *text_copy(const char *text, enum text_form form);

/* Takes the folders of people out of paths, in place: "/home/NAME", "/Users/NAME", "/root" and $HOME become "~". */
void text_hide_homes(char *text);

/* The same, at most `columns` columns wide: longer text loses its middle to "…" (in ASCII ".."), since names begin and end alike
 * only where they are. columns > 2. */
char *text_fit(const char *text, enum text_form form, size_t columns);

/* The beginning of valid UTF-8: at most `columns` columns, the last one "…" where it was cut. */
void text_cut(char *out, size_t size, const char *text, size_t columns);

/* Columns on a terminal, one per code point. */
size_t text_columns(const char *text);

/* Bytes of the longest beginning of `text` with at most `columns` columns. */
size_t text_bytes(const char *text, size_t columns);

/* Does it end in that, with something before it? For file names. */
bool text_ends_in(const char *text, const char *suffix);

/* RFC 3339 date and time with an offset: "2026-11-22T15:04:05.25Z". Days are checked against their month, leap seconds taken. */
bool text_is_date_time(const char *text);

enum { TEXT_NUMBER_MAX = 32 };

/* The shortest decimal form that reads back the same; whole numbers below 2^53 as digits alone. value must be finite. */
void text_number(char out[TEXT_NUMBER_MAX], double value);

#endif

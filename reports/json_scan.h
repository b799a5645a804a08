/* A walk over JSON text that builds no tree: for readers that want a few members of very many documents. It takes what is well
 * formed; of what it skips it checks strings and brackets only. After a call has failed, every later one fails too. */
#ifndef POCKETMARK_REPORTS_JSON_SCAN_H
#define POCKETMARK_REPORTS_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct json_scan {
    const char *at, *end;
    bool failed;
};

/* Enters an object or array: bracket is '{' or '['. False, and failed, where something else stands. */
bool json_scan_enter(struct json_scan *scan, char bracket);

/* Moves to the next member and copies its name; false at the end of the object, which is then left. The value must be taken by
 * one of the other calls. Names longer than size are cut. */
bool json_scan_member(struct json_scan *scan, char *name, size_t size);

/* The same for arrays. */
bool json_scan_element(struct json_scan *scan);

/* Copies a string, cut at a whole character where it is longer than size. Other values are skipped and give "". */
void json_scan_text(struct json_scan *scan, char *text, size_t size);

/* A number; other values are skipped and give NaN. */
double json_scan_number(struct json_scan *scan);

/* Skips any value; what it was stands from *from to scan->at. from may be NULL. */
void json_scan_skip(struct json_scan *scan, const char **from);

/* Is the next value of this kind? '{', '[', '"' or any other first character. */
bool json_scan_is(struct json_scan *scan, char first);

/* Nothing but blanks is left, and nothing failed. */
bool json_scan_done(struct json_scan *scan);

#endif

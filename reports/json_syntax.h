/* Strict JSON grammar (RFC 8259). The parser behind it is lenient, and a result file that only lenient readers take is broken. */
#ifndef POCKETMARK_REPORTS_JSON_SYNTAX_H
#define POCKETMARK_REPORTS_JSON_SYNTAX_H

#include <stddef.h>

#include "kernels/base.h"

/* Values within values. Results need less than ten. */
enum { JSON_DEPTH_MAX = 64 };

/* One JSON value and nothing behind it: UTF-8 without U+0000, numbers finite as doubles and at most 63 characters long, nesting
 * at most JSON_DEPTH_MAX. Linear in length. STATUS_FORMAT tells line, column and rule. Names may still repeat in an object. */
enum status json_syntax_check(const char *text, size_t length, struct error *error);

#endif

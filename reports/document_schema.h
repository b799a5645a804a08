/* An interpreter of the part of JSON Schema draft-07 that the result schema uses. For document*.c and their tests alone. */
#ifndef POCKETMARK_REPORTS_DOCUMENT_SCHEMA_H
#define POCKETMARK_REPORTS_DOCUMENT_SCHEMA_H

#include <stdbool.h>

#include "kernels/base.h"

struct cJSON;
struct schema;

/* Parses and checks a schema: type, required, properties, additionalProperties, propertyNames, enum, const, pattern (what POSIX
 * extended and ECMA expressions share), minLength, maxLength, minItems, items (one schema), minimum, maximum, if/then/else, $ref to "#/definitions/…",
 * format "date-time", and the annotations. Anything else, also where no document would reach it, is STATUS_FAILED, so that the
 * schema cannot outgrow its interpreter unseen. Free with schema_close. */
enum status schema_open(struct schema **schema, const char *text, struct error *error);

/* Checks a value that json_syntax_check let pass. STATUS_FORMAT: "cells[3].summary.load_seconds.value: rule, found …".
 * allow_more: members that additionalProperties false would refuse are let pass (a newer minor version may have them). */
enum status schema_check(const struct schema *schema, const struct cJSON *value, bool allow_more, struct error *error);

void schema_close(struct schema *schema);

#endif

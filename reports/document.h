/* The JSON result document: written from a record, checked against the schema. */
#ifndef POCKETMARK_REPORTS_DOCUMENT_H
#define POCKETMARK_REPORTS_DOCUMENT_H

#include "kernels/base.h"
#include "reports/facts.h"
#include "reports/record.h"

/* The document as text, to be freed with free(). Integrity hashes included. STATUS_MEMORY. */
enum status document_text(const struct record *record, char **text, struct error *error);

/* Facts as one JSON object (for `detect --json`, `roof --json`). */
enum status document_facts_text(const struct facts *facts, char **text, struct error *error);

/* Checks a document: JSON, the schema (draft-07 subset interpreter over reports/result.schema.json, which is compiled in), and
 * what a schema cannot say (hashes, intervals around their values, unique cells). STATUS_FORMAT names the place and the rule. */
enum status document_validate(const char *text, size_t length, struct error *error);

/* The same for a file. STATUS_IO, STATUS_FORMAT. */
enum status document_validate_file(const char *path, struct error *error);

#endif

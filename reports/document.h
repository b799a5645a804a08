/* The JSON result document: written from a record, checked against the schema, read back into a record. */
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

/* The same for a file; "-" is standard input. STATUS_IO, STATUS_FORMAT. */
enum status document_validate_file(const char *path, struct error *error);

/* Checks likewise and fills the record, which is opened here: call record_close in every case. Any 1.y is taken; members that
 * this version does not know are left out. Labels of facts are those of label_of_path (labels.h). What document_text makes of the record is the document again, byte by
 * byte, if document_text wrote it; whole numbers from 2^53 on and members of no meaning to the record may differ. */
enum status document_read(const char *text, size_t length, struct record *record, struct error *error);

/* The same for a file; "-" is standard input. Texts of errors begin with the path. STATUS_IO, STATUS_FORMAT, STATUS_MEMORY. */
enum status document_read_file(const char *path, struct record *record, struct error *error);

/* The same for who works on what was measured: STATUS_UNLIKE for a document that holds predictions alone. */
enum status document_read_measured(const char *path, struct record *record, struct error *error);

/* Hash of what must be equal in cells that are compared: parameters as requested, model, quantisation, and what the figures
 * mean. False: out of memory, or facts that no document can hold. */
bool cell_key(const struct cell *cell, char hex[65]);

#endif

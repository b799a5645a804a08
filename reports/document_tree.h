/* What the files document*.c share: JSON trees of a document. For them alone. */
#ifndef POCKETMARK_REPORTS_DOCUMENT_TREE_H
#define POCKETMARK_REPORTS_DOCUMENT_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"
#include "reports/digest.h"
#include "reports/facts.h"

struct cJSON;

/* Adds a member; false: out of memory. Strings are made valid UTF-8, numbers are written exactly, NaN and infinity as null. */
bool document_add_text(struct cJSON *object, const char *name, const char *text);
bool document_add_number(struct cJSON *object, const char *name, double value);

/* Adds facts below `object`: paths become objects and arrays, a null gets NAME_reason beside it. STATUS_MEMORY, STATUS_MISUSE
 * for a path that is malformed or contradicts another one. */
enum status document_add_facts(struct cJSON *object, const struct facts *facts, struct error *error);

/* Hash of what must be equal in comparable runs: see integrity.comparability_key_sha256 in the schema. False: out of memory. */
bool document_comparability(const struct cJSON *document, char hex[DIGEST_HEX]);

/* Hash of the document with integrity.payload_sha256 "". Rewrites the numbers of the tree, which is good for nothing but
 * printing and freeing afterwards. False: out of memory, or a tree without that member. */
bool document_payload(struct cJSON *document, char hex[DIGEST_HEX]);

#endif

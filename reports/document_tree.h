/* What the files document*.c share: JSON trees of a document. For them alone. */
#ifndef POCKETMARK_REPORTS_DOCUMENT_TREE_H
#define POCKETMARK_REPORTS_DOCUMENT_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"
#include "reports/digest.h"
#include "reports/facts.h"

struct cJSON;

/* The words of the document for enum values, each list ended by NULL. */
extern const char *const document_run_words[], *const document_cell_words[], *const document_phase_words[],
                                                                                 *const document_stop_words[],
                                                                                     *const document_better_words[];

/* Number of a word in its list, which holds it. */
int document_word(const char *const *words, const char *word);

/* Paths of facts: bytes of a name with its terminator, names and indices in a row, the largest index. */
enum {
    DOCUMENT_NAME_MAX = 128,
    DOCUMENT_STEPS_MAX = 24,
    DOCUMENT_INDEX_MAX = 99999,
    DOCUMENT_PATH_MAX = DOCUMENT_STEPS_MAX * (DOCUMENT_NAME_MAX + 1)
};

/* Adds a member; false: out of memory. Strings are made valid UTF-8, numbers are written exactly, NaN and infinity as null. */
bool document_add_text(struct cJSON *object, const char *name, const char *text);
bool document_add_number(struct cJSON *object, const char *name, double value);

/* The same for an array. */
bool document_append_number(struct cJSON *array, double value);

/* Adds facts below `object`: paths become objects and arrays, a null gets NAME_reason beside it. STATUS_MEMORY, STATUS_MISUSE
 * for a path that is malformed or contradicts another one. */
enum status document_add_facts(struct cJSON *object, const struct facts *facts, struct error *error);

/* The other way: what stands below `object` becomes facts, in the order of the document, labelled as in labels.h. A null takes
 * its NAME_reason along. Empty groups leave no fact. STATUS_FORMAT for what could not be written again (a name with '.' or '['),
 * STATUS_MEMORY; texts begin with the path below `object`. */
enum status document_take_facts(const struct cJSON *object, struct facts *facts, struct error *error);

/* What the schema says, and what a schema cannot say but the hashes: no name twice in an object, no cell twice, intervals around
 * their values, counts as in the repetitions. STATUS_FORMAT. */
enum status document_check(const struct cJSON *document, struct error *error);

/* Are the hashes right? Uses the tree up, as document_payload does. STATUS_FORMAT. */
enum status document_check_hashes(struct cJSON *document, struct error *error);

/* Hash of what must be equal in comparable cells: see cells[].comparability_key_sha256 in the schema. False: out of memory. */
bool document_cell_key(const struct cJSON *cell, char hex[DIGEST_HEX]);

/* Hash of what must be equal in comparable runs: see integrity.comparability_key_sha256 in the schema. False: out of memory. */
bool document_comparability(const struct cJSON *document, char hex[DIGEST_HEX]);

/* Hash of the document with integrity.payload_sha256 "". Rewrites the numbers of the tree, which is good for nothing but
 * printing and freeing afterwards. False: out of memory, or a tree without that member. */
bool document_payload(struct cJSON *document, char hex[DIGEST_HEX]);

#endif

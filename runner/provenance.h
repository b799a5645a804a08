/* Which program this is: version, commit, compiler, hash of the running binary. */
#ifndef POCKETMARK_RUNNER_PROVENANCE_H
#define POCKETMARK_RUNNER_PROVENANCE_H

#include "reports/digest.h"
#include "reports/facts.h"

const char *provenance_version(void);

/* "0123…cdef" or "0123…cdef-dirty"; empty where the program was not built from a commit. */
const char *provenance_commit(void);

/* Hash of the running program's file. STATUS_IO. */
enum status provenance_binary(char hex[DIGEST_HEX], struct error *error);

/* The document's tool block. */
void provenance_tool(struct facts *tool, const char binary[DIGEST_HEX]);

#endif

/* Figures of other programs as records: foreign and unverified, but fit for the same table. */
#ifndef POCKETMARK_REPORTS_IMPORT_H
#define POCKETMARK_REPORTS_IMPORT_H

#include <stddef.h>

#include "kernels/base.h"
#include "reports/record.h"

/* What llama-bench of llama.cpp prints with `-o json` or `-o jsonl`, as a record of origin imported and engine "llama.cpp". Each
 * test is a cell: pp fills prefill_tokens_per_second, tg decode_tokens_per_second, pg neither (it times both as one). Each sample
 * is a repetition and each row a launch: all samples of a row come from one process, so that an interval is claimed only where
 * six rows of one test were merged. Opens the record. STATUS_FORMAT names row, key and rule. record_close() in every case. */
enum status import_llama_bench(const char *text, size_t length, struct record *record, struct error *error);

/* Adds the rows of another invocation to what import_llama_bench has opened: the same test again is one more launch of its cell.
 * STATUS_FORMAT as above, and where build or machine is another one. */
enum status import_llama_bench_add(const char *text, size_t length, struct record *record, struct error *error);

/* One or more files merged, in this order. STATUS_IO, STATUS_FORMAT name the file. */
enum status import_llama_bench_files(const char *const *paths, size_t count, struct record *record,
                                     struct error *error);

#endif

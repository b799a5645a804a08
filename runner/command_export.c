/* `pocketmark export` and `pocketmark import`: results in the forms of other programs, and theirs in ours. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/document.h"
#include "reports/export.h"
#include "reports/import.h"
#include "reports/writer.h"
#include "runner/options.h"
#include "workloads/nearest.h"

enum { FORMATS_MAX = 32 };

static const char *first_text(const struct options *options, enum option_id id)
{
    return options_count(options, id) ? options_text(options, id, 0) : NULL;
}

static enum status choose_exporter(const char *name, const struct exporter **exporter, struct error *error)
{
    const char *words[FORMATS_MAX], *nearest;
    char known[256] = "";
    size_t count = 0;

    for (; exporters[count] && count < FORMATS_MAX; count++) {
        words[count] = exporters[count]->name;
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", count ? ", " : "", words[count]);
    }
    if (!name)
        return error_set(error, STATUS_MISUSE, "'export' needs --to FORMAT, one of: %s", known);
    *exporter = exporter_find(name);
    if (*exporter)
        return STATUS_OK;
    nearest = nearest_word(name, words, count);
    if (nearest)
        return error_set(error, STATUS_MISUSE, "--to: there is no '%s'; did you mean '%s'? (known: %s)", name, nearest,
                         known);
    return error_set(error, STATUS_MISUSE, "--to: there is no '%s' (known: %s)", name, known);
}

int command_export(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    const char *path = first_text(options, OPTION_SAVE);
    struct record *records = calloc(options->argument_count, sizeof *records);
    const struct exporter *exporter = NULL;
    size_t count = 0;
    enum status status = choose_exporter(first_text(options, OPTION_TO), &exporter, error);

    if (!status && !path)
        status = error_set(error, STATUS_MISUSE, "'export' needs -o FILE ('-' is standard output)");
    if (!status && !records)
        status = error_set(error, STATUS_MEMORY, "no memory for %zu results", options->argument_count);
    if (!status)
        status = writer_probe(path, error);
    while (!status && count < options->argument_count) {
        status = document_read_measured(options->arguments[count], &records[count], error);
        count++;
    }
    if (!status)
        status = export_save(exporter, records, count, path, error);
    for (size_t i = 0; i < count; i++)
        record_close(&records[i]);
    free(records);
    return exit_code_of(status);
}

/* results/FILE.json for FOLDER/FILE.jsonl, unless -o told another place; nothing that is there is replaced unasked. */
static enum status choose_path(const struct options *options, char *path, size_t size, struct error *error)
{
    const char *told = first_text(options, OPTION_SAVE), *slash = strrchr(options->arguments[0], '/');
    const char *base = slash ? slash + 1 : options->arguments[0], *suffix = strrchr(base, '.');
    int length = suffix && suffix > base ? (int)(suffix - base) : (int)strlen(base);

    if (!told && strcmp(options->arguments[0], "-") == 0)
        return error_set(error, STATUS_MISUSE, "'import -' needs -o RESULT.json");
    if ((size_t)(told ? snprintf(path, size, "%s", told) : snprintf(path, size, "results/%.*s.json", length, base)) >=
        size)
        return error_set(error, STATUS_MISUSE, "%s: the name is too long; choose another with -o",
                         options->arguments[0]);
    if (!told && mkdir("results", 0777) && errno != EEXIST)
        return error_set(error, STATUS_IO, "results: %s: choose another place with -o", strerror(errno));
    if (!told && access(path, F_OK) == 0)
        return error_set(error, STATUS_IO, "%s: is there already; choose another name with -o", path);
    return writer_probe(path, error);
}

int command_import(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    const char *model = first_text(options, OPTION_IMPORT_MODEL);
    struct record record = {0};
    char path[4096], *text = NULL;
    enum status status = choose_path(options, path, sizeof path, error);

    if (!status)
        status = import_llama_bench_files(options->arguments, options->argument_count, &record, error);
    for (size_t i = 0; i < record.cell_count && model && !status; i++)
        facts_text(&record.cells[i].model, "name", NULL, model);
    if (!status)
        status = document_text(&record, &text, error);
    if (!status)
        status = writer_save_bytes(path, text, strlen(text), error);
    if (!status && strcmp(path, "-") != 0)
        printf("result: %s (%zu cells, imported and not verified)\n", path, record.cell_count);
    free(text);
    record_close(&record);
    return exit_code_of(status);
}

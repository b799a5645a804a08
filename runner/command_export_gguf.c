/* `pocketmark export-gguf`: the synthetic weights of a described model as a file that other programs load. */
#include <errno.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "devices/host.h"
#include "devices/threads.h"
#include "reports/save.h"
#include "reports/units.h"
#include "runner/options.h"
#include "runner/subject.h"
#include "workloads/gguf_writer.h"

/* The file is written in pieces that begin and end where huge pages do, so that it lies in such pages while it is cached. */
enum { WINDOW_BYTES = 8 << 20 };

struct exporter {
    const char *path;
    struct subject subject;
    struct gguf_plan plan;
    struct save save;
    const volatile sig_atomic_t *signal;
    struct threads *threads;
    unsigned char *windows; /* one for each thread, with room for a row before and behind it */
    size_t row_bytes;       /* of the longest row */
    atomic_size_t next;     /* window */
    atomic_int cause;       /* errno of a write that failed */
    atomic_bool interrupted;
};

/* A signal may only be looked at by the thread that it is for; the others hear of it from there. */
static bool goes_on(struct exporter *exporter, size_t thread)
{
    if (thread == 0 && *exporter->signal)
        exporter->interrupted = true;
    return !exporter->interrupted && !exporter->cause;
}

/* Makes bytes [begin, end) of the file at `window`. Rows that lie there in part are made whole. */
static void fill_window(const struct exporter *exporter, uint64_t begin, uint64_t end, unsigned char *window)
{
    const struct model *model = &exporter->subject.model;
    const struct weights *weights = exporter->subject.weights;
    const struct gguf_head *head = &exporter->plan.head;

    memset(window, 0, (size_t)(end - begin));
    if (begin < head->size)
        memcpy(window, head->bytes + begin, head->size < end ? head->size - begin : end - begin);
    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        uint64_t bytes = dtype_row_bytes(tensor->type, tensor->columns), offset = exporter->plan.offsets[i];
        uint64_t first = begin > offset ? (begin - offset) / bytes : 0;
        uint64_t last = end > offset ? (end - offset + bytes - 1) / bytes : 0;
        last = last < tensor->rows ? last : tensor->rows;
        if (first < last)
            weights->ops->read(weights, i, first, last - first,
                               window + (ptrdiff_t)(offset + first * bytes) - (ptrdiff_t)begin);
    }
}

static void write_at(struct exporter *exporter, size_t thread, const unsigned char *bytes, uint64_t begin, uint64_t end)
{
    while (begin < end && goes_on(exporter, thread)) {
        ssize_t done = pwrite(exporter->save.file, bytes, end - begin, (off_t)begin);
        if (done < 0 && errno != EINTR)
            exporter->cause = errno;
        bytes += done > 0 ? done : 0;
        begin += done > 0 ? (uint64_t)done : 0;
    }
}

static void write_windows(void *context, size_t thread)
{
    struct exporter *exporter = context;
    uint64_t all = exporter->plan.file_bytes, begin;
    unsigned char *window = exporter->windows + thread * (WINDOW_BYTES + 2 * exporter->row_bytes) + exporter->row_bytes;

    while ((begin = (uint64_t)exporter->next++ * WINDOW_BYTES) < all && goes_on(exporter, thread)) {
        uint64_t end = begin + WINDOW_BYTES < all ? begin + WINDOW_BYTES : all;
        fill_window(exporter, begin, end, window);
        write_at(exporter, thread, window, begin, end);
    }
}

static enum status open_threads(struct exporter *exporter, struct error *error)
{
    const struct model *model = &exporter->subject.model;
    unsigned cpus[HOST_CPUS_MAX];
    struct host host;
    size_t count;
    enum status status = host_read(&host, NULL, error);

    if (status)
        return status;
    count = host_performance_cpus(&host, cpus, HOST_CPUS_MAX);
    for (size_t i = 0; i < model->tensor_count; i++) {
        size_t bytes = dtype_row_bytes(model->tensors[i].type, model->tensors[i].columns);
        exporter->row_bytes = bytes > exporter->row_bytes ? bytes : exporter->row_bytes;
    }
    exporter->windows = malloc(count * (WINDOW_BYTES + 2 * exporter->row_bytes));
    if (!exporter->windows)
        return error_set(error, STATUS_MEMORY, "out of memory for %zu pieces of a file", count);
    return threads_open(&exporter->threads, cpus, count, error);
}

static enum status write_file(struct exporter *exporter, struct error *error)
{
    enum status status = open_threads(exporter, error);

    if (status)
        return status;
    threads_run(exporter->threads, write_windows, exporter);
    errno = exporter->cause;
    if (*exporter->signal)
        return error_set(error, STATUS_INTERRUPTED, "%s: interrupted; nothing was written", exporter->path);
    return errno ? save_error(exporter->path, "write", error) : STATUS_OK;
}

static enum status check_place(const struct exporter *exporter, bool force, struct error *error)
{
    struct stat about;

    if (stat(exporter->path, &about) != 0)
        return STATUS_OK;
    if (!S_ISREG(about.st_mode))
        return error_set(error, STATUS_IO, "%s: is not a regular file; name a new one", exporter->path);
    if (!force)
        return error_set(error, STATUS_IO, "%s: is there already; --force replaces it", exporter->path);
    return STATUS_OK;
}

/* Better now than after gigabytes. The file that is replaced goes only when the new one is whole. */
static enum status check_space(const struct exporter *exporter, struct error *error)
{
    char *copy = strdup(exporter->path), needed[32], left[32];
    struct statvfs about;
    enum status status = STATUS_OK;

    if (!copy)
        return error_set(error, STATUS_MEMORY, "out of memory");
    if (statvfs(dirname(copy), &about) == 0 && exporter->plan.file_bytes / about.f_frsize >= about.f_bavail) {
        units_format(needed, sizeof needed, "bytes", (double)exporter->plan.file_bytes);
        units_format(left, sizeof left, "bytes", (double)about.f_bavail * (double)about.f_frsize);
        status = error_set(error, STATUS_IO,
                           "%s: needs %s, but only %s are free there: free some space or name another folder",
                           exporter->path, needed, left);
    }
    free(copy);
    return status;
}

static enum status export_model(struct exporter *exporter, const struct options *options, struct error *error)
{
    const char *request = options->arguments[0];
    enum status status;

    if (subject_is_file(request))
        return error_set(error, STATUS_MISUSE, "%s: is a file already; name a described model", request);
    if (!options_count(options, OPTION_GGUF))
        return error_set(error, STATUS_MISUSE, "where to? Give -o FILE.gguf");
    if (options_count(options, OPTION_QUANT) > 1 || options_count(options, OPTION_OUTPUT_TYPE) > 1)
        return error_set(error, STATUS_MISUSE, "one file has one --quant and one --output-tensor-type");
    exporter->path = options_text(options, OPTION_GGUF, 0);
    status = check_place(exporter, options_flag(options, OPTION_FORCE), error);
    if (!status)
        status = subject_open(&exporter->subject, request, options_text(options, OPTION_QUANT, 0),
                              options_count(options, OPTION_OUTPUT_TYPE) ? options_text(options, OPTION_OUTPUT_TYPE, 0)
                                                                         : NULL,
                              (uint64_t)options_number(options, OPTION_SEED, 0), error);
    if (!status)
        status = gguf_plan_file(&exporter->plan, &exporter->subject.model, error);
    if (!status)
        status = check_space(exporter, error);
    if (!status)
        status = save_open(&exporter->save, exporter->path, error);
    if (!status)
        status = write_file(exporter, error);
    return status ? status : save_commit(&exporter->save, error);
}

int command_export_gguf(const struct invocation *invocation, struct error *error)
{
    struct exporter exporter = {.save.file = -1, .signal = invocation->signal};
    char size[32];
    enum status status = export_model(&exporter, invocation->options, error);

    save_abandon(&exporter.save);
    if (!status) {
        units_format(size, sizeof size, "bytes", (double)exporter.plan.file_bytes);
        printf("%s: %s %s, %s\n", exporter.path, exporter.subject.model.name, exporter.subject.format, size);
    }
    if (exporter.threads)
        threads_close(exporter.threads);
    free(exporter.windows);
    gguf_plan_free(&exporter.plan);
    subject_close(&exporter.subject);
    return status == STATUS_INTERRUPTED ? EXIT_SIGNAL + *invocation->signal : exit_code_of(status);
}

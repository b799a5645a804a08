#include "runner/report_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/site.h"
#include "reports/text.h"
#include "runner/options.h"

/* Names of files may be any bytes. */
static void warn(const char *text, void *context)
{
    char *line = text_copy(text, TEXT_LINE);

    (void)context;
    fprintf(stderr, "pocketmark: %s\n", line ? line : "a warning is lost for want of memory");
    free(line);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void print_tally(const char *folder, const struct site_tally *tally)
{
    const char *between = folder[strlen(folder) - 1] == '/' ? "" : "/";

    printf("site: %s%sindex.html (%zu result%s of %zu device%s and %zu model%s, %zu pair%s compared; %zu files)\n",
           folder, between, tally->results, plural(tally->results), tally->devices, plural(tally->devices),
           tally->models, plural(tally->models), tally->pairs, plural(tally->pairs), tally->files);
    if (tally->left_out)
        printf("left out: %zu file%s; the index tells why\n", tally->left_out, plural(tally->left_out));
    if (tally->pairs_left)
        printf("%zu more pairs have cases in common: --pairs allows more pages\n", tally->pairs_left);
    if (tally->removed)
        printf("removed: %zu file%s of the earlier site\n", tally->removed, plural(tally->removed));
}

static enum status check_options(const struct options *options, struct error *error)
{
    static const enum option_id others[] = {OPTION_REPORT_OUTPUT, OPTION_CHARTS, OPTION_PRICE, OPTION_CLOUD_PRICE};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (options_given(options, others[i]))
            return error_set(error, STATUS_MISUSE, "%s does not go with --site, which is all pages in one folder",
                             options_name(others[i]));
    return STATUS_OK;
}

enum status report_site(const struct options *options, const char *fallback, struct error *error)
{
    struct site_options site = {.folder = options_text(options, OPTION_SITE, 0),
                                .pairs_most = (size_t)options_number(options, OPTION_PAIRS, 0),
                                .warn = warn};
    bool named = options->argument_count > 0;
    struct site_tally tally;
    enum status status = check_options(options, error);

    if (!status)
        status = site_build(named ? options->arguments : &fallback, named ? options->argument_count : 1, &site, &tally,
                            error);
    if (!status)
        print_tally(site.folder, &tally);
    return status;
}

enum status report_site_missing(const struct options *options, struct error *error)
{
    if (options_given(options, OPTION_PAIRS))
        return error_set(error, STATUS_MISUSE, "--pairs is for a site; name its folder with --site DIR");
    return STATUS_OK;
}

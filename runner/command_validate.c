#include <stdio.h>
#include <string.h>

#include "reports/document.h"
#include "runner/commands.h"
#include "runner/options.h"

static int code_of(enum status status)
{
    return status == STATUS_FORMAT ? EXIT_UNVERIFIED : exit_code_of(status);
}

/* Of several documents each gets a line of the output; a file that could not be read weighs more than one that is wrong. */
int command_validate(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    size_t count = options->argument_count, bad = 0;
    enum status worst = STATUS_OK;

    for (size_t i = 0; i < count; i++) {
        const char *path = options->arguments[i];
        struct error problem;
        enum status status = document_validate_file(path, &problem);
        if (status == STATUS_OK) {
            printf("%s: a valid result document\n", strcmp(path, "-") == 0 ? "standard input" : path);
            continue;
        }
        if (count == 1)
            return error_set(error, status, "%s", problem.text), code_of(status);
        printf("%s\n", problem.text);
        bad++;
        if (code_of(status) > code_of(worst))
            worst = status;
    }
    if (bad)
        error_set(error, worst, "%zu of %zu are no valid result documents", bad, count);
    return code_of(worst);
}

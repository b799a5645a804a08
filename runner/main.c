/* The program's door: finds the command, shows what went wrong, exits. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/text.h"
#include "runner/commands.h"
#include "runner/options.h"
#include "runner/provenance.h"

/* The one mutable global: the signal that asked us to stop. */
static volatile sig_atomic_t caught_signal;

static void catch_signal(int number)
{
    if (caught_signal)
        _exit(EXIT_SIGNAL + number);
    caught_signal = number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = catch_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away must not cost the result */
    signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error like a full disk */
}

/* Buffered output can still fail when it is flushed: a full disk must not look like success. */
static int flush_output(int code)
{
    if ((fflush(stdout) || ferror(stdout)) && (code == EXIT_OK || code == EXIT_CASE_FAILED || code == EXIT_UNFIT)) {
        fputs("pocketmark: standard output could not be written: is its disk full?\n", stderr);
        return EXIT_FILE;
    }
    return code;
}

/* Names of files may hold anything; the terminal gets none of it that it would obey. */
static void complain(const char *text)
{
    char *line = text_copy(text, TEXT_LINE);

    fprintf(stderr, "pocketmark: %s\n", line ? line : "out of memory");
    free(line);
}

static int run_command(enum command command, int argc, char **argv)
{
    struct options options;
    struct error error = {0};
    const struct command_info *info = command_info(command);
    int code = exit_code_of(options_parse(&options, command, argc, argv, &error));

    if (code == EXIT_OK && options.help)
        options_help_command(stdout, command);
    else if (code == EXIT_OK) {
        if (info->catches_signals)
            catch_signals();
        code = info->run(&(struct invocation){&options, &caught_signal, argc, argv}, &error);
    }
    options_close(&options);
    if (error.status)
        complain(error.text);
    if (error.status == STATUS_MISUSE) {
        options_usage(stderr, command);
        fprintf(stderr, "'pocketmark %s --help' tells more\n", info->name);
    }
    return flush_output(code);
}

int main(int argc, char **argv)
{
    enum command command;
    const char *suggestion;
    struct error error;

    /* an arena of its own for each thread would take 64 MiB of address space, which a limit may count as memory */
    mallopt(M_ARENA_MAX, 1);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        options_help(stdout);
        return flush_output(EXIT_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("pocketmark %s\n", provenance_version());
        return flush_output(EXIT_OK);
    }
    if (command_from_name(argv[1], &command))
        return run_command(command, argc - 2, argv + 2);
    suggestion = command_suggest(argv[1]);
    error_set(&error, STATUS_MISUSE, "there is no command '%.200s'%s%s%s", argv[1],
              suggestion ? "; did you mean '" : "", suggestion ? suggestion : "", suggestion ? "'?" : "");
    complain(error.text);
    fputs("usage: pocketmark", stderr);
    for (int i = 0, shown = 0; i < COMMAND_COUNT; i++)
        if (!command_info((enum command)i)->hidden)
            fprintf(stderr, "%s%s", shown++ ? "|" : " ", command_info((enum command)i)->name);
    fputs(" …; 'pocketmark --help' tells more\n", stderr);
    return EXIT_MISUSE;
}

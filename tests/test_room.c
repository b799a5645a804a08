/* What a case that does not fit is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/room.h"

static struct host host;

/* What is said of a described model under a limit of so many bytes. */
static const char *refusal(const char *name, const struct engine_options *options, uint64_t usable_bytes, bool file)
{
    static struct error error;
    const struct engine_ops *cpu = engine_find("cpu");
    struct memory memory = {.usable_bytes = usable_bytes, .binding = "a test"};
    struct model model;
    struct room room;

    error = (struct error){0};
    assert_int_equal(model_load(&model, name, &error), STATUS_OK);
    assert_int_equal(model_set_types(&model, DTYPE_Q8_0, DTYPE_Q8_0, &error), STATUS_OK);
    room = room_predict(cpu, &model, options, &host, 0);
    assert_true(room.known);
    if (room_check(&room, &memory, &error))
        room_suggest(cpu, &model, options, &host, &memory, 0, file, &error);
    model_free(&model);
    return error.text;
}

static void test_suggestions(void **state)
{
    struct engine_options options = {.threads = 1, .context_tokens = 128, .isa = host.isa};

    (void)state;
    assert_string_equal(refusal("llama-3.2-1b", &options, 2000000000, false), "");
    assert_non_null(strstr(refusal("llama-3.2-1b", &options, 900000000, false), "llama-3.2-1b as q4_0 would fit"));
    assert_null(strstr(refusal("llama-3.2-1b", &options, 900000000, false), "no-repack"));
    assert_non_null(strstr(refusal("llama-3.2-1b", &options, 900000000, true), "--no-repack would read"));
    assert_null(strstr(refusal("llama-3.2-1b", &options, 1000, true), "would"));
}

/* Weights that stay in a file are no memory of the process; what is suggested instead lies in no file. */
static void test_without_repacking(void **state)
{
    struct engine_options options = {.threads = 1, .context_tokens = 128, .isa = host.isa, .no_repack = true};

    (void)state;
    assert_string_equal(refusal("llama-3.2-1b", &options, 100000000, true), "");
    options.context_tokens = 100000;
    assert_null(strstr(refusal("llama-3.2-1b", &options, 900000000, true), "no-repack"));
    assert_null(strstr(refusal("llama-3.2-1b", &options, 900000000, true), "14b"));
}

static int set_up(void **state)
{
    struct error error;

    (void)state;
    return setenv("POCKETMARK_DATA", "workloads", 1) || host_read(&host, NULL, &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_without_repacking),
    };
    return cmocka_run_group_tests_name("room", tests, set_up, NULL);
}

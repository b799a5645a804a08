#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "runner/provenance.h"

static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static const char *text_at(const struct facts *facts, const char *path)
{
    const struct fact *fact = facts_find(facts, path);

    return fact && fact->type == FACT_TEXT ? fact->text : "";
}

static void test_tool(void **state)
{
    struct facts tool = {0};

    (void)state;
    provenance_tool(&tool, hash);
    assert_string_equal(text_at(&tool, "name"), "pocketmark");
    assert_string_equal(text_at(&tool, "version"), provenance_version());
    assert_string_equal(text_at(&tool, "build_id_sha256"), hash);
    assert_string_equal(text_at(&tool, "git_commit"), provenance_commit());
    assert_non_null(strstr(text_at(&tool, "flags"), "-std=c17"));
    assert_true(*text_at(&tool, "compiler"));
#ifdef __GLIBC__
    assert_memory_equal(text_at(&tool, "libc"), "glibc 2.", 8);
#endif
    facts_free(&tool);
}

/* Each library by name alone, and the C library among them. */
static void test_libraries(void **state)
{
    struct facts tool = {0};
    const struct fact *name;
    bool libc = false;

    (void)state;
    provenance_tool(&tool, hash);
    for (size_t i = 0;; i++) {
        char path[48];
        const char *id;
        snprintf(path, sizeof path, "libraries[%zu].name", i);
        if (!(name = facts_find(&tool, path)))
            break;
        assert_null(strchr(name->text, '/'));
        libc = libc || strncmp(name->text, "libc.so", 7) == 0;
        snprintf(path, sizeof path, "libraries[%zu].build_id", i);
        assert_non_null(facts_find(&tool, path));
        id = text_at(&tool, path);
        assert_int_equal(strspn(id, "0123456789abcdef"), strlen(id));
        assert_int_equal(strlen(id) % 2, 0);
    }
    assert_true(libc);
    facts_free(&tool);
}

static void test_binary(void **state)
{
    char hex[DIGEST_HEX], again[DIGEST_HEX];
    struct error error;

    (void)state;
    assert_int_equal(provenance_binary(hex, &error), STATUS_OK);
    assert_int_equal(digest_file("/proc/self/exe", again, &error), STATUS_OK);
    assert_int_equal(strlen(hex), 64);
    assert_string_equal(hex, again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tool),
        cmocka_unit_test(test_libraries),
        cmocka_unit_test(test_binary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

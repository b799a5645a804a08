#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "workloads/nearest.h"

static void finds_the_nearest_word(void **state)
{
    static const char *const words[] = {"run", "report", "roof", "list", "compare", "standard"};
    static const struct {
        const char *word, *near;
    } cases[] = {
        {"run", "run"},
        {"rnu", "run"},
        {"RUN", "run"},
        {"raport", "report"},
        {"reprot", "report"},
        {"comapre", "compare"},
        {"compares", "compare"},
        {"stan", "standard"},
        {"lst", "list"},
        {"x", NULL},
        {"", NULL},
        {"benchmark", NULL},
        {"rrrrrr", NULL},
    };
    char endless[300];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *near = nearest_word(cases[i].word, words, sizeof words / sizeof *words);
        if (cases[i].near)
            assert_string_equal(near, cases[i].near);
        else
            assert_null(near);
    }
    memset(endless, 'r', sizeof endless);
    endless[sizeof endless - 1] = '\0';
    assert_null(nearest_word(endless, words, 6));
    assert_null(nearest_word("run", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_the_nearest_word)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "devices/accelerator_table.h"

#include <stdio.h>
#include <string.h>

#define NPU ACCELERATOR_NPU
#define GPU ACCELERATOR_GPU
/* clang-format off */
#define NO_CLAIM {0, 0, NULL, false, NULL}
/* clang-format on */

const struct accelerator_device accelerator_devices[] = {
#include "devices/accelerator_devices.inc"
};
const size_t accelerator_device_count = sizeof accelerator_devices / sizeof *accelerator_devices;

const struct accelerator_stack accelerator_stacks[] = {
#include "devices/accelerator_stacks.inc"
};
const size_t accelerator_stack_count = sizeof accelerator_stacks / sizeof *accelerator_stacks;

bool accelerator_next_word(const char **list, const char *signs, char *word, size_t size)
{
    size_t length;

    *list += strspn(*list, signs);
    length = strcspn(*list, signs);
    snprintf(word, size, "%.*s", (int)length, *list);
    *list += length;
    return length > 0;
}

/* Equal, or a beginning that ends before a colon: "8086:7d1d" of "8086:7d1d:04". */
static bool begins(const char *text, const char *beginning)
{
    size_t length = strlen(beginning);

    return text && strncmp(text, beginning, length) == 0 && (!text[length] || text[length] == ':');
}

static bool has_word(const char *words, const char *wanted)
{
    char word[96];

    while (words && accelerator_next_word(&words, " ", word, sizeof word))
        if (strcmp(word, wanted) == 0)
            return true;
    return false;
}

static bool part_holds(const char *part, const struct accelerator_identity *identity)
{
    const char *colon = strchr(part, ':'), *value = colon ? colon + 1 : "";

    switch (part[0]) {
    case 'p':
        return begins(identity->pci, value);
    case 'c':
        return identity->class && strncmp(identity->class, value, strlen(value)) == 0;
    case 'o':
        return has_word(identity->compatible, value);
    case 's':
        return identity->soc && strcmp(identity->soc, value) == 0;
    case 'b':
        return has_word(identity->board, value);
    case 'n':
        return identity->node && strcmp(identity->node, value) == 0;
    default:
        return false;
    }
}

bool accelerator_matches(const char *match, const struct accelerator_identity *identity)
{
    char word[160], part[96];

    while (accelerator_next_word(&match, " ", word, sizeof word)) {
        const char *parts = word;
        bool all = true;

        while (all && accelerator_next_word(&parts, "&", part, sizeof part))
            all = part_holds(part, identity);
        if (all)
            return true;
    }
    return false;
}

const struct accelerator_device *accelerator_find(const struct accelerator_identity *identity)
{
    for (size_t i = 0; i < accelerator_device_count; i++)
        if (accelerator_matches(accelerator_devices[i].match, identity))
            return &accelerator_devices[i];
    return NULL;
}

const struct accelerator_stack *accelerator_stack_of(const char *driver)
{
    for (size_t i = 0; i < accelerator_stack_count; i++)
        if (strcmp(accelerator_stacks[i].driver, driver) == 0)
            return &accelerator_stacks[i];
    return NULL;
}

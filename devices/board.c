#include "devices/board.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/tree.h"

/* What makers leave in fields that they did not fill in. */
static bool is_filler(const char *text)
{
    static const char *const fillers[] = {"To be filled by O.E.M.",
                                          "To Be Filled By O.E.M.",
                                          "Default string",
                                          "System Product Name",
                                          "System manufacturer",
                                          "Not Specified",
                                          "Not Applicable",
                                          "O.E.M.",
                                          "INVALID"};

    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        if (strcmp(text, fillers[i]) == 0)
            return true;
    return false;
}

static void read_field(const char *root, const char *field, char *text, size_t size)
{
    char path[64];

    snprintf(path, sizeof path, "sys/class/dmi/id/%s", field);
    if (tree_read_line(root, path, text, size) && is_filler(text))
        text[0] = '\0';
}

static void read_device_tree(struct board *board, const char *root)
{
    ssize_t length = tree_read(root, "proc/device-tree/compatible", board->compatible, sizeof board->compatible);

    for (ssize_t i = 0; i + 1 < length; i++)
        if (!board->compatible[i])
            board->compatible[i] = board->compatible[i + 1] ? ' ' : '\0';
    if (!board->product[0] && tree_read_line(root, "proc/device-tree/model", board->product, sizeof board->product))
        snprintf(board->source, sizeof board->source, "proc/device-tree/model");
}

static void read_android(struct board *board, const char *root)
{
    static const char path[] = "system/build.prop";
    char maker[48] = "", model[48] = "";
    int problem;
    char *text = tree_read_all(root, path, &problem);

    if (!text)
        return;
    if (!board->product[0]) {
        tree_find_property(text, "ro.product.manufacturer", board->vendor, sizeof board->vendor);
        tree_find_property(text, "ro.product.model", board->product, sizeof board->product);
        snprintf(board->source, sizeof board->source, "%s", path);
    }
    tree_find_property(text, "ro.soc.manufacturer", maker, sizeof maker);
    tree_find_property(text, "ro.soc.model", model, sizeof model);
    snprintf(board->soc, sizeof board->soc, "%s%s%s", maker, *maker && *model ? " " : "", model);
    free(text);
}

void board_read(struct board *board, const char *root)
{
    *board = (struct board){.source = ""};
    read_field(root, "sys_vendor", board->vendor, sizeof board->vendor);
    read_field(root, "product_name", board->product, sizeof board->product);
    read_field(root, "board_name", board->name, sizeof board->name);
    read_field(root, "bios_version", board->firmware_version, sizeof board->firmware_version);
    read_field(root, "bios_date", board->firmware_date, sizeof board->firmware_date);
    if (board->product[0])
        snprintf(board->source, sizeof board->source, "sys/class/dmi/id");
    read_device_tree(board, root);
    read_android(board, root);
}

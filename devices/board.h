/* Which board or product this is, as firmware tells. Serial numbers, UUIDs and asset tags are never read. */
#ifndef POCKETMARK_DEVICES_BOARD_H
#define POCKETMARK_DEVICES_BOARD_H

/* Unknown texts are empty. */
struct board {
    char vendor[96], product[128], name[96]; /* maker, product, main board */
    char firmware_version[96], firmware_date[32];
    char compatible[256]; /* the device tree's words, most special first, spaces between them */
    char soc[96];         /* system on a chip, where Android names it */
    char source[48];      /* folder or file that told the product; empty: none */
};

/* DMI (sys/class/dmi/id), else the device tree, else Android's build properties. root NULL: "/". */
void board_read(struct board *board, const char *root);

#endif

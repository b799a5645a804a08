#include "reports/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20 };

/* A file from this size on would push other things out of the page cache. */
static const off_t LARGE_FILE_BYTES = 64 << 20;

static void digest_print(const unsigned char bytes[DIGEST_BYTES], char hex[DIGEST_HEX])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < DIGEST_BYTES; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[DIGEST_HEX - 1] = '\0';
}

bool digest_raw(const void *bytes, size_t count, unsigned char digest[DIGEST_BYTES])
{
    return EVP_Digest(bytes, count, digest, NULL, EVP_sha256(), NULL) == 1;
}

void digest_bytes(const void *bytes, size_t count, char hex[DIGEST_HEX])
{
    unsigned char digest[DIGEST_BYTES];

    hex[0] = '\0';
    if (digest_raw(bytes, count, digest))
        digest_print(digest, hex);
}

/* Feeds the rest of the file to the context; false with errno set where it cannot be read. */
static bool digest_feed(EVP_MD_CTX *context, int file, off_t size, unsigned char *chunk)
{
    off_t done = 0;

    for (;;) {
        ssize_t got = read(file, chunk, CHUNK_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        if (EVP_DigestUpdate(context, chunk, (size_t)got) != 1) {
            errno = ENOMEM;
            return false;
        }
        if (size >= LARGE_FILE_BYTES)
            posix_fadvise(file, done, got, POSIX_FADV_DONTNEED);
        done += got;
    }
}

enum status digest_file(const char *path, char hex[DIGEST_HEX], struct error *error)
{
    unsigned char digest[DIGEST_BYTES], *chunk = malloc(CHUNK_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum status status = STATUS_OK;
    int file = -1;
    struct stat about;

    hex[0] = '\0';
    if (!chunk || !context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        status = error_set(error, STATUS_MEMORY, "%s: no memory to compute its SHA-256", path);
        goto out;
    }
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) != 0) {
        status = error_set(error, STATUS_IO, "%s: cannot open: %s", path, strerror(errno));
        goto out;
    }
    posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (!digest_feed(context, file, about.st_size, chunk)) {
        status = error_set(error, STATUS_IO, "%s: cannot read: %s", path, strerror(errno));
        goto out;
    }
    if (EVP_DigestFinal_ex(context, digest, NULL) != 1) {
        status = error_set(error, STATUS_FAILED, "%s: SHA-256 could not be computed", path);
        goto out;
    }
    digest_print(digest, hex);
out:
    if (file >= 0)
        close(file);
    EVP_MD_CTX_free(context);
    free(chunk);
    return status;
}
